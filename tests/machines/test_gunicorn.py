"""gunicorn with the configuration that ships: it answers, and what it has begun it finishes when told to stop."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

from tests.kill.ports import free_port

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 120


def test_a_request_in_flight_is_finished_when_gunicorn_is_told_to_stop(sqlite_environment: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")}
    address = f"http://127.0.0.1:{port}"
    given = own | sqlite_environment | {"LANGBIANG_PORT": str(port), "LANGBIANG_BASE_URL": address}
    slow = "import time, wsgi; app = lambda env, start: (env['PATH_INFO'] == '/slow' and time.sleep(1.5), wsgi.application(env, start))[1]"
    (tmp_path / "slow_wsgi.py").write_text(slow)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:web.gunicorn_config"]
    command += ["--pythonpath", f"{tmp_path},{ROOT}", "slow_wsgi:app"]
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=output, stderr=output)
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(f"{address}/readyz"):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((tmp_path / "output").read_text()[-2000:])
            time.sleep(0.1)
        statuses: list[int] = []
        asking = threading.Thread(target=lambda: statuses.append(httpx.get(f"{address}/slow", timeout=30, verify=False).status_code))
        asking.start()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        asking.join()
        assert statuses == [404]
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, verify=False).status_code == 200
    except httpx.TransportError:
        return False
