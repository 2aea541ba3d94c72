"""Completion of the command line's words in a shell.

words.py    what can follow what, read from the commands' own grammar
command.py  the script for one shell
shells/     what each shell does with these words
"""
