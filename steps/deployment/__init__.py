"""From a champion to an answer."""
