"""Freezing and correcting figures on request: the worker counts, checks permission again when it stores them, and makes a file of the
result."""

from datetime import datetime
from typing import Any

import orjson

from casework.db import db, unit_of_work
from casework.models import FiguresSnapshot, Output
from casework.outputs import OutputRefused
from reports.statistics.snapshots import correct, freeze, newest_of, period_of, snapshot_seen
from reports.tables.writing import MEDIA_TYPES
from web.outputs.listing import period_ordered
from web.outputs.making import MAKERS, Made, OutputDropped, Progress
from workflows.figures.freezing import counted


def freeze_counted(output: Output, progress: Progress) -> Made:
    """Freeze a period. Skips what an interrupted attempt has already stored."""
    period = period_ordered(output)
    kept = newest_of(period, centre_id=output.centre_id)
    if not _is_of(kept, output):
        centre_id = output.centre_id
        content = counted(period, centre_id=centre_id, now=progress.now, say=progress.tell)
        with unit_of_work(keeps_rows=True):
            _refuse_dropped(progress)
            kept = freeze(period, centre_id=centre_id, by=progress.by, now=progress.now, content=content)
    return _made(kept, progress)


def correct_counted(output: Output, progress: Progress) -> Made:
    """Store a correction of frozen figures, as `freeze_counted` does."""
    ref, reason = str(output.parameters.get("snapshot") or ""), str(output.parameters.get("reason") or "")
    frozen = snapshot_seen(progress.by, ref)
    if frozen is None or frozen.centre_id != output.centre_id:
        raise OutputRefused("Không tìm thấy bản chốt số liệu này.", "There are no such frozen figures.")
    kept = newest_of(period_of(frozen), centre_id=output.centre_id)
    if not (kept is not None and kept.corrects_id == frozen.id and _is_of(kept, output)):
        content = counted(period_of(frozen), centre_id=frozen.centre_id, now=progress.now, say=progress.tell)
        with unit_of_work(keeps_rows=True):
            _refuse_dropped(progress)
            again = snapshot_seen(progress.by, ref)
            assert again is not None
            kept = correct(again, reason=reason, by=progress.by, now=progress.now, content=content)
    return _made(kept, progress)


def _is_of(kept: FiguresSnapshot | None, output: Output) -> bool:
    return kept is not None and kept.made_by_id == output.asked_by_id and kept.made_at >= output.asked_at


def _refuse_dropped(progress: Progress) -> None:
    if progress.is_dropped:
        raise OutputDropped


def _made(kept: FiguresSnapshot | None, progress: Progress) -> Made:
    assert kept is not None
    content: dict[str, Any] = {"number": kept.number, "digest": kept.digest, "made_at": _iso(kept.made_at), **kept.content}
    number = sum(len(subjects) for subjects in kept.content["figures"].values())
    name = f"so-lieu-da-chot-{kept.centre.code_prefix}-{kept.name}-{kept.number}.json".lower()
    db.session.rollback()
    progress.tell(number, number)
    return Made(orjson.dumps(content, option=orjson.OPT_INDENT_2), name, MEDIA_TYPES["json"])


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


MAKERS["freeze_figures"] = freeze_counted
MAKERS["correct_figures"] = correct_counted
