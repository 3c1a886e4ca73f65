"""Every address that can be read, with every identifier there is: what a curious person could try."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from casework.db import db
from casework.models import (
    Account,
    Agency,
    Area,
    Assignment,
    Breach,
    Case,
    Centre,
    DataRequest,
    HeldAct,
    Letter,
    LoginSession,
    Photo,
    Recording,
    Report,
    ReportSchedule,
    WebhookEndpoint,
)
from casework.permissions import ANYONE
from tests.whole import is_at_turn
from web.steps.acts import PAGES as ACT_PAGES
from workflows.models import Incident, ProcessVersion, WaitingTask

PARTS: dict[str, Callable[[], list[str]]] = {
    "public.report:code": lambda: list(db.session.scalars(select(Report.code))),
    "public_share.card:code": lambda: list(db.session.scalars(select(Report.code))),
    "filing.receipt:code": lambda: list(db.session.scalars(select(Report.code))),
    "filing.receipt_file:code": lambda: list(db.session.scalars(select(Report.code))),
    "consent.notice:version": lambda: ["2026-12", "2020-01"],
    "tracking.own:code": lambda: list(db.session.scalars(select(Report.code))),
    "rights_own.of_report:code": lambda: list(db.session.scalars(select(Report.code))),
    "rights_requests.request_page:ref": lambda: [*db.session.scalars(select(DataRequest.ref)), "0000000000000000"],
    "rights_requests.what_stays:ref": lambda: [*db.session.scalars(select(DataRequest.ref)), "0000000000000000"],
    "rights_breaches.breach:ref": lambda: [*db.session.scalars(select(Breach.ref)), "0000000000000000"],
    "rights_breaches.notice:ref": lambda: [*db.session.scalars(select(Breach.ref)), "0000000000000000"],
    "rights_breaches.notice:whom": lambda: ["authority", "people", "nobody"],
    "mended.question:token": lambda: ["0" * 32],
    "reply.reply:secret": lambda: ["0" * 43],
    "reply.photo:secret": lambda: ["0" * 43],
    "reply.photo:ref": lambda: ["0" * 16],
    "case_links.link:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "case_links.link:link_ref": lambda: ["0" * 16],
    "areas.followed:token": lambda: ["0" * 32],
    "own_acts.withdraw_report:code": lambda: list(db.session.scalars(select(Report.code))),
    "cases.case:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "notes.write:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "notes.names:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "exchange.write:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "exchange.write:assignment": lambda: list(db.session.scalars(select(Assignment.ref))),
    "cases.printed:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "case_path.diagram:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "mending.process:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "incidents.incident:ref": lambda: [*db.session.scalars(select(Incident.ref)), "0000000000000000"],
    "case_acts.act:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "case_acts.act:verb": lambda: [*ACT_PAGES, "no_such_act"],
    "publishing.case_preview:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "publishing.case_preview:photo_ref": lambda: list(db.session.scalars(select(Photo.ref))),
    "assigning.assign:ref": lambda: list(db.session.scalars(select(WaitingTask.ref))),
    "tasks.task:ref": lambda: list(db.session.scalars(select(WaitingTask.ref))),
    "taking_back.look:ref": lambda: [*db.session.scalars(select(HeldAct.ref)), "0000000000000000"],
    "taking_back.state:ref": lambda: [*db.session.scalars(select(HeldAct.ref)), "0000000000000000"],
    "publishing.preview:ref": lambda: list(db.session.scalars(select(WaitingTask.ref).where(WaitingTask.desk.like("operator@%")))),
    "publishing.preview:photo_ref": lambda: list(db.session.scalars(select(Photo.ref))),
    "photos.photo:ref": lambda: list(db.session.scalars(select(Photo.ref))),
    "photos.photo:audience": lambda: ["sealed", "centre", "agencies", "sender", "public"],
    "photos.photo:rendition": lambda: ["original", "view", "thumb"],
    "recordings.recording:ref": lambda: list(db.session.scalars(select(Recording.ref))),
    "recordings.recording:rendition": lambda: ["play", "original", "view"],
    "recordings.transcript:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "recordings.transcript:recording": lambda: list(db.session.scalars(select(Recording.ref))),
    "mail_in.letter:ref": lambda: ["0000000000000000"],
    "contacts_blocked.block:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "contacts_blocked.block:report": lambda: list(db.session.scalars(select(Report.ref))),
    "maps.areas:ref": lambda: [*db.session.scalars(select(Centre.ref)), "0000000000000000"],
    "settings_people.person:ref": lambda: some_people(),
    "settings_leaving.leaving:ref": lambda: some_people(),
    "settings_agencies.agency:ref": lambda: list(db.session.scalars(select(Agency.ref).where(Agency.key == "PTNMT"))),
    "settings_areas.area:ref": lambda: list(db.session.scalars(select(Area.ref).where(Area.level == "commune").limit(2))),
    "settings_imports.imports:kind": lambda: ["people", "areas", "no_such_kind"],
    "settings_imports.template:kind": lambda: ["agencies"],
    "settings_imports.template:form": lambda: ["csv", "exe"],
    "settings_imports.export:kind": lambda: ["people", "agencies", "areas", "no_such_kind"],
    "settings_imports.export:form": lambda: ["csv"],
    "settings_imports.staged:kind": lambda: ["people"],
    "settings_imports.staged:ref": lambda: ["0000000000000000"],
    "settings_doors.account:ref": lambda: service_accounts(),
    "settings_doors.change:ref": lambda: service_accounts(),
    "settings_doors.key:ref": lambda: service_accounts(),
    "settings_webhooks.endpoints:ref": lambda: service_accounts(),
    "settings_webhooks.new:ref": lambda: service_accounts(),
    "settings_webhooks.endpoint:ref": lambda: service_accounts(),
    "settings_webhooks.endpoint:endpoint_ref": lambda: endpoints(),
    "settings_webhooks.secret:ref": lambda: service_accounts(),
    "settings_webhooks.secret:endpoint_ref": lambda: endpoints(),
    "studio.version:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "settings_rows.rows:kind": lambda: ["clock", "no_such_kind"],
    "settings_rows.new:kind": lambda: ["clock"],
    "settings_rows.row:kind": lambda: ["clock"],
    "settings_rows.row:number": lambda: ["1", "999999"],
    "settings_values.value:key": lambda: ["quiet_from", "no_such_value"],
    "settings_centres.centre:ref": lambda: list(db.session.scalars(select(Centre.ref))),
    "studio_editor.edit:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "studio_moves.moves:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "studio_moves.plan:ref": lambda: ["0000000000000000"],
    "studio_moves.progress:ref": lambda: ["0000000000000000"],
    "studio_rehearsals.rehearsals:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "studio_rehearsals.progress:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "studio_rehearsals.progress:rehearsal": lambda: ["0000000000000000"],
    "studio_comparing.compare:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "studio_editor.source:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "studio_exports.table:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "studio.text:ref": lambda: list(db.session.scalars(select(ProcessVersion.ref))),
    "late.write:ref": lambda: list(db.session.scalars(select(Agency.ref))),
    "documents_register.document:ref": lambda: [*db.session.scalars(select(Letter.ref)), "0000000000000000"],
    "documents_register.file:ref": lambda: [*db.session.scalars(select(Letter.ref)), "0000000000000000"],
    "documents_writing.write:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "documents_writing.write:kind": lambda: ["refusal_notice", "no_such_kind"],
    "documents_writing.write_minutes:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "documents_writing.minutes:ref": lambda: list(db.session.scalars(select(Case.ref).where(Case.quarantined_at.is_not(None)))),
    "documents_writing.minutes:letter": lambda: ["0000000000000000"],
    "documents_writing.minutes_file:ref": lambda: list(db.session.scalars(select(Case.ref).where(Case.quarantined_at.is_not(None)))),
    "documents_writing.minutes_file:letter": lambda: ["0000000000000000"],
    "documents_sealing.signed:ref": lambda: [*db.session.scalars(select(Letter.ref)), "0000000000000000"],
    "documents_verify.document:ref": lambda: [*db.session.scalars(select(Letter.ref)), "0000000000000000"],
    "documents_register.old_address:ref": lambda: ["0000000000000000"],
    "documents_register.own_file:code": lambda: list(db.session.scalars(select(Report.code))),
    "documents_register.own_file:ref": lambda: [*db.session.scalars(select(Letter.ref)), "0000000000000000"],
    "statistics.snapshot:ref": lambda: ["0000000000000000"],
    "statistics.counting:ref": lambda: ["0000000000000000"],
    "public_layers.table:form": lambda: ["csv", "json"],
    "reporting.case_file:ref": lambda: list(db.session.scalars(select(Case.ref))),
    "reporting.letter_sheets:ref": lambda: ["0000000000000000"],
    "reporting.preview:ref": lambda: ["0000000000000000"],
    "outputs.new:key": lambda: ["cases", "late", "figures", "heat", "people", "looks", "affected", "case_file", "no_such_kind"],
    "outputs.output:ref": lambda: ["0000000000000000"],
    "outputs.progress:ref": lambda: ["0000000000000000"],
    "outputs.file:ref": lambda: ["0000000000000000"],
    "schedules.schedule:ref": lambda: [*db.session.scalars(select(ReportSchedule.ref)), "0000000000000000"],
    "schedules.change:ref": lambda: [*db.session.scalars(select(ReportSchedule.ref)), "0000000000000000"],
    "settings_reorganisations.plan:ref": lambda: ["0000000000000000"],
    "settings_reorganisations.look_ahead:ref": lambda: ["0000000000000000"],
    "contacts_hand_over.ticket:ticket": lambda: ["0000000000000000"],
    "outside_sign_in.come_back:provider": lambda: ["no-such-provider"],
    "outside_identities.of_person:ref": lambda: some_people(),
    "offline_reports.state:client_key": lambda: ["00000000-0000-4000-8000-000000000000"],
    "open311.discovery:form": lambda: ["xml"],
    "open311.services:form": lambda: ["json"],
    "open311.definition:code": lambda: ["rung_dat_moi_truong", "no_such_code"],
    "open311.definition:form": lambda: ["xml"],
    "open311.requests:form": lambda: ["json"],
    "open311.one_request:code": lambda: list(db.session.scalars(select(Report.code))),
    "open311.one_request:form": lambda: ["json"],
    "open311.token:token": lambda: ["no-such-key"],
    "open311.token:form": lambda: ["xml"],
    "open311.request_updates:form": lambda: ["json"],
    "open311.elsewhere:anything": lambda: ["v2/no_such_thing.json"],
    "scim.user:ref": lambda: some_people(),
    "scim.one_resource_type:name": lambda: ["User"],
    "scim.schema:name": lambda: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "scim.elsewhere:anything": lambda: ["Groups"],
    **{f"api.{name}:ref": lambda: list(db.session.scalars(select(Assignment.ref).limit(2))) for name in (
        "assignment", "assignment_answers", "accept_assignment", "hand_back", "progress_note", "request_extension", "submit_answer")},
    **{f"api.{name}:ref": lambda: list(db.session.scalars(select(Case.ref).limit(2))) for name in ("case", "history")},
    **{f"api.{name}:ref": lambda: list(db.session.scalars(select(Photo.ref).limit(2))) for name in ("photo", "drop_photo")},
    **{f"api.{name}:ref": lambda: list(db.session.scalars(select(Letter.ref).limit(2))) for name in ("one_document", "document_file")},
    **{f"api.{name}:ref": lambda: endpoints() for name in ("endpoint", "dead")},
    "api.elsewhere:anything": lambda: ["no-such-thing-at-all"],
    "api_reference.problem:code": lambda: ["not_found", "no_such_problem"],
    "auth.session_revocation:ref": lambda: list(db.session.scalars(select(LoginSession.ref))),
}
"""What may stand in each place of an address. A new route is walked once its parts are named here, and the tests fail until then."""

BESIDE = ("/reports?q=", "/reports?q=rac", "/reports?view=map", "/reports?state=open", "/reports.atom?q=rac",
          "/reports.atom?state=open", "/search?q=rac", "/search?state=open",
          "/inbox?waits=officer", "/inbox?waits=team", "/inbox?q=1", "/search?q=1", "/inbox?q=",
          "/inbox?view=mine", "/palette?q=rac", "/palette?q=%40", "/palette?q=1",
          "/inbox?view=late", "/inbox?view=frozen", "/open-map?view=mine", "/open-map?box=11,13,107,109", "/sign-in?next=/inbox",
          "/settings/texts?text=report_filed")
"""Addresses with a question in them."""

OPEN_TO_ALL = ("/reports", "/sign-in")
"""How the addresses begin that open to anybody."""


def beside(number: int, *, is_stranger: bool) -> list[str]:
    """What of BESIDE somebody tries: a stranger all of it, one of the staff in a test run a sixth of what opens to anybody."""
    return [each for each in BESIDE if is_stranger or not each.startswith(OPEN_TO_ALL) or is_at_turn(each, number, SHUT_TO)]


SHUT_TO = 6
"""Of so many people in a row to whom a route is shut, one tries it in a test run: one guard refuses them all, with one page."""


def endpoints() -> list[str]:
    return [*db.session.scalars(select(WebhookEndpoint.ref)), "0000000000000000"]


def service_accounts() -> list[str]:
    return [*db.session.scalars(select(Account.ref).where(Account.kind == "service")), "0000000000000000"]


def some_people() -> list[str]:
    """One of each centre, an administrator, and a citizen, who is nobody's colleague."""
    staff = select(Account.ref).where(Account.login.in_(("operator", "operator_dn", "administrator")))
    return [*db.session.scalars(staff), *db.session.scalars(select(Account.ref).where(Account.kind == "citizen").limit(1))]


