"""How many jobs a process runs at a time, and how many database connections that takes. Every starting process reads this, so it imports
nothing."""

QUICK_AT_ONCE = 10
"""Threads for jobs that somebody waits for (web.watching.jobs.QUICK), one each."""
OTHERS_AT_ONCE = 10
WITH_A_SECOND = 2
"""Jobs with a second connection: makers of files report progress, and the anchor job holds a lock."""
WATCHER = 1
"""The thread that reports how jobs went."""

CONNECTIONS = QUICK_AT_ONCE + OTHERS_AT_ONCE + WITH_A_SECOND + WATCHER
KEPT = 5
"""How many of these connections stay open, since few jobs work at the same moment."""
