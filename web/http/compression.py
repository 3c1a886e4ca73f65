"""Answers made small for the way, with gzip, which every browser takes: where there is one bar of signal a form is 25 KB and not 100.

Static files are pressed once and kept, our own without their comments; beside a large one stands what a better press made of it
(`.br`), for browsers that read that. Pages are pressed only where they are for everybody and nobody is signed in, nor has opened a
report by its secret: beside words of the person who asks the length of a pressed page would tell what else stands on it (the attack
called BREACH). All that is secret on those is the token of their forms, and that is signed anew for each answer. Pressed, too, is what
holds nothing of the question and nothing that is secret from who may ask. A proxy in front may press static files itself and is not to
press pages.
"""

import gzip
import re
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, session

from web.guards import TRACKED_KEY
from web.http.static_files import STATIC
from web.sessions import COOKIE

TYPES = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml",
                   "application/manifest+json", "text/csv", "application/atom+xml"})  # fmt: skip
LEAST_BYTES = 600
"""Below that one packet carries it anyway."""

PAGE_LEVEL, FILE_LEVEL = 5, 9
SELDOM = frozenset({"studio_editor.source"})
"""Answers that are large and asked for once an hour: a whole model. They are pressed as files are."""
COMMENTS = {
    "css": re.compile(rb"/\*.*?\*/\n?", re.DOTALL),
    "js": re.compile(rb"^ *(?://.*\n|/\*\*(?:[^*]|\*(?!/))*\*/ *\n)", re.MULTILINE),
}
"""By the folder of our own files: whole comments, of scripts those that fill lines. They are a tenth of what is sent, and nobody reads
them there; the files of others keep theirs, which name their licences."""

MOST_KEPT = 128
FOR_EVERYBODY = ("public", "transparency", "offline")
"""How the names of blueprints begin whose pages say nothing of the person who asks."""

FORM = "filing.new_report"
ECHO_NOTHING = ("studio_editor.source",)
"""Answers for staff with neither words of the question nor a token in them: what the editor of a model reads."""


def install(app: Flask) -> None:
    """Press what may be pressed, last of all that is done to an answer."""
    app.after_request(_press)


def _press(response: Response) -> Response:
    if response.mimetype not in TYPES or response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
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
            pressed = _pressed_file(str(path), path.stat().st_mtime_ns)
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
    """See above: a page for everybody, and nobody there."""
    if response.direct_passthrough or request.method != "GET":
        return False
    if request.endpoint in ECHO_NOTHING:
        return True
    if not (request.blueprint or "").startswith(FOR_EVERYBODY) and request.endpoint != FORM:
        return False
    return COOKIE not in request.cookies and not session.get(TRACKED_KEY)


@lru_cache(maxsize=MOST_KEPT)
def _pressed_file(path: str, _changed: int) -> bytes | None:
    data = _without_comments(Path(path))
    return gzip.compress(data, FILE_LEVEL, mtime=0) if len(data) >= LEAST_BYTES else None


def _without_comments(path: Path) -> bytes:
    data = path.read_bytes()
    folder = next((each for each in path.relative_to(current_app.static_folder or "/").parts[:1] if each in COMMENTS), None)
    return COMMENTS[folder].sub(b"", data) if folder is not None else data
