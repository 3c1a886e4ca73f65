"""The pages of settings there are for somebody: one of each kind, its name and address."""
from __future__ import annotations

from datetime import date

from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.models import Account, Agency, Area, StagedImport
from casework.permissions import Action, Actor, may
from casework.reorganising.plans import plans_seen
from casework.settings.importing.row_lists import rows_seen
from casework.settings.kinds.table import KINDS
from casework.settings.scopes import administered_centres, centres_of, is_of, works_in
from web.settings.index import sections_for
from workflows.models import WaitingTask

ONE_TEXT, ONE_VALUE = "report_filed", "quiet_from"


def pages_of_settings(app: Flask, actor: Actor, today: date) -> dict[str, str]:
    """The index, every section, and behind each a page of each kind; nothing for who has no settings."""
    if not may(actor, Action.OPEN_SETTINGS):
        return {}
    found = {"settings": "/settings"}
    with app.test_request_context():
        for section in sections_for(actor):
            found["-".join(("settings", section.endpoint.rpartition(".")[2], *section.parts.values()))] = section.url
    if may(actor, Action.CHANGE_SETTINGS):
        found |= _of_rules(actor, today)
        found |= {"value": f"/settings/values/{ONE_VALUE}", "text": f"/settings/texts?text={ONE_TEXT}"}
        found |= {f"centre-{row.code_prefix}": f"/settings/centres/{row.ref}" for row in centres_of(actor, on=today)[:1]}
    if may(actor, Action.MANAGE_PEOPLE):
        found |= _of_bodies(actor)
    if may(actor, Action.REORGANISE):
        found |= _of_plans(actor)
    return found


def _of_rules(actor: Actor, today: date) -> dict[str, str]:
    """A row of each kind, and the form for a new one."""
    found = {}
    for name, kind in KINDS.items():
        found[f"new-{name}"] = f"/settings/rules/{name}/new"
        found |= {f"row-{name}": f"/settings/rules/{name}/{row.id}" for row in rows_seen(kind, actor, day=today).rows[-1:]}
    return found


def _of_bodies(actor: Actor) -> dict[str, str]:
    """A person, an agency, an area; what it means that one leaves; tables, and one that was looked through."""
    mine, found = administered_centres(actor), dict[str, str]()
    at_work = select(WaitingTask.claimed_by_id).where(WaitingTask.state == "waiting")
    person = db.session.scalars(select(Account).where(works_in(mine), Account.id.in_(at_work)).order_by(Account.id)).first()
    if person is not None:
        found |= {"person": f"/settings/people/{person.ref}", "leaving": f"/settings/people/{person.ref}/leaving"}
    for kind, model in (("agencies", Agency), ("areas", Area)):
        row = db.session.scalars(select(model).where(is_of(mine, model.centre_id)).order_by(model.id)).first()
        found |= {f"one-of-{kind}": f"/settings/{kind}/{row.ref}"} if row is not None else {}
    for kind in ("people", "agencies", "areas"):
        found |= {f"new-{kind}": f"/settings/{kind}/new", f"import-{kind}": f"/settings/imports/{kind}"}
    for staged in db.session.scalars(select(StagedImport).where(StagedImport.account_id == actor.own_id)):
        found[f"staged-{staged.kind}"] = f"/settings/imports/{staged.kind}/{staged.ref}"
    return found


def _of_plans(actor: Actor) -> dict[str, str]:
    """A plan of each state, and what it would do."""
    found = {}
    for plan in plans_seen(actor):
        found |= {f"plan-{plan.state}": f"/settings/reorganisations/{plan.ref}"}
        if plan.state == "draft":
            found["plan-preview"] = f"/settings/reorganisations/{plan.ref}/preview"
    return found

