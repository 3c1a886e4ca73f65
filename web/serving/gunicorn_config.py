"""gunicorn behind nginx: gunicorn --config python:web.serving.gunicorn_config wsgi:application

As many processes and threads as the settings say. nginx in front buffers slow uploads before passing them on, which gunicorn's threads
cannot do; without nginx use `langbiang serve`, whose server does that itself. SIGTERM and SIGHUP let requests in flight end first.
"""

import gc
from typing import Any

from casework.errors import CaseworkError
from web.config import Config, SettingRefused, StartRefused
from web.request_log import write_log
from web.schema_check import refuse_missing_database
from web.server_processes import count_together, forget_process
from web.serving.server import FINISH_SECONDS, listen_address

gc.set_threshold(50_000, 20, 100)  # as in langbiang.py; inherited by the forked processes
try:
    _config = Config.from_environment()
    refuse_missing_database(_config)
except (SettingRefused, StartRefused, CaseworkError) as refusal:
    raise SystemExit(str(refusal)) from None  # as in `langbiang serve`: a sentence, and nothing is created
if _config.processes > 1:
    count_together(_config.data / "metrics" / str(_config.port))

bind = listen_address(_config)
worker_class = "web.serving.gunicorn_worker.Worker"
workers = _config.processes
threads = _config.threads
timeout = 120
graceful_timeout = FINISH_SECONDS
keepalive = 75
"""Longer than nginx keeps an idle connection, so that no request meets one that is just being closed."""

forwarded_allow_ips = "*"
"""The application itself judges what a proxy says of the visitor (web.http.security); it trusts a proxy only where BASE_URL is https."""

forwarder_headers = ""
"""None of them names the path either: only BASE_URL does. By default gunicorn would take SCRIPT_NAME and PATH_INFO from any header."""

preload_app = False
accesslog = None
control_socket_disable = True


def post_fork(_server: Any, worker: Any) -> None:
    """Give each process a log of its own."""
    write_log(_config.log, f"serve-{_config.port}-{worker.age}")


def child_exit(_server: Any, worker: Any) -> None:
    """As in `langbiang serve`: its connections are gone, its counts stay."""
    forget_process(worker.pid)
