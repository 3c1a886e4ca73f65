"""Request metrics of each server process for Prometheus: by route rule instead of address, and without anything about the person.

With several processes on one port, each counts in files of its own in the folder PROMETHEUS_MULTIPROC_DIR, and whichever is asked reports
the sum: `langbiang serve` and web/serving/gunicorn_config.py set it (web/server_processes.py), other servers must be started with it. The
library reads it when it is imported.
"""

import os
from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import QueuePool

from casework.db import db
from web.server_processes import COUNTED_IN

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "-"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10)
STATEMENTS = (0, 2, 5, 10, 20, 40, 80, 160)

OWN = CollectorRegistry()
REQUESTS = Counter("langbiang_http_requests", "Requests answered.", ["route", "method", "status"], registry=OWN)
TIME = Histogram("langbiang_http_request_seconds", "Time to the answer, without sending it.", ["route"], buckets=SECONDS, registry=OWN)
SENT = Histogram(
    "langbiang_http_request_statements", "SQL statements of a request, without transaction control.", ["route"], buckets=STATEMENTS,
    registry=OWN,
)  # fmt: skip
CONNECTIONS = Gauge(
    "langbiang_database_connections_in_use", "Connections of the pools of these server processes that are lent.", registry=OWN,
    multiprocess_mode="livesum",
)  # fmt: skip
ROOM = Gauge(
    "langbiang_database_connections_allowed", "Connections those pools may have.", registry=OWN, multiprocess_mode="livesum"
)
PAGES = Counter("langbiang_public_pages_read", "Public pages, by the database they were read from.", ["place"], registry=OWN)


def install(app: Flask) -> None:
    app.after_request(_count)


def registry() -> CollectorRegistry:
    """The registry to read: of this process, or of all that count together."""
    if COUNTED_IN not in os.environ:
        return OWN
    together = CollectorRegistry()
    MultiProcessCollector(together)
    return together


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else UNKNOWN
    method = request.method if request.method in METHODS else UNKNOWN
    REQUESTS.labels(route, method, str(response.status_code)).inc()
    TIME.labels(route).observe(perf_counter() - g.get("began", perf_counter()))
    SENT.labels(route).observe(g.get("statements", 0))
    pool = db.engine.pool
    if isinstance(pool, QueuePool):
        CONNECTIONS.set(pool.checkedout())
        ROOM.set(pool.size() + pool._max_overflow)
    return response
