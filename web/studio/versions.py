"""The process studio: processes and their versions, findings of checks, approvals, and the acts on each version."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Centre
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed, may
from web.clock import now
from web.forms import Refusal
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes
from web.locales import in_reader_language as local
from web.locales import language
from web.studio.acts import ACTS, acts_for
from workflows.comparison.changes import Basis, ChangeKind, baseline_of, changes_between
from workflows.comparison.sentences import bounded, sentences_between
from workflows.definitions.findings import Checked
from workflows.definitions.parsed import text_of
from workflows.definitions.reading import MAX_BYTES
from workflows.diagrams import named_in
from workflows.drafting.drafts import FILE_NOTE, LONGEST_NOTE, OUR_NOTES, VersionMoved, is_discarded, start_draft
from workflows.drafting.renaming import set_apart
from workflows.drafting.version_lists import MOST_COUNTED, MOST_VERSIONS, open_cases_of, places_to_edit, versions_seen
from workflows.figures.step_counts import open_steps
from workflows.models import ProcessVersion
from workflows.moving.plans import move_scopes
from workflows.rehearsal.reading import newest_of
from workflows.rehearsal.running import HISTORY, SCENARIOS
from workflows.routing.table_rows import names_in_tables, table_of
from workflows.versions.events import history_of, why_not_approve
from workflows.versions.live import FIELD_REPORT, ROUTING, SHIPPED, check_text, check_version, version_for
from workflows.versions.starting_models import STARTING_MODELS
from workflows.versions.step_origins import reused_between

bp = Blueprint("studio", __name__)

KEY_LABELS = {FIELD_REPORT: _l("Handling of reports"), ROUTING: _l("Table of suggested agencies")}
STATE_LABELS = {
    "draft": _l("Draft"),
    "checked": _l("Waits for approval"),
    "approved": _l("Approved"),
    "live": _l("Live"),
    "retired": _l("Retired"),
    "discarded": _l("Discarded"),
}
EVENT_LABELS = {
    "publish_version": _l("Came with the software and went live"),
    "start_draft": _l("Draft begun"),
    "edit_draft": _l("Edited"),
    "hand_in": _l("Handed in for approval"),
    "take_back": _l("Taken back to edit"),
    "send_back": _l("Sent back"),
    "approve_version": _l("Approved"),
    "put_live": _l("Put live"),
    "roll_back": _l("Made live again"),
    "discard_draft": _l("Discarded"),
    "hand_on": _l("Handed on by the centre it follows"),
    "plan_move": _l("Moving open cases: looked ahead"),
    "map_move": _l("Moving open cases: places chosen"),
    "begin_move": _l("Moving open cases: begun"),
    "pause_move": _l("Moving open cases: paused"),
    "go_on_with_move": _l("Moving open cases: gone on with"),
    "undo_move": _l("Moving open cases: being brought back"),
    "drop_move": _l("Moving open cases: plan dropped"),
}
CHANGE_LABELS = {ChangeKind.ADDED: _l("new"), ChangeKind.CHANGED: _l("changed"), ChangeKind.REMOVED: _l("gone")}
BASIS_LABELS = {
    Basis.LIVE: _l("Compared with what is live: version %(number)s"),
    Basis.REPLACED: _l("Compared with the one it replaced: version %(number)s"),
    Basis.DRAWN_FROM: _l("Compared with the one it was drawn from: version %(number)s"),
}
MOST_CHANGES = 60
"""Changes listed on a page; the drawing marks them all."""
MOST_TOLD = 20
"""Sentences next to the drawing; the comparison page has more."""
FILE_ENDINGS = {FIELD_REPORT: "bpmn", ROUTING: "dmn"}
INSTALLATION = "installation"
"""The value for the installation as a scope, in addresses and forms."""
NO_REVISION = -1
"""A revision no draft has, for invalid input."""


@bp.get("/studio")
@performs(Action.READ_PROCESS)
def studio() -> ResponseReturnValue:
    return _list_page()


@bp.post("/studio/drafts")
@performs(Action.EDIT_PROCESS)
def start() -> ResponseReturnValue:
    """Start a draft from a version the person may read, from a starting model, or from the scope's live version."""
    base_ref, model_key = request.form.get("base", ""), request.form.get("model", "")
    model = found(STARTING_MODELS.get(model_key)) if model_key else None
    base = found(version_for(actor(), base_ref)) if base_ref else None
    key = base.key if base is not None else FIELD_REPORT if model is not None else request.form.get("key", "")
    centre_id = _scope_sent()
    try:
        with unit_of_work():
            draft = start_draft(
                by=actor(), now=now(), key=key, centre_id=centre_id, base=base, xml=model.text if model is not None else None,
                note=model.note if model is not None else request.form.get("note", ""),
            )  # fmt: skip
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        flash(local(refusal.text), "danger")
        return redirect(url_for(".version", ref=base.ref) if base is not None else url_for(".studio"))
    flash(_("Draft %(number)s is begun.", number=draft.number))
    return redirect(_edit_url(draft) or url_for(".version", ref=draft.ref))


