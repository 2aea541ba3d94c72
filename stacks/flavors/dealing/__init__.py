"""What orchestrators of containers share: which steps share one, how it begins, how a run ends."""
