"""One unit of work each, in functions that need no ZenML to test."""
