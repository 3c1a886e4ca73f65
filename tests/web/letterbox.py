"""Telephones and letterboxes outside: what an installation sends by SMS and e-mail is taken here instead of by a gateway."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Flask

from casework.messages.sending import Outgoing, Receipt, send_waiting
from web.gateways.opening import page_addresses


class Letterbox:
    """Takes everything, on the channels of an installation."""

    def __init__(self, app: Flask, channels: tuple[str, ...]) -> None:
        self.app = app
        self.channels = channels
        self.taken: list[Outgoing] = []

    def __call__(self, outgoing: Outgoing) -> Receipt:
        self.taken.append(outgoing)
        return Receipt("taken")

    def deliver(self, now: datetime) -> list[Outgoing]:
        """Let the worker's jobs send what is due; what has come since the last time."""
        before = len(self.taken)
        for channel in self.channels:
            send_waiting(channel, self, clock=lambda: now, pages=page_addresses(self.app), configured=frozenset(self.channels))
        return self.taken[before:]

    def code(self, now: datetime) -> str:
        """The one code that has come."""
        [outgoing] = [each for each in self.deliver(now) if each.recipient.startswith("code:")]
        text = outgoing.words.sms if outgoing.channel == "sms" else outgoing.words.body
        [digits] = re.findall(r"(?<!\d)\d{6}(?!\d)", text)
        return digits


@contextmanager
def letterbox(app: Flask, *channels: str) -> Iterator[Letterbox]:
    """An installation with just these channels."""
    gateways = app.extensions["gateways"]
    before, box = dict(gateways), Letterbox(app, channels)
    gateways.clear()
    gateways.update(dict.fromkeys(channels, box))
    try:
        yield box
    finally:
        gateways.clear()
        gateways.update(before)
