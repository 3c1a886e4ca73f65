"""Compresses responses with gzip, which every browser takes: on a weak mobile signal a form is then 40 KB instead of 160.

Static files are compressed once and cached, our own without their comments and indents; for browsers that read it with Brotli, an eighth
less. Large ones come precompressed with it (`.br`). Pages are compressed only where they are for everybody and nobody is signed in or has
opened a report by its secret: next to words from the request, the length of a compressed page would reveal what else is on it (the BREACH
attack). The only secret on those pages is the form token, which is signed anew for each response. Compressed as well are responses that
contain nothing from the request and nothing secret from those who may ask. A proxy in front may compress static files itself but must not
compress pages.
"""

import gzip
import re
from functools import lru_cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]
from flask import Flask, Response, current_app, g, request, session

from web.guards import TRACKED_KEY
from web.http.static_files import STATIC
from web.sessions import COOKIE

TYPES = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml",
                   "application/manifest+json", "text/csv", "application/atom+xml", "application/geo+json"})  # fmt: skip
LEAST_BYTES = 600
"""Anything smaller fits in one packet anyway."""

PAGE_LEVEL, FILE_LEVEL = 5, 9
SELDOM = frozenset({"studio_editor.source"})
"""Large responses asked for once an hour: a whole model. They are compressed like files."""
COMMENTS = {
    "css": re.compile(rb"/\*.*?\*/\n?", re.DOTALL),
    "js": re.compile(rb"^ *(?://.*\n|/\*\*(?:[^*]|\*(?!/))*\*/ *\n)", re.MULTILINE),
}
"""By the folder of our own files: whole comments, in scripts those that fill lines. They are a tenth of what is sent, and nobody reads them
there; third-party files keep theirs, which contain their licences."""

INDENTS = re.compile(rb"^ +", re.MULTILINE)
"""Of our own files too, unless a script writes text over several lines (`…`), where they may be part of it."""

MOST_KEPT = 256
FOR_EVERYBODY = ("public", "transparency", "offline")
"""Prefixes of blueprints whose pages contain nothing about the person asking."""

FORM = "filing.new_report"
ECHO_NOTHING = ("studio_editor.source", "maps.areas", "maps.sketch")
"""Responses that contain neither words from the request nor a token: what the model editor reads, and the ground of maps."""


def install(app: Flask) -> None:
    """Compress what may be compressed, after everything else was done to a response."""
    app.after_request(_press)


def _press(response: Response) -> Response:
    if response.mimetype not in TYPES or response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
    if g.get("is_of_door"):
        return response  # for programs, by marks that stay strong and without a look at the session
    is_file = request.endpoint == STATIC
    if not is_file and not _may_be_pressed(response):
        return response
    response.vary.add("Accept-Encoding")
    takes = request.accept_encodings.quality
    if not takes("gzip") or request.method != "GET":
        return response
    coding = "gzip"
    if is_file:
        path = Path(current_app.static_folder or "") / (request.view_args or {}).get("filename", "")
        better = path.with_name(f"{path.name}.br")
        if takes("br") and better.is_file():
            coding, pressed = "br", better.read_bytes()
        else:
            coding = "br" if takes("br") else "gzip"
            pressed = _pressed_file(str(path), path.stat().st_mtime_ns, coding)
        response.direct_passthrough = False
        if pressed is not None:
            response.close()
    else:
        data = response.get_data()
        level = FILE_LEVEL if request.endpoint in SELDOM else PAGE_LEVEL
        pressed = gzip.compress(data, level, mtime=0) if len(data) >= LEAST_BYTES else None
    if pressed is None:
        return response
    response.set_data(pressed)
    response.headers["Content-Encoding"] = coding
    if response.headers.get("ETag"):
        tag, _is_weak = response.get_etag()
        response.set_etag(tag or "", weak=True)
    return response


def _may_be_pressed(response: Response) -> bool:
    """See the module: a page for everybody, while nobody is signed in or has opened a report; or a response that repeats nothing."""
    if response.direct_passthrough or request.method != "GET":
        return False
    if request.endpoint in ECHO_NOTHING:
        return True
    if not (request.blueprint or "").startswith(FOR_EVERYBODY) and request.endpoint != FORM:
        return False
    return COOKIE not in request.cookies and not session.get(TRACKED_KEY)


@lru_cache(maxsize=MOST_KEPT)
def _pressed_file(path: str, _changed: int, coding: str) -> bytes | None:
    data = _as_sent(Path(path))
    if len(data) < LEAST_BYTES:
        return None
    return bytes(brotli.compress(data)) if coding == "br" else gzip.compress(data, FILE_LEVEL, mtime=0)


def _as_sent(path: Path) -> bytes:
    """Our own files without comments and indents, others as they are."""
    data = path.read_bytes()
    folder = next((each for each in path.relative_to(current_app.static_folder or "/").parts[:1] if each in COMMENTS), None)
    if folder is None:
        return data
    data = COMMENTS[folder].sub(b"", data)
    return data if b"`" in data else INDENTS.sub(b"", data)
