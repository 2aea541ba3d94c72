"""The words of each command, by what they are about."""
