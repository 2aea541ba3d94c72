"""Versions, aliases and why they moved."""
