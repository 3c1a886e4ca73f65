"""The lists others refer to, as they hold and held: fields, places and agencies of the centre, and the officers who agreed."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.behalf import people_agreed
from casework.doors.fields.lists import AGENCY, AREA, FIELD, PERSON
from casework.doors.fields.told import Seen, Thing
from casework.models import ServiceAccount
from casework.permissions import Action
from casework.search.staff_choices import agencies_within, areas_within, fields_within
from web.api.asking import parameters
from web.api.door import answered
from web.api.routes import answers
from web.clock import now
from web.door_keys import known_caller


def _list(rule: str, says: Bilingual, thing: Thing, rows: Callable[[], Iterable[Any]]) -> Callable[..., ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        parameters(())
        return _all_of(thing, rows())

    view.__name__ = rule.removeprefix("/")
    return answers(rule, Action.READ_CASE, says, thing, is_list=True)(view)


def _all_of(thing: Thing, rows: Iterable[Any]) -> Response:
    by = known_caller().actor
    return answered({"items": [thing.told(Seen(each, by, frozenset())) for each in rows], "next": None})


fields = _list("/fields", Bilingual("Các lĩnh vực, cả cũ.", "The fields of work, former ones too."), FIELD,
               lambda: fields_within([known_caller().centre_id], now=now(), is_past_too=True))  # fmt: skip
areas = _list("/areas", Bilingual("Các địa bàn của Trung tâm.", "The places of the centre."), AREA,
              lambda: areas_within([known_caller().centre_id]))  # fmt: skip
agencies = _list("/agencies", Bilingual("Các đơn vị của Trung tâm.", "The agencies of the centre."), AGENCY,
                 lambda: agencies_within([known_caller().centre_id]))  # fmt: skip
people = _list("/people", Bilingual("Cán bộ đồng ý cho hệ thống này làm thay.", "The officers who let this system act in their names."),
               PERSON,
               lambda: people_agreed(db.session.get_one(ServiceAccount, known_caller().account_id), now=now()))  # fmt: skip