@bp.post("/studio/uploads")
@performs(Action.EDIT_PROCESS)
def upload() -> ResponseReturnValue:
    """Make a draft from a file, even with findings; an unreadable file is refused."""
    key, centre_id, file = request.form.get("key", ""), _scope_sent(), request.files.get("file")
    name = (file.filename if file else "") or ""
    xml = file.stream.read(MAX_BYTES + 1) if file and name else b""
    if key not in SHIPPED or not xml:
        return _list_page(refused=(name, _("Please choose a file.") if not name else _("The file is empty."), None), at="file"), 422
    checked = check_text(key, xml)
    if not checked.is_readable:
        return _list_page(refused=(name, _("The file cannot be read as a process of this kind."), checked), at="file"), 422
    try:
        with unit_of_work():
            draft = start_draft(
                by=actor(), now=now(), key=key, centre_id=centre_id, xml=xml, note=request.form.get("note", "").strip() or FILE_NOTE
            )
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _list_page(refused=(name, local(refusal.text), None)), 422
    flash(_("The file has become draft %(number)s.", number=draft.number))
    return redirect(url_for(".version", ref=draft.ref))


@bp.get("/studio/versions/<ref>")
@performs(Action.READ_PROCESS)
@allow_inline_style_attributes
def version(ref: str) -> ResponseReturnValue:
    return _version_page(found(version_for(actor(), ref)))


@bp.get("/studio/versions/<ref>/text")
@performs(Action.READ_PROCESS)
def text(ref: str) -> ResponseReturnValue:
    seen = found(version_for(actor(), ref))
    answer = Response(text_of(seen), mimetype="application/xml")
    answer.headers["Content-Disposition"] = f'attachment; filename="{seen.key}-{seen.number}.{FILE_ENDINGS[seen.key]}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/studio/versions/<ref>/<verb>")
@performs(Action.READ_PROCESS)
@allow_inline_style_attributes
def act(ref: str, verb: str) -> ResponseReturnValue:
    """Perform an act on a version; a refusal is shown at its button, with the words that were typed."""
    seen, kind = found(version_for(actor(), ref)), found(ACTS.get(verb))
    words, sent = request.form.get("words", ""), request.form.get("revision", "")
    number = number_in(sent)
    revision = NO_REVISION if number is None and sent else number
    if kind.needs_clean:
        check_version(seen)  # slow, so it runs before the transaction, which uses the cached result
    try:
        with unit_of_work():
            kind.do(seen, actor(), now(), words, revision)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        still = found(version_for(actor(), ref))
        return _version_page(still, refused=(verb, local(refusal.text), words)), 409 if isinstance(refusal, VersionMoved) else 422
    flash(str(kind.done))
    return redirect(url_for(".version", ref=ref))


def _list_page(*, refused: tuple[str, str, Checked | None] | None = None, at: str = "") -> str:
    by = actor()
    scopes = versions_seen(by)
    places = places_to_edit(by)
    return render_template(
        "studio/studio.html",
        scopes=scopes,
        places=places,
        may_edit=bool(places),
        installation=INSTALLATION,
        starting_models=STARTING_MODELS.values(),
        most=MOST_COUNTED,
        most_versions=MOST_VERSIONS,
        refused=refused,
        refusal=Refusal(": ".join(filter(None, refused[:2])), at) if refused is not None else None,
        longest=LONGEST_NOTE,
        typed=request.form,
        **_words(),
    )