@dataclass(frozen=True)
class Address:
    """One address to be tried, the rule it came from and what it was filled with."""

    rule: Rule
    path: str
    parts: dict[str, str]

    @property
    def endpoint(self) -> str:
        return self.rule.endpoint


def rules(app: Flask) -> list[Rule]:
    """Every rule but that of the static files."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


WHOLE_PAGES = {"cases.case": "?tab=all"}
"""Pages of several parts, and what their address needs to show all of them."""


def addresses(app: Flask) -> Iterator[Address]:
    """Each rule that can be read, filled with everything there is. Raises KeyError for a part PARTS does not know."""
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
    for rule in rules(app):
        if "GET" in (rule.methods or ()):
            names = sorted(rule.arguments)
            for values in product(*(PARTS[f"{rule.endpoint}:{name}"]() for name in names)):
                parts = dict(zip(names, values, strict=True))
                yield Address(rule, urls.build(rule.endpoint, parts) + WHOLE_PAGES.get(rule.endpoint, ""), parts)


def opens_to(app: Flask, endpoint: str, roles: Collection[str]) -> bool:
    """Whether the guard of a route lets these roles through, before anything is looked up."""
    needed = app.view_functions[endpoint].action.roles  # type: ignore[attr-defined]
    return needed == ANYONE or bool(needed & set(roles))


def is_left_to_others(app: Flask, address: Address, number: int) -> bool:
    """Whether a page for anybody, which knows nobody's roles, is tried by others of the staff: in a test run by one of SHUT_TO in a row."""
    return opens_to(app, address.endpoint, ()) and not is_at_turn(address.endpoint, number, SHUT_TO)


def worth_trying(app: Flask, found: Iterable[Address], roles: Collection[str], *, number: int, settings: bool) -> Iterator[Address]:
    """What somebody with these roles is to try: all they may open, and of each rule they may not, one address, for the guard asks
    before anybody knows which one is meant; cases are tried all the same. Pages of settings they may not open are left to few, those
    with `settings`. Of what else is shut, a test run tries a sixth with each person, by their `number`."""
    shut: set[str] = set()
    for address in found:
        if opens_to(app, address.endpoint, roles) or address.endpoint.startswith(("cases.", "case_path.")):
            yield address
        elif address.endpoint not in shut and (settings or not address.endpoint.startswith("settings_")):
            shut.add(address.endpoint)
            if address.endpoint.startswith("settings_") or is_at_turn(address.endpoint, number, SHUT_TO):
                yield address
