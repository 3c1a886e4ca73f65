"""How many jobs a process runs at a time, and how many connections to the database that takes. Read by every process that starts: nothing
else is imported here."""

QUICK_AT_ONCE = 9
"""Threads for the jobs somebody waits for (web.watching.jobs.QUICK), one for each."""
OTHERS_AT_ONCE = 10
WITH_A_SECOND = 2
"""Jobs that hold a second connection: who makes files tells how far it has come, who writes an anchor holds a lock."""
WATCHER = 1
"""The thread that tells how jobs went."""

CONNECTIONS = QUICK_AT_ONCE + OTHERS_AT_ONCE + WITH_A_SECOND + WATCHER
KEPT = 5
"""Of these, how many stay open: few jobs are at work at one moment."""
