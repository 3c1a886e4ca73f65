"""The worker's job that exchanges documents with other bodies, where a transport is configured; and forgets what was refused long ago."""

from datetime import datetime

from flask import Flask

from casework.db import unit_of_work
from casework.exchange import PackageRefused
from casework.exchange.carrying import ScanAway, send_waiting, take_in_waiting
from casework.exchange.forgetting import forget_refused
from casework.exchange.transport import Transport
from web.files.scanning import ScanRefused, refuse_infected
from web.request_log import LOGGER, failure_facts
from workflows.clock import clock_from


def exchange_documents(app: Flask, now: datetime) -> int:
    """Send what waits, take in what came; returns how many packages were looked at. Raises TransportAway."""
    transport: Transport | None = app.extensions["exchange"]
    clock = clock_from(now)
    with unit_of_work():
        looked = forget_refused(now)
    if transport is None:
        return looked
    looked += send_waiting(transport, store=app.extensions["file_store"], clock=clock, told=_told)
    return looked + take_in_waiting(transport, scan=_scan, clock=clock, told=_told)


def _scan(content: bytes, name: str) -> None:
    try:
        refuse_infected(content, name)
    except ScanRefused as refusal:
        if refusal.passes:
            raise ScanAway from None
        raise PackageRefused("infected", name) from None


def _told(error: Exception) -> None:
    LOGGER.error("package not exchanged", extra=failure_facts(error))
