"""The public pages of a large installation, read by guests while its steps are done.

Each request names its kind of page in its id (X-Request-Id), so the server's log gives the time of each kind, although a list, a filtered
list and a search share one route.
"""

import http.client
import threading
from collections.abc import Iterable, Mapping
from time import sleep
from typing import Any

from sqlalchemy import select

from benchmark.figures import Figure, share_below
from benchmark.visitors import TIMEOUT_SECONDS, at_pace
from casework.db import db
from casework.models import Area, Case, Field, SearchRow
from casework.public.filters import is_shown

PER_SECOND = 8.0
MOST_CASES = 200
MARK = "public."

AIMS = {
    "list": 20, "list, filtered": 20, "list, deep": 20, "case": 20, "search, common": 50, "search, rare": 50, "search in a commune": 50,
    "points": 50, "feed": 50, "transparency": 50,
}  # fmt: skip
"""Milliseconds in the server at the 95th percentile."""

Addresses = Mapping[str, list[str]]


def public_addresses() -> Addresses:
    """The addresses guests request, by kind of page: cases of all ages, words half of all cases contain and words only one does."""
    shown = select(Case.code).where(is_shown(), Case.is_public).order_by(Case.id.desc())
    newest = list(db.session.scalars(shown.limit(MOST_CASES // 2)))
    oldest = list(db.session.scalars(select(Case.code).where(is_shown(), Case.is_public).order_by(Case.id).limit(MOST_CASES // 2)))
    places = select(Area.ref).where(Area.id.in_(select(Case.area_id).order_by(Case.id.desc()).limit(50)))
    areas, fields = list(db.session.scalars(places)), list(db.session.scalars(select(Field.service_code).distinct()))
    rare = select(SearchRow.exact_words).where(SearchRow.audience == "public").order_by(SearchRow.id.desc()).limit(50)
    return {
        "list": ["/reports"],
        "list, filtered": [
            *(f"/reports?area={area}&field={field}" for area in areas for field in fields), "/reports?late=late", "/reports?state=received",
            "/reports?state=in-progress&urgency=urgent", "/reports?from=2026-01-01&to=2026-03-31",
        ],
        "list, deep": [f"/reports?after={code}" for code in oldest],
        "case": [f"/reports/{code}" for code in (*newest, *oldest)],
        "search, common": ["/reports?q=duong", "/reports?q=%C4%91%C6%B0%E1%BB%9Dng", "/reports?q=rac+suoi", "/reports?q=d"],
        "search, rare": [f"/reports?q={words.split()[0]}" for words in db.session.scalars(rare)] or ["/reports?q=khongco"],
        "search in a commune": [f"/reports?q=duong&area={area}" for area in areas],
        "points": ["/reports/points.json", "/reports/points.json?state=answered"],
        "feed": ["/reports.atom", "/reports.atom?state=answered"],
        "transparency": ["/transparency"],
    }  # fmt: skip


def read_public_pages(port: int, addresses: Addresses, seconds: int) -> None:
    """Read the kinds in turn, PER_SECOND pages together, and each kind once beforehand to fill the caches."""
    stop, lock, turns = threading.Event(), threading.Lock(), iter(range(10**9))
    hands = threading.local()
    for kind, paths in addresses.items():
        _read(hands, port, "warm-up.", list(addresses).index(kind), paths[0])

    def read() -> None:
        with lock:
            turn = next(turns)
        kind = list(addresses)[turn % len(addresses)]
        paths = addresses[kind]
        _read(hands, port, f"{MARK}{turn % len(addresses):02}.", turn, paths[turn // len(addresses) % len(paths)])

    threads = at_pace(read, per_second=PER_SECOND, hands=2, until=stop)
    sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join(timeout=TIMEOUT_SECONDS)


def public_figures(requests: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Server time of each kind of page; nothing if its pages were not there."""
    times = {kind: [each["ms"] for each in found] for kind, found in _by_kind(requests).items()}
    measured = {kind: share_below(found, 95) for kind, found in times.items()}
    return [Figure(f"public {kind}, server time, p95", measured[kind], "ms", AIMS[kind], len(times[kind])) for kind in AIMS]


def public_times(requests: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The same with medians and statements."""
    return {
        kind: {
            "requests": len(found), "p50_ms": share_below([each["ms"] for each in found], 50) or 0.0,
            "p95_ms": share_below([each["ms"] for each in found], 95) or 0.0, "statements_max": max(each["statements"] for each in found),
        }
        for kind, found in _by_kind(requests).items()
        if found
    }  # fmt: skip


def _by_kind(requests: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in AIMS}
    for each in requests:
        if each.get("what") == "request" and str(each.get("request", "")).startswith(MARK) and each["status"] == 200:
            found[list(AIMS)[int(each["request"].split(".")[1])]].append(each)
    return found


def _read(hands: threading.local, port: int, mark: str, turn: int, path: str) -> None:
    """One request on this thread's connection. A page that fails is not counted."""
    connection = getattr(hands, "connection", None) or http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    hands.connection = connection
    try:
        connection.request("GET", path, headers={"User-Agent": "langbiang benchmark", "X-Request-Id": f"{mark}{turn:08}"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        connection.close()
        hands.connection = None
