"""What happened since somebody asked last, for systems that are not called by webhooks, or have lost some."""

import base64
import binascii
import json

from flask import current_app
from flask.typing import ResponseReturnValue

from casework.bilingual import Bilingual
from casework.doors.api.events import PlaceTooOld, events_after
from casework.doors.fields.events import EVENT, OF_EVENTS
from casework.doors.fields.told import Seen
from casework.permissions import Action
from casework.sealing.keyring import KeyMissing
from casework.sealing.seal import SealBroken, open_json, seal_json
from web.api.asking import parameters
from web.api.door import answered
from web.api.problems import Refused
from web.api.reading import ROWS
from web.api.routes import answers
from web.clock import now
from web.door_keys import known_caller

PURPOSE = "place in the events of the API"


@answers("/events", Action.READ_PUBLIC, Bilingual("Việc đã xảy ra, cũ trước; như webhook báo. next luôn có: giữ lại cho lần sau.",
         "What happened, oldest first, as webhooks tell it. next is always there: keep it for the next time."), EVENT, is_list=True,
         filters=OF_EVENTS, any_scope=True)  # fmt: skip
def events() -> ResponseReturnValue:
    asked = parameters(OF_EVENTS)
    sent, by = asked.get("after"), known_caller()
    place = _place_in(sent) if sent is not None else None
    try:
        found, end = events_after(place, limit=asked.get("limit", ROWS), caller=by, now=now())
    except PlaceTooOld:
        raise Refused("cursor_invalid") from None
    base = current_app.config["BASE_URL"].rstrip("/")
    # who gets the place back that was sent knows that there is nothing newer yet
    following = sent if sent is not None and end == place else _sealed(end)
    return answered({"items": [EVENT.told(Seen(each, by.actor, frozenset(), base)) for each in found], "next": following})


def _sealed(place: int) -> str:
    """A place as programs keep it: of this account alone, and no number can be read in it."""
    held = seal_json([place, known_caller().account.ref], purpose=PURPOSE)
    return base64.urlsafe_b64encode(held).decode().rstrip("=")


def _place_in(text: str) -> int:
    """Raises Refused where it is none of ours, or another account's."""
    try:
        place, ref = open_json(base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)), purpose=PURPOSE)
    except (SealBroken, KeyMissing, ValueError, binascii.Error, UnicodeError, json.JSONDecodeError):
        raise Refused("cursor_invalid") from None
    if ref != known_caller().account.ref:
        raise Refused("cursor_invalid")
    return int(place)
