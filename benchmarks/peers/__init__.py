"""The same work, done as it is done elsewhere."""
