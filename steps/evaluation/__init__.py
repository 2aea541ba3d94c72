"""Metrics, slices and the gate."""
