"""What each word of the command line does; a command imports what it needs when it runs."""
