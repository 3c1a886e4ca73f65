"""Notes what is sent to the database while a template runs: a page is read before it is rendered."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, before_render_template, template_rendered
from jinja2 import Template
from sqlalchemy import event

from casework.db import db


@contextmanager
def sent_while_rendering(app: Flask) -> Iterator[list[str]]:
    """The statements sent between the start and the end of a template, each with the template's name in front."""
    running: list[str] = []
    sent: list[str] = []

    def starts(_app: Flask, *, template: Template, **_: Any) -> None:
        running.append(template.name or "")

    def ends(_app: Flask, **_: Any) -> None:
        running.pop()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if running:
            sent.append(f"{running[-1]}: {statement}")

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with before_render_template.connected_to(starts, app), template_rendered.connected_to(ends, app):
            yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
