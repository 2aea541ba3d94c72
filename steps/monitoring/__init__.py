"""What the served model saw, against what it learnt from."""
