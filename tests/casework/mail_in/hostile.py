"""Two hundred e-mails nobody means well with: made here, always the same ones, each with a name."""

import base64
from collections.abc import Iterator

OURS = "phanhoi@xa.example"
SERVER = "mx.xa.example"
TOKEN, OTHER = "a" * 22, "b" * 22
HEAD = "From: dan@ngoai.example\r\nTo: {to}\r\nSubject: Trả lời\r\nMessage-ID: <x@ngoai.example>\r\n"
SIZES = (0, 1, 19, 21, 99, 101, 400, 5_000)


def letter(body: str | bytes = "Xin chào", *, head: str = "", to: str = OURS, first: str = "") -> bytes:
    content = body if isinstance(body, bytes) else body.encode("utf-8", "surrogateescape")
    return (first + HEAD.format(to=to) + head).encode("utf-8", "surrogateescape") + b"\r\n" + content


def _nested(depth: int) -> bytes:
    heads = [f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(depth)]
    return HEAD.format(to=OURS).encode() + "".join(heads).encode() + b"Content-Type: text/plain\r\n\r\ndeep"


def _enclosed(depth: int) -> bytes:
    return HEAD.format(to=OURS).encode() + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\ndeep"


def _many(parts: int) -> bytes:
    return letter("--b\r\nContent-Type: image/png\r\n\r\nx\r\n" * parts + "--b--", head="Content-Type: multipart/mixed; boundary=b\r\n")


def _typed(media_type: str, content: bytes, encoding: str = "base64") -> bytes:
    body = base64.encodebytes(content) if encoding == "base64" else content
    return letter(body, head=f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: {encoding}\r\n")


def _html(html: str) -> bytes:
    return letter(html, head="Content-Type: text/html; charset=utf-8\r\n")


def hostile_forms() -> Iterator[tuple[str, bytes]]:
    for size in SIZES:
        yield f"nested {size}", _nested(size)
        yield f"enclosed {size}", _enclosed(size)
        yield f"parts {size}", _many(size)
        yield f"long header {size}", letter(head="X-Long: " + "a" * size * 100 + "\r\n")
        yield f"many headers {size}", letter(head="Received: by x\r\n" * size)
        yield f"many addresses {size}", letter(to=", ".join(["(" * 9 + "a@b.example"] * (size + 1)))
        yield f"words in code {size}", letter(first="Subject: " + "=?utf-8?q?=41?= " * size + "\r\n")
        yield f"quotes {size}", letter("> > >\r\n" * size + "On " * size)
        for mark in ("<a ", "<!--", "</", "<![CDATA[", "&#x", "<div>", "<script>", "<blockquote>", "<p class='"):
            yield f"html {mark} {size}", _html(mark * size)
    for charset in (
        "x-none",
        "utf-7",
        "utf-16",
        "\x00",
        "base64",
        "zip",
        "rot13",
        "idna",
        "a" * 3_000,
        "undefined",
        "unicode_escape",
        "punycode",
    ):
        yield f"charset {charset[:9]!r}", _typed(f'text/plain; charset="{charset}"', b"\xff\xfe+AGE-\\N{x\x00")
        yield f"subject in {charset[:9]!r}", letter(first=f"Subject: =?{charset}?b?/////w==?=\r\n")
    for media_type in (
        "application/ms-tnef",
        "application/zip",
        "application/gzip",
        "text/plain; name=a.zip",
        "x",
        "/",
        "multipart/mixed",
        "image/png",
    ):
        for encoding in ("base64", "quoted-printable", "x-uuencode", "none"):
            yield f"{media_type} in {encoding}", _typed(media_type, b"\x78\x9f\x3e\x22PK\x03\x04" + bytes(999), encoding)
    for name in ("../../etc/passwd", "a\u202egnp.exe", "a\x00b", "%00", "a" * 9_000, "con.png", "=?utf-8?b?Lg==?="):
        yield f"name {name[:9]!r}", _typed(f'image/png; name="{name}"', b"x")
    for sign in ("\x00", "\u202e", "\u200b", "\ufeff", "\u2066", "\x1b[2J", "\udcff", "\x85"):
        yield f"sign {sign!r}", letter(f"Đúng{sign}rồi", first=f"Subject: a{sign}b\r\n")
    forged = (f"phanhoi+{TOKEN}@ac.example", f"phanhoi+{TOKEN[1:]}@xa.example", f"phanhoi+{TOKEN}a@xa.example", f"x+{TOKEN}@xa.example")
    twice = (
        f"phanhoi+{TOKEN}@xa.example, phanhoi+{OTHER}@xa.example",
        f'"phanhoi+{TOKEN}@xa.example" <x@y.example>',
        f"phanhoi+{TOKEN}@xa.example@y",
    )
    for to in (*forged, *twice, f"phanhoi+{TOKEN}%00@xa.example", f"a\r\n b: phanhoi+{TOKEN}@x.example", "phanhoi+' or 1=1@xa.example"):
        yield f"to {to}", letter(to=to)
    for said in (
        f"{SERVER}; dmarc=fail header.from=ngoai.example",
        f"{SERVER}; spf=pass (; dmarc=pass header.from=ngoai.example)",
        f'{SERVER}; spf=pass smtp.mailfrom="; dmarc=pass header.from=ngoai.example; "',
        f"ac.example; dmarc=pass header.from=ngoai.example; {SERVER}; dmarc=pass",
        f"{SERVER}; dmarc=pass header.from=ac.example",
        f"{SERVER}.ac.example; dmarc=pass header.from=ngoai.example",
        f"{SERVER}; dmarc=fail; dmarc=pass header.from=ngoai.example",
        f"{SERVER}; dmarc=fail\r\nAuthentication-Results: {SERVER}; dmarc=pass header.from=ngoai.example",
        f"{SERVER}; xdmarc=pass header.from=ngoai.example",
        f"({SERVER}) ac.example; dmarc=pass header.from=ngoai.example",
    ):
        yield f"said {said}", letter(first=f"Authentication-Results: {said}\r\n")


def hostile() -> dict[str, bytes]:
    """More than two hundred, by name."""
    return {**dict(hostile_forms()), "nothing": b"", "no header": b"\r\n" * 9, "50 MB": letter(b"x" * (50 * 1024 * 1024))}
