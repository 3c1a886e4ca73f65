"""What a hostile hand sends: requests a page would send, with something in them that nobody expects."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, urlencode

from lxml import html
from werkzeug.datastructures import MultiDict

from tests.system.canary import marked_photo
from tests.system.person import Page, _as_it_stands

HOSTILE: tuple[str, ...] = (
    "",
    " ",
    "\t\n",
    "0",
    "-1",
    "1",
    "01",
    "9" * 40,
    "-9223372036854775809",
    "1e309",
    "NaN",
    "Infinity",
    "0x10",
    "١٢٣",
    "²",
    "½",
    "true",
    "null",
    "[]",
    "{}",
    '{"a":',
    "[" * 2000,
    "a,b;c",
    "%s%n%d",
    "{0.__class__}",
    "{{7*7}}",
    "${7*7}",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    '"; DROP TABLE "case"; --',
    "../../../../etc/passwd",
    "..\\..\\",
    "//evil.example/",
    "javascript:alert(1)",
    "/\\evil.example",
    "x\r\nSet-Cookie: a=b",
    "a\0b",
    "\u202e\u2066đảo",
    "\ufeff",
    "\u0000",
    "e\u0301" * 300,
    "👩‍👩‍👧‍👦" * 50,
    "Ạ" * 30_000,
    "=cmd|' /C calc'!A0",
    "2026-02-30",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "2026-03-02T09:00",
    "24:00",
    "99:99",
    "2026-W10",
    "2026-13",
    "11.94,108.43",
    "91,181",
    "1,5",
    "1.000.000",
    "+84912345678",
    "0912",
    "a@b",
    "a@b.c" * 60,
    "(" * 500 + ")" * 500,
    "*",
    "%",
    "_",
    "\\",
    "a" * 300,
    "x y " * 5_000,
    "0000000000000000",
    "LB-2026-000001",
    "LD-2026-999999999999",
    "administrator",
    "operator@1",
    "a:b:c",
    "🕊",
    "𠮷",
)
EDGES: tuple[str, ...] = (
    "²",
    "9" * 19,
    "9" * 5000,
    "-" + "9" * 19,
    "1e309",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "01/01/0001",
    "31/12/9999",
    "0001-01-01T00:00",
    "9999-12-31T23:59",
    "00:00 01/01/0001",
    "23:59 31/12/9999",
    "\0",
)
"""Just beyond what a field can be meant to hold: numbers no column takes, days that lie in no calendar once a zone is added."""
MORE_FIELDS = (
    "id",
    "ref",
    "centre_id",
    "account_id",
    "role",
    "roles",
    "kind",
    "is_admin",
    "status",
    "created_at",
    "password_hash",
    "by",
    "now",
    "case_id",
    "act",
    "next",
    "csrf_token",
    "photos_token",
    "page",
    "q",
    "view",
)
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Accept-Language", ("en", "vi;q=0.x", "*", "x" * 5000)),
    ("Referer", ("https://evil.example/", "::", "/inbox")),
    ("X-Request-Id", ("a" * 5000, "{}", "ok-123456")),
    ("User-Agent", ("", "Mozilla/4.0 (compatible; MSIE 6.0)", "ÿ" * 200)),
    ("Range", ("bytes=0-", "bytes=-1", "bytes=5-2", "bytes=0-0,1-1,2-2", "bytes=99999999999999999999-", "chars=1")),
    ("If-None-Match", ("*", '"x"', 'W/"', "x" * 3000)),
    ("If-Modified-Since", ("yesterday", "Thu, 01 Jan 1970 00:00:00 GMT")),
    ("Accept", ("application/json", "text/*;q=9", "")),
    ("Cookie", ("langbiang_session=x", "langbiang_state=a.b.c", "=;;=;", "a" * 9000)),
    ("X-Langbiang-Device", ("x", "ÿ", "a" * 3000)),
    ("X-Langbiang-Language", ("en", "../", "xx")),
    ("Sec-Fetch-Site", ("cross-site", "same-origin")),
    ("Origin", ("null", "https://evil.example")),
    ("X-Forwarded-For", ("1.2.3.4, 5.6.7.8", "::1", "x")),
    ("Authorization", ("Bearer x", "Basic ÿ")),
    ("Accept-Encoding", ("gzip;q=x", "br", "zstd, *;q=0")),
    ("Last-Event-ID", ("-1",)),
    ("X-Requested-With", ("XMLHttpRequest",)),
)
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE")
JSON_BODIES: tuple[str, ...] = (
    "null",
    "[]",
    "{}",
    "0",
    '"x"',
    '{"owner":"guest"}',
    '{"owner":{}}',
    '{"owner":["guest"]}',
    '{"endpoint":"https://push.example/x","keys":{"p256dh":"x","auth":"y"}}',
    '{"endpoint":1,"keys":[]}',
    '{"keys":{"p256dh":{},"auth":null}}',
    "[" * 5000 + "]" * 5000,
    '{"a":' * 3000 + "1" + "}" * 3000,
    '{"a":1e999}',
    '{"xml":"<a/>","base":"x"}',
    '{"xml":{}}',
    '{"xml":["x"],"number":-1}',
    '{"\\u0000":"\\ud800"}',
    '{"id":"x","response":{"clientDataJSON":"e30"}}',
    "\ufeff{}",
    "{",
)


@dataclass(frozen=True)
class Sent:
    """One request. `files` are (field, name, content, type); `body` takes the place of fields where it is given."""

    method: str
    path: str
    query: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str, bytes, str], ...] = ()
    is_multipart: bool = False
    body: bytes | None = None
    kind: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    cookies: bool = field(default=True)

    def details(self) -> dict[str, Any]:
        """As a test client takes it."""
        headers = [(name, value.encode("latin-1", "replace").decode("latin-1")) for name, value in self.headers]
        told: dict[str, Any] = {"method": self.method, "headers": headers, "query_string": self.query}
        if self.body is not None:
            return {**told, "data": self.body, "content_type": self.kind or None}
        if self.method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            return told
        if self.is_multipart or self.files:
            data: MultiDict[str, Any] = MultiDict(self.fields)
            for name, filename, content, kind in self.files:
                data.add(name, (io.BytesIO(content), filename, kind))
            return {**told, "data": data, "content_type": "multipart/form-data"}
        return {**told, "data": urlencode(self.fields).encode(), "content_type": "application/x-www-form-urlencoded"}

    def told(self) -> str:
        """For whoever looks into it."""
        parts = [f"{self.method} {self.path}?{self.query[:400]}", f"headers {self.headers!r}"[:900], f"fields {self.fields!r}"[:3000]]
        return "\n".join(
            [*parts, f"files {[(each[0], each[1], len(each[2])) for each in self.files]!r}", f"body {(self.body or b'')[:600]!r}"]
        )


def requests_of(page: Page) -> list[Sent]:
    """What may be sent from a page: each form with each of its buttons."""
    found = []
    if "html" not in str(page.headers.get("Content-Type")) or not page.body.strip():
        return found
    for form in page.document.forms:
        path, _, query = (form.get("action") or page.path).partition("?")
        if not path.startswith("/"):
            continue
        values = tuple((name, str(value)) for name, value in _as_it_stands(form).items(multi=True))
        files = tuple(
            (each.get("name"), "a.jpg", b"", "image/jpeg") for each in form.iter("input") if each.get("type") == "file" and each.get("name")
        )
        buttons = [
            (each.get("name"), each.get("value", ""))
            for each in form.iter("button", "input")
            if each.get("name") and (each.tag == "button" or each.get("type") == "submit")
        ]
        options = tuple(
            (each.get("name"), choice) for each in form.iter("select", "input") if each.get("name") for choice in _choices(each)[:6]
        )
        is_get = form.method == "GET"
        for button in buttons or [None]:
            fields = values + ((button,) if button else ()) + (options[:0] if is_get else ())
            more = urlencode(fields) if is_get else query
            found.append(
                Sent(
                    form.method,
                    path,
                    more,
                    () if is_get else fields,
                    () if is_get else files,
                    is_multipart="multipart" in (form.get("enctype") or ""),
                )
            )
            if options and not is_get:
                found.append(replace(found[-1], fields=tuple({**dict(fields), **dict(options)}.items())))
    return found


def _choices(field_: html.HtmlElement) -> list[str]:
    if field_.tag == "select":
        return [each.get("value") or "" for each in field_.iter("option")][1:]
    return [field_.get("value") or "on"] if field_.get("type") in ("radio", "checkbox") else []


def spoilt_files(lot: random.Random) -> tuple[str, bytes, str]:
    """A file of some kind, whole or not."""
    photo = marked_photo()
    name, content, kind = lot.choice(
        (
            ("a.jpg", photo, "image/jpeg"),
            ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(64), "image/png"),
            ("a.pdf", b"%PDF-1.7\n" + b"1 0 obj<<>>" * 50, "application/pdf"),
            ("a.xlsx", b"PK\x03\x04" + bytes(40), "application/vnd.ms-excel"),
            ("a.csv", "tên,mã\n=1+1,\ufeff\n".encode(), "text/csv"),
            ("a.bpmn", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "text/xml"),
            ("a.dmn", b"<definitions/>", "text/xml"),
            ("a.geojson", b'{"type":"FeatureCollection","features":[' + b'{"type":"Feature","geometry":null},' * 9, "application/json"),
            ("a.json", b"[" * 9000, "application/json"),
            ("a.webm", b"\x1aE\xdf\xa3" + bytes(200), "video/webm"),
            ("a.m4a", bytes(4) + b"ftypM4A " + bytes(90), "audio/mp4"),
            ("../../a\\b:c\u202e.jpg", photo, "text/html"),
            ("", photo, ""),
            ("a" * 3000 + ".jpg", b"", "image/jpeg"),
            ("a.jpg", lot.randbytes(3000), "x/y; z=\xff"),
        )
    )
    if content and lot.random() < 0.5:
        spoilt = bytearray(content)
        for _ in range(lot.randint(1, 20)):
            spoilt[lot.randrange(len(spoilt))] = lot.randrange(256)
        content = bytes(spoilt[: lot.randint(1, len(spoilt))])
    return name, content, kind


def names_in(sent: Sent) -> list[str]:
    """Every field of the form and of the address."""
    return list(dict.fromkeys([name for name, _ in sent.fields] + [name for name, _ in parse_qsl(sent.query, keep_blank_values=True)]))


def at_edge(sent: Sent, name: str, value: str) -> Sent:
    """The request as it was with another value in one of its fields."""
    fields = tuple((each, value if each == name else was) for each, was in sent.fields)
    pairs = [(each, value if each == name else was) for each, was in parse_qsl(sent.query, keep_blank_values=True)]
    return replace(sent, fields=fields, query=urlencode(pairs))


def mutated(sent: Sent, lot: random.Random, known: Sequence[str]) -> Sent:
    """The request with one to three things wrong. `known` are values this person has seen in other places."""
    for _ in range(lot.choice((1, 1, 2, 3))):
        sent = lot.choice((_value, _value, _value, _value, _less, _more, _twice, _query, _header, _file, _raw, _json, _method, _path))(
            sent, lot, known
        )
    return sent


def _word(lot: random.Random, known: Sequence[str]) -> str:
    return lot.choice(known) if known and lot.random() < 0.35 else lot.choice(HOSTILE)


def _value(sent: Sent, lot: random.Random, known: Sequence[str]) -> Sent:
    if not sent.fields:
        return _query(sent, lot, known)
    at = lot.randrange(len(sent.fields))
    return replace(sent, fields=(*sent.fields[:at], (sent.fields[at][0], _word(lot, known)), *sent.fields[at + 1 :]))


def _less(sent: Sent, lot: random.Random, _known: Sequence[str]) -> Sent:
    return replace(sent, fields=tuple(each for each in sent.fields if lot.random() > 0.3))


def _more(sent: Sent, lot: random.Random, known: Sequence[str]) -> Sent:
    return replace(sent, fields=(*sent.fields, *((name, _word(lot, known)) for name in lot.sample(MORE_FIELDS, 4))))


def _twice(sent: Sent, lot: random.Random, known: Sequence[str]) -> Sent:
    return replace(sent, fields=(*sent.fields, *((name, _word(lot, known)) for name, _ in sent.fields if lot.random() < 0.5)))


def _query(sent: Sent, lot: random.Random, known: Sequence[str]) -> Sent:
    pairs = [pair for pair in sent.query.split("&") if pair]
    value = lot.choice(
        (lambda: quote_from_bytes(lot.randbytes(8)), lambda: quote_from_bytes(_word(lot, known).encode("utf-8", "replace"))[:8000])
    )()
    if pairs and lot.random() < 0.7:
        at = lot.randrange(len(pairs))
        pairs[at] = pairs[at].partition("=")[0] + "=" + value
    else:
        pairs.append(lot.choice(MORE_FIELDS) + "=" + value)
    return replace(sent, query="&".join(pairs))


def _header(sent: Sent, lot: random.Random, _known: Sequence[str]) -> Sent:
    name, values = lot.choice(HEADERS)
    return replace(sent, headers=(*sent.headers, (name, lot.choice(values))), cookies=sent.cookies and name != "Cookie")


def _file(sent: Sent, lot: random.Random, _known: Sequence[str]) -> Sent:
    names = [each[0] for each in sent.files] or ["file", "photos"][: lot.randint(1, 2)]
    if sent.method == "GET":
        return sent
    return replace(sent, files=tuple((name, *spoilt_files(lot)) for name in names), is_multipart=True)


def _raw(sent: Sent, lot: random.Random, _known: Sequence[str]) -> Sent:
    if sent.method == "GET":
        return sent
    kind = lot.choice(
        (
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "application/json",
            "text/plain",
            "x",
            "",
        )
    )
    body = lot.choice(
        (
            lot.randbytes(200),
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb',
            b"--x\r\n" * 50,
            b"a=%ff&%00=%zz&=&&==",
            b"words=" + lot.randbytes(60),
            b"&".join(b"a%d=1" % n for n in range(1200)),
        )
    )
    return replace(sent, body=body, kind=kind)


def _json(sent: Sent, lot: random.Random, _known: Sequence[str]) -> Sent:
    if sent.method == "GET" or lot.random() < 0.5:
        return sent
    return replace(sent, body=lot.choice(JSON_BODIES).encode("utf-8", "replace"), kind="application/json")


def _method(sent: Sent, lot: random.Random, _known: Sequence[str]) -> Sent:
    return replace(sent, method=lot.choice(METHODS))


def _path(sent: Sent, lot: random.Random, known: Sequence[str]) -> Sent:
    parts = sent.path.split("/")
    at = lot.randrange(1, len(parts)) if len(parts) > 1 else 0
    parts[at] = quote_from_bytes(_word(lot, known).encode("utf-8", "replace")[:200], safe="")
    return replace(sent, path="/".join(parts) if parts[0] == "" else "/")
