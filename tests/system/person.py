"""A person with a browser of their own, for whom a form is what the page shows: its hidden fields are sent back as they came."""
from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from lxml import html
from werkzeug.datastructures import MultiDict

from tests.conftest import client_of

Upload = tuple[bytes, str]
"""Content and file name."""


@dataclass(frozen=True)
class Page:
    """What came back, after redirects were followed. `path` is where one ended."""

    path: str
    status: int
    headers: Mapping[str, Any]
    body: bytes
    way: tuple[bytes, ...] = ()

    @property
    def text(self) -> str:
        return self.body.decode()

    @cached_property
    def document(self) -> html.HtmlElement:
        return html.document_fromstring(self.text)

    @property
    def shown(self) -> str:
        """The words on the page, blanks made single."""
        return " ".join(self.document.text_content().split())

    def links(self, part: str = "") -> list[str]:
        """The addresses on the page that hold `part`, each once, in order."""
        found = (urlsplit(urljoin(self.path, link.get("href"))) for link in self.document.iter("a") if link.get("href"))
        paths = [each.path + (f"?{each.query}" if each.query else "") for each in found if not each.netloc]
        return [path for path in dict.fromkeys(paths) if part in path]

    def by_id(self, id_: str) -> str:
        """The words of one element."""
        return str(self.document.get_element_by_id(id_).text_content()).strip()


class Person:
    """One browser. `everything` keeps each answer this person was ever given, `sent` each form they filled in, with its address."""

    def __init__(self, app: Flask, name: str) -> None:
        self.name = name
        self.everything: list[Page] = []
        self.sent: list[tuple[str, MultiDict[str, Any]]] = []
        self._client = client_of(app)

    def get(self, path: str, *, follows: bool = True) -> Page:
        return self._opened(path, follows=follows)

    def post(self, path: str, fields: Mapping[str, Any], *, follows: bool = True) -> Page:
        return self._opened(path, follows=follows, method="POST", data=MultiDict(fields), content_type="multipart/form-data")

    def submit(self, page: Page, press: tuple[str, str] | None = None, *, at: str = "", uploads: Mapping[str, list[Upload]] | None = None,
               **fields: Any) -> Page:
        """Fill in a form of the page and send it: the one with all the fields (or button) named. None takes a tick out.

        `press` is the name and value of the button; `at` a part of the form's address where several have the same fields.
        Raises LookupError when the page has no such form or field.
        """
        form = _form_with(page, {*fields, *(uploads or {}), *([press[0]] if press else [])}, at)
        values = _as_it_stands(form)
        for name, value in fields.items():
            values.poplist(name)
            given = value if isinstance(value, list) else [] if value is None else [value]
            values.setlist(name, [str(each) for each in given])
        for name, files in (uploads or {}).items():
            values.setlist(name, [(io.BytesIO(content), filename) for content, filename in files])
        if press:
            values.add(*press)
        self.sent.append((urljoin(page.path, form.get("action") or page.path), values.copy()))
        target = urljoin(page.path, form.get("action") or page.path)
        return self.post(target, values)

    def sign_in(self, login: str, password: str) -> Page:
        page = self.get("/sign-in")
        return self.submit(page, login=login, password=password)

    def _opened(self, path: str, *, follows: bool, **details: Any) -> Page:
        """Each answer on the way is kept, redirects too: they carry cookies and addresses."""
        way: list[bytes] = []
        response = self._client.open(path, **details)
        while True:
            head = f"{response.status}\n{response.headers}".encode()
            page = Page(response.request.full_path.rstrip("?"), response.status_code, response.headers, response.data, (*way, head))
            self.everything.append(page)
            response.close()
            if not (follows and response.location and 300 <= response.status_code < 400):
                return page
            way.append(head)
            response = self._client.get(urljoin(path, response.location))


def _form_with(page: Page, names: set[str], at: str) -> html.FormElement:
    for form in page.document.forms:
        known = {each.get("name") for each in form.iter("input", "select", "textarea", "button")}
        if names <= known and at in (form.get("action") or page.path):
            return form
    raise LookupError(f"no form with {sorted(names)} on {page.path}:\n{page.shown[:800]}")


def _as_it_stands(form: html.FormElement) -> MultiDict[str, Any]:
    """What a browser would send if nothing were changed; files and buttons left out."""
    values: MultiDict[str, Any] = MultiDict()
    for field in form.iter("input", "select", "textarea"):
        name, kind = field.get("name"), field.get("type", "text")
        if not name or field.get("disabled") is not None:
            continue
        if field.tag == "textarea":
            values.add(name, field.text or "")
        elif field.tag == "select":
            for value in field.value if field.multiple else [field.value]:
                values.add(name, value or "")
        elif kind in ("checkbox", "radio"):
            if field.get("checked") is not None:
                values.add(name, field.get("value", "on"))
        elif kind not in ("file", "submit", "button", "image"):
            values.add(name, field.get("value", ""))
    return values
