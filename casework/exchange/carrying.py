"""A worker's round of document exchange: send what waits, take in what came. A cut at any moment loses nothing and doubles nothing."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from casework.db import db, unit_of_work
from casework.exchange.bodies import centres_by_id
from casework.exchange.incoming import Scan, examine, take_in
from casework.exchange.outgoing import (
    FAILED,
    MISFIT,
    STORAGE,
    TRANSPORT,
    Claimed,
    claim_outgoing,
    compose,
    keep_composed,
    keep_sent,
    keep_unsent,
)
from casework.exchange.refusals import PackageRefused
from casework.exchange.transport import Transport, TransportAway
from casework.exchange.writing import Malformed
from casework.files.local import AWAY, FileStore
from casework.sealing.seal import SealBroken

AT_ONCE = 20
"""Packages a round sends, and takes in, so that the worker's other jobs get their turn."""

Clock = Callable[[], datetime]
Told = Callable[[Exception], None]
"""Writes an error nobody foresaw to the log."""


class ScanAway(Exception):
    """Files cannot be scanned now; the package waits."""


def send_waiting(transport: Transport, *, store: FileStore, clock: Clock, told: Told) -> int:
    """Send what is due and return how many were taken up. A fault of one keeps no other."""
    for taken in range(AT_ONCE):
        with unit_of_work():
            claimed = claim_outgoing(now=clock())
        if claimed is None:
            return taken
        try:
            why = _send(claimed, transport, store, clock)
        except SQLAlchemyError:
            raise  # its claim runs out
        except Exception as error:
            db.session.rollback()
            told(error)
            why = FAILED
        if why is not None:
            with unit_of_work():
                keep_unsent(claimed, why, now=clock())
    return AT_ONCE


def _send(claimed: Claimed, transport: Transport, store: FileStore, clock: Clock) -> str | None:
    """Send one; returns why it could not be sent."""
    try:
        made = compose(claimed, store=store)
    except (Malformed, PackageRefused):
        return MISFIT
    except (LookupError, SealBroken, *AWAY):
        return STORAGE
    finally:
        db.session.rollback()
    with unit_of_work():
        raw = keep_composed(claimed, made)
    if raw is None:
        return None
    try:
        sent_as = transport.send(claimed.name, raw)
    except TransportAway:
        return TRANSPORT
    with unit_of_work():
        keep_sent(claimed, sent_as, now=clock())
    return None


def take_in_waiting(transport: Transport, *, scan: Scan, clock: Clock, told: Told) -> int:
    """Take in what came and return how many were looked at. What nothing can be done with is handed back as failed, and told.

    Raises TransportAway. Where no centre has an identifier nothing is looked at.
    """
    ours = centres_by_id()
    db.session.rollback()
    if not ours:
        return 0
    names = transport.received()[:AT_ONCE]
    for name in names:
        try:
            raw = transport.fetch(name)
            examined = examine(raw, ours=ours, scan=scan)
            with unit_of_work():
                take_in(examined, ours=ours, came_as=name, now=clock())
        except (LookupError, IntegrityError):
            db.session.rollback()  # another worker has it
            continue
        except ScanAway:
            return 0
        except (SQLAlchemyError, TransportAway):
            raise
        except Exception as error:
            db.session.rollback()
            told(error)
            transport.done(name, ok=False)
        else:
            transport.done(name, ok=True)
    return len(names)
