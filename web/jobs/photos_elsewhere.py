"""The worker's job that fetches the photos which reports name by their address, one at a time."""

from datetime import datetime

from flask import Flask

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.doors.photo_addresses import CLOSED, INFECTED, NO_PHOTO, TOO_MANY, Waiting, claim_address, give_up, keep_fetched, try_later
from casework.errors import CaseworkError
from casework.files.local import FileNotStored
from casework.messages.http_client import CallFailed, Door
from casework.pausing.added_files import TooManyOfAReport
from casework.photos.records import PreparedPhoto, prepare_photo
from casework.photos.uploads import PhotoRefused
from web.files.scanning import ScanRefused, refuse_infected
from web.request_log import LOGGER, failure_facts
from workflows.clock import clock_from
from workflows.running.acts import act

AT_ONCE = 10
"""Photos per run, so that the worker's other jobs get their turn."""
NAME = "photo"
"""The name of the file: the one in the address may be a person's."""


class Away(Exception):
    """Nothing can be said of the photo now."""


def fetch_photos(app: Flask, now: datetime) -> int:
    """Fetch what is due and return how many were taken up. A fault of one is nobody else's: its claim runs out."""
    clock = clock_from(now)
    for taken in range(AT_ONCE):
        with unit_of_work():
            waiting = claim_address(inside=app.config["INSIDE_HOSTS"], now=clock())
        if waiting is None:
            return taken
        try:
            _fetch(app, waiting, clock())
        except Exception as error:
            db.session.rollback()
            LOGGER.error("photo not fetched", extra=failure_facts(error))
    return AT_ONCE


def _fetch(app: Flask, waiting: Waiting, moment: datetime) -> None:
    try:
        prepared = _prepared(app, waiting.url)
    except Away:
        with unit_of_work():
            try_later(waiting, now=moment)
    except (PhotoRefused, ScanRefused) as refusal:
        with unit_of_work():
            give_up(waiting, NO_PHOTO if isinstance(refusal, PhotoRefused) else INFECTED, now=moment)
    else:
        _keep(waiting, prepared, moment)


def _prepared(app: Flask, url: str) -> PreparedPhoto:
    """Call the address, scan and prepare what it gives, with no transaction open. Raises Away, PhotoRefused, ScanRefused."""
    most = app.config["MAX_PHOTO_BYTES"]
    try:
        # one byte more than may be taken, so that a larger one is refused as what it is
        answer = Door(app.config["INSIDE_HOSTS"]).call("GET", url, largest=most + 1, cuts=True)
        if not answer.has_succeeded:
            raise Away
        refuse_infected(answer.content, NAME)
        return prepare_photo(answer.content, NAME, store=app.extensions["file_store"], max_bytes=most)
    except (CallFailed, FileNotStored):
        raise Away from None
    except ScanRefused as refusal:
        if refusal.passes:
            raise Away from None
        raise


def _keep(waiting: Waiting, prepared: PreparedPhoto, moment: datetime) -> None:
    try:
        with unit_of_work():
            added = keep_fetched(waiting, prepared, now=moment)
            if added is not None:
                act(added.case_ref, "write_to_centre", by=added.by, now=moment, given=added.given)
    except CaseBusy:
        with unit_of_work():
            try_later(waiting, now=moment)
    except CaseworkError as refusal:
        with unit_of_work():
            give_up(waiting, TOO_MANY if isinstance(refusal, TooManyOfAReport) else CLOSED, now=moment)
