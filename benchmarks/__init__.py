"""Side-by-side measurements; `make bench` runs them and writes the README's table."""
