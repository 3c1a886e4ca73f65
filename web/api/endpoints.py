"""The endpoints of the account that asks, and what could not be delivered there. Administrators add and change them on pages."""

from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.fields.endpoints import DEAD_LETTER, ENDPOINT
from casework.doors.fields.told import Seen
from casework.doors.webhooks.dead_letters import dead_letters
from casework.doors.webhooks.endpoint_rows import EndpointRow, endpoint_row, endpoint_rows
from casework.doors.webhooks.endpoints import endpoint_seen
from casework.models import ServiceAccount, WebhookDelivery
from casework.permissions import Action
from web.api.asking import parameters
from web.api.door import answered
from web.api.routes import answers
from web.clock import now
from web.door_keys import known_caller


@answers("/endpoints", Action.READ_PUBLIC, Bilingual("Các địa chỉ nhận tin của tài khoản.", "The account's endpoints."), ENDPOINT,
         is_list=True, any_scope=True)  # fmt: skip
def endpoints() -> ResponseReturnValue:
    parameters(())
    rows = endpoint_rows(_own(), now=now())
    return answered({"items": [ENDPOINT.told(_seen(each)) for each in rows], "next": None})


@answers("/endpoints/<ref>", Action.READ_PUBLIC, Bilingual("Một địa chỉ nhận tin.", "One endpoint."), ENDPOINT, any_scope=True)
def endpoint(ref: str) -> ResponseReturnValue:
    parameters(())
    row = endpoint_row(_own(), ref, now=now())
    if row is None:
        raise NotFound
    return answered(ENDPOINT.told(_seen(row)))


@answers("/endpoints/<ref>/dead", Action.READ_PUBLIC, Bilingual("Tin không gửi được, mới nhất trước, tối đa 100.",
         "What could not be delivered, newest first, at most 100."), DEAD_LETTER, is_list=True, any_scope=True)  # fmt: skip
def dead(ref: str) -> ResponseReturnValue:
    parameters(())
    found = endpoint_seen(_own(), ref)
    if found is None:
        raise NotFound
    return answered({"items": [DEAD_LETTER.told(_seen(each)) for each in dead_letters(found)], "next": None})


def _own() -> ServiceAccount:
    return db.session.get_one(ServiceAccount, known_caller().account_id)


def _seen(row: EndpointRow | WebhookDelivery) -> Seen:
    return Seen(row, known_caller().actor, frozenset())
