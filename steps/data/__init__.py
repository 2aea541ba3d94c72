"""From a source to rows that a model may learn from."""