def _version_page(seen: ProcessVersion, *, refused: tuple[str, str, str] | None = None) -> str:
    by, xml = actor(), text_of(seen)
    checked = check_version(seen)
    acts = acts_for(seen, by)
    if refused is not None and refused[0] not in acts:
        # the button is gone: the refusal and the typed words are shown on top
        acts_gone, refused_verb = refused, None
    else:
        acts_gone, refused_verb = None, refused[0] if refused else None
    bar = why_not_approve(seen, by=by, now=now()) if "approve_version" in acts else None
    base = db.session.get(ProcessVersion, seen.base_id) if seen.base_id else None
    return render_template(
        "studio/version.html",
        version=seen,
        state=_state(seen),
        whose=_centre(seen),
        base=base,
        checked=checked,
        acts=acts,
        refused=refused,
        refused_verb=refused_verb,
        acts_gone=acts_gone,
        bar=bar,
        history=history_of(seen),
        siblings=versions_seen(by, key=seen.key),
        places=places_to_edit(by),
        installation=INSTALLATION,
        longest=LONGEST_NOTE,
        most=MOST_COUNTED,
        open_cases=open_cases_of([seen], by=by).get(seen.id),
        table=table_of(xml) if seen.key == ROUTING else None,
        table_words=names_in_tables(seen) if seen.key == ROUTING else {},
        diagram=named_in(xml, language()) if seen.key != ROUTING else None,
        moves_url=_moves_url(seen),
        counts=open_steps(seen, by=by) if seen.key == FIELD_REPORT and seen.live_at is not None else {},
        rehearsed=_rehearsed(seen),
        edit_url=_edit_url(seen) if seen.state == "draft" and "hand_in" in acts else None,
        **_comparison(seen, xml, checked),
        **_words(),
    )


def _comparison(seen: ProcessVersion, xml: bytes, checked: Checked) -> dict[str, Any]:
    """What changed since the version it is measured by, and what the drawing marks: changes, and the elements with errors."""
    measure = baseline_of(seen, by=actor())
    before = set_apart(text_of(measure.version), xml, reused_between(measure.version, seen)) if measure is not None else b""
    changes = changes_between(before, xml) if measure is not None else ()
    errors = {finding.element for finding in checked.errors if finding.element}
    changed = {change.element for change in changes if change.kind != ChangeKind.REMOVED} - errors
    return {
        "measure": measure,
        "measure_whose": _centre(measure.version) if measure is not None and measure.version.centre_id != seen.centre_id else None,
        "basis_labels": BASIS_LABELS,
        "changes": changes,
        "told": bounded(sentences_between(before, xml) if measure and changes and seen.key != ROUTING else (), MOST_TOLD),
        "hidden": {change.element for change in changes if not change.is_shown},
        "most_changes": MOST_CHANGES,
        "change_labels": CHANGE_LABELS,
        "marks": {"errors": sorted(errors), "changed": sorted(changed)},
    }


def _rehearsed(seen: ProcessVersion) -> dict[str, Any] | None:
    """The latest rehearsal results of the text, for people who rehearse; else None."""
    by = actor()
    if seen.key != FIELD_REPORT or not may(by, Action.REHEARSE):
        return None
    newest = {kind: newest_of(seen, kind, by=by) for kind in (SCENARIOS, HISTORY)}
    return {kind: each for kind, each in newest.items() if each is not None and each.result and each.sha256 == seen.sha256}


def _centre(seen: ProcessVersion) -> Centre | None:
    return db.session.get(Centre, seen.centre_id) if seen.centre_id else None


def _words() -> dict[str, Any]:
    return {"key_labels": KEY_LABELS, "state_labels": STATE_LABELS, "event_labels": EVENT_LABELS, "state_of": _state, "said": _said}


def _said(note: str | None) -> str:
    """A note as it was written; the program's own notes are in both languages."""
    vi, _slash, en = (note or "").partition(" / ")
    return local(Bilingual(vi, en)) if en and vi.startswith(OUR_NOTES) else note or ""


def _state(seen: ProcessVersion) -> str:
    return "discarded" if is_discarded(seen) else seen.state


def _scope_sent() -> int | None:
    """The scope named by a form: a centre the person may edit in, or the installation. Raises NotFound for any other."""
    wanted = request.form.get("scope", "")
    places = {place.ref if place is not None else INSTALLATION: place for place in places_to_edit(actor())}
    if wanted not in places:
        found(None)
    place = places[wanted]
    return place.id if place is not None else None


def _moves_url(seen: ProcessVersion) -> str | None:
    """The page for moving open cases to a version, for people who may and where there can be any."""
    may_move = seen.key == FIELD_REPORT and not is_discarded(seen) and bool(move_scopes(actor(), seen))
    return url_for("studio_moves.moves", ref=seen.ref) if may_move else None


def _edit_url(draft: ProcessVersion) -> str | None:
    return url_for("studio_editor.edit", ref=draft.ref) if "studio_editor.edit" in current_app.view_functions else None
