"""Requests that change something are done once: by the key their program gave them, answered alike when they are sent again."""

import re

from flask import Response, request
from werkzeug.exceptions import NotFound

from casework.db import unit_of_work
from casework.doors.repeats import Claim, FirstAnswer, OtherContent, SetApart, StillRunning, claim_request
from web.api.door import answered_bytes
from web.api.problems import Refused
from web.clock import now
from web.door_keys import ON_BEHALF, known_caller

REPEAT_KEY = re.compile(r'"?([A-Za-z0-9_.:~-]{16,64})"?')
REPLAYED = ("Idempotent-Replayed", "true")


def claimed(route: str) -> Claim | FirstAnswer:
    """The claim of this request, or what the same one was answered before. Raises Refused, NotFound for a case set apart."""
    key = REPEAT_KEY.fullmatch(request.headers.get("Idempotency-Key", "").strip())
    if key is None:
        raise Refused("idempotency_key")
    content = f"{request.headers.get(ON_BEHALF, '')}\n{request.get_data(cache=True).decode('utf-8', 'replace')}"
    try:
        with unit_of_work():
            return claim_request(key[1], content, service_id=known_caller().account_id, route=route, now=now())
    except StillRunning:
        raise Refused("still_running", headers={"Retry-After": "1"}) from None
    except OtherContent:
        raise Refused("idempotency_reused") from None
    except SetApart:
        raise NotFound from None


def answered_again(first: FirstAnswer) -> Response:
    return answered_bytes(first.body, status=first.status, headers=[REPLAYED])
