"""Predictions for a whole table."""
