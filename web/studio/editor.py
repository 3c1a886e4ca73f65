"""The editor of drafts: the page with the drawing or the table, data for its scripts, and saving the texts the browser sends."""

import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Centre, ElementSetting
from casework.permissions import Action
from casework.settings.elements import rule_of
from casework.settings.role_labels import ROLE_WORDS
from web.clock import now
from web.filters import local_datetime
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes, sent_json
from web.locales import in_reader_language as local
from web.studio.daily import limit_words, lines_of
from web.studio.step_templates import templates_told
from web.studio.table import editable, table_page
from web.studio.versions import KEY_LABELS
from web.studio.vocabulary import vocabulary
from workflows.definitions.findings import Checked
from workflows.definitions.parsed import text_of
from workflows.definitions.process import MAX_BYTES
from workflows.drafting.drafts import PartsLost, Saved, TextUnreadable, save_draft
from workflows.models import ProcessVersion
from workflows.versions.live import ROUTING, check_version, live_version
from workflows.versions.step_origins import new_stamp, reused_between

bp = Blueprint("studio_editor", __name__)

MOST_SENT = 2 * MAX_BYTES + 200_000
"""The most bytes of a request to save: as JSON a text may double in size, and the ids of touched elements are added."""
PAGE_NAME = re.compile("[0-9a-f]{24}")
MOST_TOUCHED = 2_000
ICONS = ("alert-circle", "info-circle", "plus", "trash", "chevron-up", "chevron-down", "x")
"""Icons drawn by the scripts."""
OF_CITIZENS = frozenset({"alert-circle", "info-circle", "x"})


@bp.get("/studio/versions/<ref>/edit")
@performs(Action.EDIT_PROCESS)
@allow_inline_style_attributes
def edit(ref: str) -> ResponseReturnValue:
    version = editable(ref)
    if version.state != "draft":
        flash(_("Only drafts can be changed. Version %(number)s can be read here.", number=version.number))
        return redirect(url_for("studio.version", ref=ref))
    if version.key == ROUTING:
        return table_page(version)
    return render_template(
        "studio/edit.html", version=version, title=KEY_LABELS[version.key], saved_at=saved_words(version), data=_told_to_page(version)
    )


@bp.get("/studio/versions/<ref>/source")
@performs(Action.EDIT_PROCESS)
def source(ref: str) -> ResponseReturnValue:
    """Data for the editor's scripts: the text, its findings, and the vocabulary. It contains no token, since it is sent compressed."""
    version = editable(ref)
    found(version if version.key != ROUTING else None)
    answer: Response = jsonify(_source(version))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.put("/studio/versions/<ref>/text")
@performs(Action.EDIT_PROCESS)
def text(ref: str) -> ResponseReturnValue:
    """Save what the editor sends: JSON `{xml, revision, touched, page}`. Answers in JSON; 409 when somebody else saved meanwhile."""
    version = editable(ref)
    if (request.content_length or 0) > MOST_SENT:
        return {"refusal": _("The text is too large to be saved (1 MB at most).")}, 413
    request.max_content_length = MOST_SENT
    sent = _sent(sent_json())
    if sent is None:
        return {"refusal": _("What was sent is no draft.")}, 422
    if len(sent["xml"]) > MAX_BYTES:
        return {"refusal": _("The text is too large to be saved (1 MB at most).")}, 413
    try:
        with unit_of_work():
            saved = save_draft(version, by=actor(), now=now(), **sent)
    except TextUnreadable as refusal:
        return {"refusal": local(refusal.text), "findings": findings_told(refusal.checked) if refusal.checked else []}, 422
    except PartsLost as refusal:
        return {"refusal": local(refusal.text), "elements": refusal.elements}, 422
    except CaseworkError as refusal:
        return {"refusal": local(refusal.text)}, 422
    if saved.conflict:
        return _conflict(saved), 409
    return {"revision": saved.version.revision, "saved_at": saved_words(saved.version), "findings": findings_of(saved.version)}


