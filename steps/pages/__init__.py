"""How every page for a reader is drawn: static HTML with inline CSS and SVG, and no script."""
