"""The cost of public pages and a large photo in this process, with nobody else at work in the installation.

Processor time is nearly the same on a shared machine; for what guests wait for while the crew works see benchmark/guests.py. On PostgreSQL
the database's own work is not included.
"""

import io
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from time import perf_counter, thread_time
from typing import Any

from flask import Flask
from PIL import Image

from benchmark.figures import share_below
from casework.photos.images import accept_photo

ASKED = 60
"""Pages of each kind, and of the list read while photos are accepted."""
PHOTOS = 4
PHOTO_SIZE = (4_000, 3_000)
"""Twelve megapixels."""


def public_pages_alone(app: Flask, addresses: Mapping[str, list[str]]) -> dict[str, dict[str, float]]:
    """Request ASKED pages of each kind, from all over its addresses, and return their times."""
    client = app.test_client()
    found = {}
    for kind, paths in addresses.items():
        client.get(paths[0])
        passed, spent = [], []
        for turn in range(ASKED):
            path = paths[turn % len(paths) if len(paths) < ASKED else turn * len(paths) // ASKED]
            took, used, answer = _timed(partial(client.get, path))
            if answer.status_code == HTTPStatus.OK:
                passed.append(took)
                spent.append(used)
        found[kind] = {"requests": len(spent), **_shares("processor", spent), **_shares("passed", passed)}
    return found


def photos_beside_pages(app: Flask) -> dict[str, float]:
    """Accept PHOTOS photos of twelve megapixels one after the other while the list is read, and return both times."""
    data = _large_photo()
    client = app.test_client()
    client.get("/reports")
    alone = [_timed(lambda: client.get("/reports"))[0] for _ in range(ASKED)]
    photos: list[tuple[float, float]] = []

    def accept() -> None:
        photos.extend(_timed(lambda: accept_photo(data, "a.jpg"))[:2] for _ in range(PHOTOS))

    thread = threading.Thread(target=accept)
    thread.start()
    beside = []
    while thread.is_alive():
        beside.append(_timed(lambda: client.get("/reports"))[0])
    thread.join()
    return {
        "photos": len(photos), "photo_least_s": round(min(took for took, _ in photos) / 1000, 2),
        "photo_most_s": round(max(took for took, _ in photos) / 1000, 2),
        "photo_processor_s": round(min(used for _, used in photos) / 1000, 2),
        "lists_beside": len(beside), **_shares("list_alone", alone), **_shares("list_beside", beside),
        "list_beside_most_ms": round(max(beside), 1),
    }  # fmt: skip


def _timed(act: Callable[[], Any]) -> tuple[float, float, Any]:
    """Elapsed milliseconds, processor milliseconds of this thread, and the result."""
    begun, used = perf_counter(), thread_time()
    came = act()
    return (perf_counter() - begun) * 1000, (thread_time() - used) * 1000, came


def _shares(name: str, times: list[float]) -> dict[str, float]:
    return {f"{name}_p50_ms": share_below(times, 50) or 0.0, f"{name}_p95_ms": share_below(times, 95) or 0.0}


def _large_photo() -> bytes:
    """Noise: no camera's picture is larger."""
    kept = io.BytesIO()
    Image.effect_noise((1_000, 750), 60).resize(PHOTO_SIZE).convert("RGB").save(kept, "JPEG", quality=90)
    return kept.getvalue()
