"""Notices in browsers: Web Push (RFC 8030), encrypted for the browser alone (RFC 8291), signed by the installation (VAPID, RFC 8292).

Delivered at least once: a notice counts as handed over when one of the person's browsers' services has accepted it. Sent again it has the
same Topic, so a service that still holds the first replaces it.
"""

import base64
import json
import os
import secrets
import time
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import http_ece  # type: ignore[import-untyped]
import httpcore
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]

from casework.messages import sending
from casework.messages.http_client import CALL_SECONDS, IN_TURN, Door, NotReached, no_longer_than
from casework.messages.push_subscriptions import Endpoint
from casework.messages.sending import NoAnswer, Outgoing, Receipt, Refused, SendFailed, TryLater, Unreachable
from web.gateways.answers import refuse_unless_taken

LONGEST_BODY = 600
"""Characters: with title, link and padding far below the 4096 bytes every service takes."""
KEPT_SECONDS = {True: 6 * 3600, False: 48 * 3600}
"""Seconds a service keeps a notice for a browser that is switched off, by whether it is urgent."""
GONE = frozenset({404, 410})
SIGNED_FOR_SECONDS = 12 * 3600
KEY_BYTES = 32
MOST_CONNECTIONS = 4


class PushGateway:
    """Hands notices to the push services of a person's browsers. `contact` is for their complaints: mailto: or https:.

    `key` is called when the first notice leaves or a page offers notices. Of the `inside` hosts named in the settings only those on this
    machine may be called, for trials: anybody can submit a subscription, so nothing else in this network may be reached through one.
    """

    def __init__(self, key: Callable[[], str], contact: str, *, inside: Collection[str] = ()) -> None:
        self._key = key
        self._contact = contact
        self._door = Door(inside, uses_proxy=False).on_this_machine()

    @cached_property
    def public_key(self) -> str:
        """The installation's public VAPID key, by which a browser's service knows who may send; uncompressed, base64url."""
        return _text_of(self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @cached_property
    def _pool(self) -> httpcore.ConnectionPool:
        return self._door.direct_pool(most=MOST_CONNECTIONS)

    @cached_property
    def _vapid(self) -> Vapid02:
        return Vapid02.from_raw(self._key().encode("ascii"))

    def __call__(self, outgoing: Outgoing) -> Receipt:
        """Send a notice to every browser of the person. Raises Refused when all of them are gone or refuse, TryLater when none accepted it.

        The remaining time is shared among the remaining services, so that ones that hang do not use up the time of others.
        """
        content, ends = _content(outgoing), time.monotonic() + sending.HANDED_OVER_WITHIN
        taken, gone, failures = 0, list[int](), list[SendFailed]()
        for number, endpoint in enumerate(outgoing.endpoints):
            try:
                seconds = (ends - time.monotonic()) / (len(outgoing.endpoints) - number)
                status, retry_after = self._post(endpoint, content, outgoing, seconds)
                if status in GONE:
                    gone.append(endpoint.subscription_id)
                else:
                    refuse_unless_taken(status, retry_after)
                    taken += 1
            except SendFailed as failure:
                failures.append(failure)
        if taken:
            return Receipt(gone=tuple(gone))
        later = next((failure for failure in failures if isinstance(failure, TryLater)), None)
        if later is not None:
            # an unreachable service of one browser is no reason to hold back the others
            raise TryLater(later.detail, after=later.after, gone=gone)
        raise Refused(failures[0].detail if failures else "gone", gone=gone)

    def _post(self, endpoint: Endpoint, content: bytes, outgoing: Outgoing, seconds: float) -> tuple[int, str | None]:
        if seconds <= 0:
            raise Unreachable("time")
        parts = urlsplit(endpoint.url)
        try:
            self._door.refuse_unless_open(endpoint.url)
        except NotReached as refusal:
            raise Refused(str(refusal)) from refusal
        headers = {
            **self._vapid.sign({"aud": f"{parts.scheme}://{parts.netloc}", "sub": self._contact, "exp": _expiry()}),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_SECONDS[outgoing.is_urgent]),
            "Urgency": "high" if outgoing.is_urgent else "normal",
            "Topic": outgoing.token[:32],
        }
        try:
            with no_longer_than(min(seconds, CALL_SECONDS)), self._pool.stream(
                "POST", endpoint.url, headers=headers, content=_encrypted(content, endpoint), extensions={"timeout": IN_TURN}
            ) as answer:
                fields = {name.lower(): value for name, value in answer.headers}
                return answer.status, fields.get(b"retry-after", b"").decode("ascii", "replace") or None
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise Unreachable(type(error).__name__) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise NoAnswer(type(error).__name__) from error


def kept_key(path: Path) -> str:
    """The private key kept at `path`, made on the first call; two processes that start together get the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(_text_of(number.to_bytes(KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _content(outgoing: Outgoing) -> bytes:
    words, link = outgoing.words, urlsplit(outgoing.words.link)
    path = link.path + (f"?{link.query}" if link.query else "")
    body = "" if words.short == words.subject else words.short[:LONGEST_BODY]
    said = {"title": words.subject[:120], "body": body, "link": path, "tag": words.topic, "lang": words.language}
    return json.dumps(said, ensure_ascii=False).encode()


def _encrypted(content: bytes, endpoint: Endpoint) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    encrypted: bytes = http_ece.encrypt(
        content, private_key=key, dh=_bytes_of(endpoint.p256dh), auth_secret=_bytes_of(endpoint.auth), version="aes128gcm"
    )
    return encrypted


def _expiry() -> int:
    # by the machine's own clock, since the services compare it with theirs
    return int(time.time()) + SIGNED_FOR_SECONDS


def _bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
