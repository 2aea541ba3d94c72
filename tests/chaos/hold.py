"""Holds a SQLite database so that nobody else writes to it: `python hold.py DATABASE PIDFILE`.

It returns once the database is held, by a process that goes on until it is killed.
"""

import os
import sqlite3
import sys
import time
from pathlib import Path


def main(database: str, pid_file: str) -> None:
    """Hold it in a process of its own, which writes its id down once it has the lock."""
    if child := os.fork():
        while not Path(pid_file).exists():
            time.sleep(0.01)
            if os.waitpid(child, os.WNOHANG)[0]:
                sys.exit(f"{database} could not be held")
        return
    connection = sqlite3.connect(database, isolation_level=None, timeout=30)
    connection.execute("begin immediate")
    draft = Path(f"{pid_file}.draft")
    draft.write_text(str(os.getpid()))
    draft.rename(pid_file)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
