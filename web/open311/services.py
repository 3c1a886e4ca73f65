"""Discovery, the list of services, and what each of them asks."""

from flask import current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from casework.calendars import RULES_STREAM
from casework.db import db
from casework.doors.gates import Door
from casework.doors.open311.jurisdictions import jurisdictions
from casework.doors.open311.services import Attribute, attributes_of, keywords_of, service_named, services_of
from casework.local_time import local_day, midnight
from casework.models import EventStream
from casework.permissions import Action
from casework.setting_values import value_of
from web.addresses import on_the_web
from web.clock import now
from web.door_keys import through_door
from web.open311.asking import centre_asked, parameter, refuse_bytes
from web.open311.door import answered, answers, said
from web.open311.faults import Refused, fault
from web.open311.writing import Form, Value

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"

_CHANGED = select(EventStream.changed_at).where(EventStream.stream == RULES_STREAM)


@answers("/discovery")
@through_door(Door.OPEN311, Action.READ_PUBLIC, needs_key=False, takes_parameter=True)
def discovery(form: str) -> ResponseReturnValue:
    """Where the door is and how to get a key. One address serves every centre; each has its own words, if it is named."""
    refuse_bytes()
    known = jurisdictions(local_day(now()))
    if not known:
        raise NotFound
    centre = centre_asked() if parameter("jurisdiction_id") else known[0]
    changed_at = db.session.scalar(_CHANGED) or midnight(local_day(now()))
    endpoint = {
        "specification": SPECIFICATION, "url": on_the_web(f"{request.root_path}/open311/v2"), "changeset": changed_at,
        "type": "test" if current_app.config["DEMO"] else "production",
        "formats": [each.media_type.partition(";")[0] for each in Form],
    }  # fmt: skip
    contact = str(value_of("open311_contact", centre.id)) or centre.phone
    return answered("discovery", {
        "changeset": changed_at, "contact": contact, "key_service": str(value_of("open311_key_service", centre.id)),
        "endpoints": [endpoint],
    })  # fmt: skip


@answers("/v2/services")
@through_door(Door.OPEN311, Action.READ_PUBLIC, needs_key=False, takes_parameter=True)
def services(form: str) -> ResponseReturnValue:
    listed = []
    for field in services_of(centre_asked().id, now=now()):
        hint = said(field.hint)
        listed.append({
            "service_code": field.service_code, "service_name": said(field.name), "description": hint, "metadata": True,
            "type": "realtime", "keywords": keywords_of(hint or ""), "group": None,
        })  # fmt: skip
    return answered("services", listed)


@answers("/v2/services/<code>")
@through_door(Door.OPEN311, Action.READ_PUBLIC, needs_key=False, takes_parameter=True)
def definition(code: str, form: str) -> ResponseReturnValue:
    """What a service asks beside the description; of an ended one too, as long as reports with its code are taken."""
    centre = centre_asked()
    field = service_named(centre.id, code, now=now())
    if field is None:
        raise Refused(404, fault("service_code_unknown"))
    asked = attributes_of(field, centre.id, now=now())
    return answered("service_definition", {
        "service_code": field.service_code, "attributes": [_attribute(each, place) for place, each in enumerate(asked, 1)],
    })  # fmt: skip


def _attribute(each: Attribute, place: int) -> Value:
    return {
        "variable": each.variable, "code": each.code, "datatype": each.datatype, "required": each.required,
        "datatype_description": said(each.note), "order": place, "description": said(each.description),
        "values": [{"key": key, "name": said(name)} for key, name in each.values],
    }  # fmt: skip
