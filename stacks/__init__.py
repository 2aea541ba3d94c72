"""Where a run happens: stack files and the code that makes them true."""
