"""gunicorn's worker with threads, which also says how long a request waited for one (web/http/overload.py)."""

from time import monotonic
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from web.http.overload import WAITED


class Worker(ThreadWorker):
    """A process whose threads answer."""

    def enqueue_req(self, conn: Any) -> None:
        """Note when the request began to wait."""
        conn.queued_at = monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """In a thread: answer the request."""
        WAITED.set(monotonic() - conn.queued_at)
        return super().handle(conn)