def findings_of(version: ProcessVersion) -> list[dict[str, Any]]:
    """A version's findings as plain data in the reader's language."""
    return findings_told(check_version(version))


def findings_told(checked: Checked) -> list[dict[str, Any]]:
    """A check's findings as plain data in the reader's language."""
    return [
        {
            "check": each.check,
            "element": each.element,
            "what": local(each.what),
            "why": local(each.why),
            "mend": local(each.mend),
            "is_error": each.is_error,
        }
        for each in checked.findings
    ]


def saved_words(version: ProcessVersion) -> str:
    return local_datetime(version.saved_at or version.created_at)


def _told_to_page(version: ProcessVersion) -> dict[str, Any]:
    return {
        "ref": version.ref,
        "source_url": url_for(".source", ref=version.ref),
        "save_url": url_for(".text", ref=version.ref),
        "picture_url": url_for("studio_exports.picture", ref=version.ref),
        "file_name": f"{version.key}-{version.number}",
        "token": generate_csrf(),
        "icons": {name: url_for("static", filename=f"vendor/tabler/{'citizen' if name in OF_CITIZENS else 'staff'}.svg") for name in ICONS},
    }


def _source(version: ProcessVersion) -> dict[str, Any]:
    return {
        "xml": text_of(version).decode("utf-8", "replace"),
        "revision": version.revision,
        "saved_at": saved_words(version),
        "findings": findings_of(version),
        "vocabulary": vocabulary(),
        "templates": templates_told(),
        "daily": daily_of(version),
        "id_stamp": new_stamp(),
        "daily_url": url_for("studio_daily.daily"),
    }


def daily_of(version: ProcessVersion) -> dict[str, dict[str, str]]:
    """The daily settings of the version's scope, by element: `limit`, `role`, `label` and `help` in the reader's language."""
    centre = db.session.get(Centre, version.centre_id) if version.centre_id else None
    rows = {line.element: line.present for line in lines_of(centre) if line.present is not None}
    others = reused_between(live_version(version.centre_id), version) if rows else ()
    return {element: {name: words for name, words in _set_words(row) if words} for element, row in rows.items()
            if element not in others}


def _set_words(row: ElementSetting) -> Iterator[tuple[str, str]]:
    rule = rule_of(row)
    yield "limit", limit_words(rule.limit) if rule.limit is not None else ""
    yield "role", local(ROLE_WORDS[rule.role]) if rule.role is not None else ""
    yield "label", local(rule.label)
    yield "help", local(rule.help)


def _sent(given: Any) -> dict[str, Any] | None:
    """The parts of a request to save, None when it is malformed."""
    if not isinstance(given, dict):
        return None
    xml, revision, touched = given.get("xml"), given.get("revision"), given.get("touched", [])
    if not isinstance(xml, str) or not isinstance(revision, int) or not isinstance(touched, list) or len(touched) > MOST_TOUCHED:
        return None
    page = given.get("page")
    return {
        # an unpaired surrogate is no character, and no file can hold it
        "xml": xml.encode("utf-8", "replace"),
        "revision": revision,
        "touched": [each for each in touched if isinstance(each, str)],
        "page": page if isinstance(page, str) and PAGE_NAME.fullmatch(page) else None,
    }


def _conflict(saved: Saved) -> dict[str, Any]:
    kept, current = saved.version, saved.current
    return {
        "kept": {
            "ref": kept.ref,
            "number": kept.number,
            "revision": kept.revision,
            "url": url_for(".edit", ref=kept.ref),
            "version_url": url_for("studio.version", ref=kept.ref),
        },
        "current": {
            "number": current.number,
            "saved_by": current.saved_by.full_name if current.saved_by else _("the software"),
            "saved_at": saved_words(current),
            "url": url_for("studio.version", ref=current.ref),
        },
        "findings": findings_of(kept),
    }
