"""Compares two versions: changes in sentences, both drawings with marks, and details by element or table row."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from casework.db import db
from casework.models import Centre
from casework.permissions import Action
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes
from web.locales import language
from web.studio.versions import BASIS_LABELS, CHANGE_LABELS, KEY_LABELS, MOST_CHANGES, STATE_LABELS
from workflows.comparison.changes import Baseline, ChangeKind, baseline_of
from workflows.comparison.details import DetailedChange, details_of
from workflows.comparison.facts import ASPECT_WORDS, Aspect
from workflows.comparison.model import model_of
from workflows.comparison.sentences import bounded, sentences_of
from workflows.comparison.tables import RowKind, columns_between, rows_of
from workflows.definitions.parsed import text_of
from workflows.diagrams import named_in
from workflows.drafting.drafts import is_discarded
from workflows.drafting.renaming import drawn_id, set_apart
from workflows.drafting.version_lists import ScopeSeen, versions_seen
from workflows.models import ProcessVersion
from workflows.routing.table_rows import names_in_tables, table_of
from workflows.versions.live import ROUTING, version_for
from workflows.versions.step_origins import reused_between

bp = Blueprint("studio_comparing", __name__)

MOST_SENTENCES = 60
MOST_SHOWN_ROWS = 500
ROW_LABELS = {
    RowKind.SAME: _l("as before"),
    RowKind.ADDED: CHANGE_LABELS[ChangeKind.ADDED],
    RowKind.CHANGED: CHANGE_LABELS[ChangeKind.CHANGED],
    RowKind.MOVED: _l("at another place"),
    RowKind.REMOVED: CHANGE_LABELS[ChangeKind.REMOVED],
}


@bp.get("/studio/versions/<ref>/compare")
@performs(Action.READ_PROCESS)
@allow_inline_style_attributes
def compare(ref: str) -> ResponseReturnValue:
    """`with` names the other version, one of the same process that the person may read; by default, the version's basis."""
    by = actor()
    version = found(version_for(by, ref))
    measure = baseline_of(version, by=by)
    wanted = request.args.get("with", "")
    other: ProcessVersion | None
    if wanted:
        other = found(version_for(by, wanted))
        found(other if other.key == version.key else None)
    else:
        other = measure.version if measure is not None else None
    scopes = versions_seen(by, key=version.key)
    return render_template(
        "studio/compare.html",
        version=version,
        other=other,
        whose=_centre(version),
        other_whose=_centre(other) if other is not None else None,
        basis=_basis(measure, other),
        choices=_choices(scopes, version),
        key_labels=KEY_LABELS,
        state_labels=STATE_LABELS,
        state_of=_state,
        **(_nothing() if other is None else _tables(other, version) if version.key == ROUTING else _models(other, version)),
    )


def _nothing() -> dict[str, Any]:
    return {"groups": (), "left": 0, "changes": (), "rows": None}


def _models(other: ProcessVersion, version: ProcessVersion) -> dict[str, Any]:
    before, after = text_of(other), text_of(version)
    old, new = model_of(set_apart(before, after, reused_between(other, version))), model_of(after)
    groups, left = bounded(sentences_of(old, new), MOST_SENTENCES)
    changes = details_of(old, new)
    return {
        "groups": groups,
        "left": left,
        "changes": changes[:MOST_CHANGES],
        "more_changes": max(0, len(changes) - MOST_CHANGES),
        "change_labels": CHANGE_LABELS,
        "aspect_words": ASPECT_WORDS,
        "told": _told,
        "drawn_id": drawn_id,
        "diagrams": [(other, named_in(before, language()), _marks(changes, old_side=True)),
                     (version, named_in(after, language()), _marks(changes, old_side=False))],
        "listed": {each.change.element for each in changes[:MOST_CHANGES]},
        "rows": None,
    }  # fmt: skip


def _marks(changes: tuple[DetailedChange, ...], *, old_side: bool) -> dict[str, list[str]]:
    """The marks in one of the drawings: removed elements in the old one, new ones in the new one, changed ones in both."""
    own = ChangeKind.REMOVED if old_side else ChangeKind.ADDED
    by_kind = {kind: [drawn_id(each.change.element) for each in changes if each.change.kind == kind] for kind in (own, ChangeKind.CHANGED)}
    return {str(kind): elements for kind, elements in by_kind.items()}


def _told(changed: DetailedChange) -> list[Any]:
    """The details of one element worth a line; for a new or removed one, its kind already precedes its name."""
    return [each for each in changed.details if changed.change.kind == ChangeKind.CHANGED or each.aspect != Aspect.KIND]


def _tables(other: ProcessVersion, version: ProcessVersion) -> dict[str, Any]:
    before, after = text_of(other), text_of(version)
    old, new = table_of(before), table_of(after)
    rows = rows_of(old, new)
    return {
        "groups": (),
        "left": 0,
        "changes": (),
        "rows": rows[:MOST_SHOWN_ROWS],
        "more_rows": max(0, len(rows) - MOST_SHOWN_ROWS),
        "counts": {kind: sum(row.kind == kind for row in rows) for kind in RowKind},
        "columns": columns_between(before, after),
        "change_labels": ROW_LABELS,
        "row_labels": ROW_LABELS,
        "headings": _headings(old, new),
        "words": names_in_tables(other) | names_in_tables(version),
    }


def _headings(old: Any, new: Any) -> list[tuple[Any, bool]]:
    """The columns of a row's cells, and whether each is an output: the new table's, then removed ones."""
    now_ = [*((label, False) for _id, label in new.inputs), *((label, True) for _id, label in new.outputs)]
    known = {id_ for id_, _label in (*new.inputs, *new.outputs)} | {label for label, _is in now_}
    gone = [(label, False) for id_, label in old.inputs if id_ not in known and label not in known]
    return [*now_, *gone, *((label, True) for id_, label in old.outputs if id_ not in known and label not in known)]


def _choices(scopes: list[ScopeSeen], version: ProcessVersion) -> list[tuple[Centre | None, list[ProcessVersion]]]:
    """Every version of the process to compare with, by scope."""
    listed = [(scope.centre, [*(each.version for each in scope.versions), *scope.discarded]) for scope in scopes]
    return [(centre, [each for each in rows if each.id != version.id]) for centre, rows in listed]


def _basis(measure: Baseline | None, other: ProcessVersion | None) -> str | None:
    if measure is None or other is None or measure.version.id != other.id:
        return None
    return str(BASIS_LABELS[measure.basis]) % {"number": other.number}


def _centre(version: ProcessVersion) -> Centre | None:
    return db.session.get(Centre, version.centre_id) if version.centre_id else None


def _state(version: ProcessVersion) -> str:
    return "discarded" if is_discarded(version) else version.state
