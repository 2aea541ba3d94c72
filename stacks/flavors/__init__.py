"""The ZenML flavors of this project."""
