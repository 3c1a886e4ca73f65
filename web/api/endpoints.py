"""The endpoints of the account that asks, and what could not be delivered there. Administrators add and change them on pages."""

from collections.abc import Sequence

from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.fields.endpoints import DEAD_LETTER, ENDPOINT
from casework.doors.fields.told import Seen
from casework.doors.webhooks.dead_letters import dead_letters, how_many_dead, how_many_wait
from casework.doors.webhooks.endpoints import endpoint_seen, endpoints_of, secrets_of
from casework.models import ServiceAccount, WebhookEndpoint
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
    return answered({"items": [ENDPOINT.told(each) for each in _seen(endpoints_of(_own()))], "next": None})


@answers("/endpoints/<ref>", Action.READ_PUBLIC, Bilingual("Một địa chỉ nhận tin.", "One endpoint."), ENDPOINT, any_scope=True)
def endpoint(ref: str) -> ResponseReturnValue:
    parameters(())
    return answered(ENDPOINT.told(_seen([_here(ref)])[0]))


@answers("/endpoints/<ref>/dead", Action.READ_PUBLIC, Bilingual("Tin không gửi được, mới nhất trước, tối đa 100.",
         "What could not be delivered, newest first, at most 100."), DEAD_LETTER, is_list=True, any_scope=True)  # fmt: skip
def dead(ref: str) -> ResponseReturnValue:
    parameters(())
    by = known_caller().actor
    return answered({"items": [DEAD_LETTER.told(Seen(each, by, frozenset())) for each in dead_letters(_here(ref))], "next": None})


def _own() -> ServiceAccount:
    return db.session.get_one(ServiceAccount, known_caller().account_id)


def _here(ref: str) -> WebhookEndpoint:
    """One of the account's own. Raises NotFound."""
    found = endpoint_seen(_own(), ref)
    if found is None:
        raise NotFound
    return found


def _seen(rows: Sequence[WebhookEndpoint]) -> list[Seen]:
    waiting, dead_ones = how_many_wait(rows), how_many_dead(rows)
    found = []
    for row in rows:
        keys = [secret.public for secret in secrets_of(row.id, now=now()) if secret.public is not None]
        beside = {"public_keys": keys, "waiting": waiting.get(row.id, 0), "dead": dead_ones.get(row.id, 0)}
        found.append(Seen(row, known_caller().actor, frozenset(), beside))
    return found
