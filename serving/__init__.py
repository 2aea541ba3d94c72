"""What answers requests, with no training package imported."""
