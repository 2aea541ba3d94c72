"""Brings whole segments of the prediction log to a store, from a process of its own."""
