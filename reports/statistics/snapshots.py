"""Figures frozen when their period was closed. A snapshot never changes; a correction is another snapshot.

A snapshot holds every figure, in total and by every dimension, with the labels of that day, and a digest of all that. The digest is also
recorded in the chain of events, so that changing the row would be detected (verify).
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.facts.progress import waits_since
from casework.findings import Finding, fault
from casework.models import CaseSpan, Centre, Event, FactsProgress, FiguresSnapshot, RefusalReason
from casework.permissions import SYSTEM, Action, Actor, NotAllowed, require
from casework.text import normal
from reports.statistics.counting import figures_of
from reports.statistics.figures import FIGURES
from reports.statistics.periods import Period
from reports.statistics.reach import reaches_of
from reports.statistics.subjects import WHOLE, Dimension, Scope, names_of

FREEZE, CORRECT = "freeze_figures", "correct_figures"
SHORTEST_REASON, LONGEST_REASON = 10, 1_000
PAGE = 50
FORM = 1
"""Version of the content's format."""

SETTLED = timedelta(minutes=2)
"""Facts of the last moments before a cut-off are stored a little later (casework/facts/keeping.py)."""

NOT_COUNTED = Bilingual(
    "Số liệu chưa tính kịp mọi việc của kỳ này; vui lòng thử lại sau ít phút.",
    "Not everything that happened in the period has been counted yet; please try again in a few minutes.",
)

DIMENSIONS = (Dimension.FIELD, Dimension.AREA, Dimension.AGENCY, Dimension.URGENCY, Dimension.SOURCE)


class SnapshotRefused(CaseworkError):
    """The figures cannot be frozen or corrected; the text says why."""


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure a correction changed. `dimension` is "all" for the total; a part is a reason, a level, or one of two numbers."""

    dimension: str
    subject: str
    figure: str
    part: str
    before: Any
    after: Any


def content_of(
    period: Period, *, centre_id: int, steps: Sequence[Mapping[str, Any]] = (), say: Callable[[int, int], None] | None = None
) -> dict[str, Any]:  # fmt: skip
    """Return everything a snapshot of a period would hold now. Changes nothing; long periods take seconds, so call it beforehand.

    `steps` are the hours by step, which only the process knows (workflows/figures/steps.py); `say` is told how many parts of how many are
    counted.
    """
    scope = Scope((centre_id,))
    centre = db.session.get_one(Centre, centre_id)
    figures: dict[str, Any] = {}
    names: dict[str, Any] = {}
    dimensions = (*DIMENSIONS, *([Dimension.MONTH] if len(period.months()) > 1 else []))
    for number, dimension in enumerate(dimensions):
        if say is not None:
            say(number, len(dimensions))
        found = figures_of(scope, period, by=dimension)
        figures["all"] = {WHOLE: found.pop(WHOLE)}
        figures[dimension] = found
        names[dimension] = {subject: list(name) for subject, name in names_of(dimension, found).items()}
    reasons = select(RefusalReason).where(RefusalReason.key.in_(figures["all"][WHOLE]["refused"])).order_by(RefusalReason.id)
    names["reason"] = {reason.key: list(reason.name) for reason in db.session.scalars(reasons)}
    return {
        "form": FORM,
        "centre": {"code": centre.code_prefix, "name": list(centre.name)},
        "period": {"kind": period.kind, "name": period.name, "since": period.since.isoformat(), "until": period.until.isoformat()},
        "figures": figures,
        "names": names,
        "steps": [dict(step) for step in steps],
    }


def digest_of(content: Mapping[str, Any]) -> str:
    """The SHA-256 of a content, independent of how a database writes numbers and sorts keys."""
    return hashlib.sha256(orjson.dumps(_plain(content), option=orjson.OPT_SORT_KEYS)).hexdigest()


def refuse_freezing(period: Period, *, centre_id: int, by: Actor, now: datetime) -> None:
    """Raise NotAllowed or SnapshotRefused if a period cannot be frozen now; checked on request, and again when counted."""
    _require(by, centre_id)
    if not period.is_over(now):
        raise SnapshotRefused("Kỳ này chưa hết, chưa thể chốt.", "This period is not over yet.")
    if newest_of(period, centre_id=centre_id) is not None:
        raise SnapshotRefused("Số liệu của kỳ này đã chốt; có thể lập bản đính chính.", "This period is frozen; it can be corrected.")
    require_settled(period, now)


def refuse_correction(snapshot: FiguresSnapshot, *, reason: str, by: Actor, now: datetime) -> None:
    """Raise NotAllowed or SnapshotRefused if frozen figures cannot be corrected; whether they differ is known once counted."""
    _require(by, snapshot.centre_id)
    if not SHORTEST_REASON <= len(normal(reason)) <= LONGEST_REASON:
        raise SnapshotRefused(
            f"Vui lòng ghi lý do đính chính, từ {SHORTEST_REASON} đến {LONGEST_REASON} ký tự.",
            f"Please give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters.",
        )
    period = period_of(snapshot)
    require_settled(period, now)
    if waits_since(now) is not None:
        # the correction may be about a change made after the period
        raise SnapshotRefused(*NOT_COUNTED)
    newest = newest_of(period, centre_id=snapshot.centre_id)
    if newest is not None and newest.id != snapshot.id:
        # somebody was quicker; what was counted before may be older than what they stored
        raise SnapshotRefused(
            "Kỳ này đã có bản đính chính mới hơn; vui lòng xem bản đó.", "There is a newer correction of this period; please read that one."
        )


def freeze(
    period: Period, *, centre_id: int, by: Actor, now: datetime, content: Mapping[str, Any] | None = None
) -> FiguresSnapshot:  # fmt: skip
    """Store the figures of a period that is over. Records `freeze_figures`.

    `content` is the result of content_of() from before this unit of work. Raises NotAllowed, SnapshotRefused.
    """
    _require(by, centre_id)
    _lock(centre_id)
    refuse_freezing(period, centre_id=centre_id, by=by, now=now)
    return _keep(period, centre_id, dict(content or content_of(period, centre_id=centre_id)), by=by, now=now, kind=FREEZE)


def correct(
    snapshot: FiguresSnapshot, *, reason: str, by: Actor, now: datetime, content: Mapping[str, Any] | None = None
) -> FiguresSnapshot:  # fmt: skip
    """Store the present figures of a frozen period in a new snapshot, with the differences. Records `correct_figures`.

    Raises NotAllowed, SnapshotRefused when no reason is given or nothing differs.
    """
    _require(by, snapshot.centre_id)
    _lock(snapshot.centre_id)
    refuse_correction(snapshot, reason=reason, by=by, now=now)
    period = period_of(snapshot)
    fresh = dict(content or content_of(period, centre_id=snapshot.centre_id))
    changes = list(differences(snapshot.content, fresh))
    if not changes:
        raise SnapshotRefused("Số liệu hiện nay không khác bản đã chốt.", "The figures do not differ from what is frozen.")
    return _keep(
        period, snapshot.centre_id, fresh, by=by, now=now, kind=CORRECT, corrects=snapshot, reason=normal(reason), changes=changes
    )  # fmt: skip


def period_of(snapshot: FiguresSnapshot) -> Period:
    """The period with the begin and end it was frozen with."""
    return Period(snapshot.period, snapshot.name, snapshot.since_at, snapshot.until_at, snapshot.centre_id)


def newest_of(period: Period, *, centre_id: int) -> FiguresSnapshot | None:
    """The newest snapshot with exactly this begin and end; None if the period is not frozen."""
    query = select(FiguresSnapshot).where(
        FiguresSnapshot.centre_id == centre_id, FiguresSnapshot.since_at == period.since, FiguresSnapshot.until_at == period.until
    )  # fmt: skip
    return db.session.scalars(query.order_by(FiguresSnapshot.number.desc()).limit(1)).first()


def snapshots_of(period: Period, *, centre_id: int) -> list[FiguresSnapshot]:
    """Every snapshot of a period, newest first."""
    query = select(FiguresSnapshot).where(
        FiguresSnapshot.centre_id == centre_id, FiguresSnapshot.since_at == period.since, FiguresSnapshot.until_at == period.until
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(FiguresSnapshot.number.desc()).limit(PAGE)))


def snapshots_seen(by: Actor, *, centre_id: int | None = None, before: int | None = None, limit: int = PAGE) -> list[FiguresSnapshot]:
    """A page of the snapshots of centres a person reads as a whole, newest first; `before` is the last row of the previous page."""
    own = [reach.centre.id for reach in reaches_of(by) if reach.agency is None and centre_id in (None, reach.centre.id)]
    query = select(FiguresSnapshot).where(FiguresSnapshot.centre_id.in_(own)).order_by(FiguresSnapshot.id.desc()).limit(limit)
    return list(db.session.scalars(query if before is None else query.where(FiguresSnapshot.id < before)))


def snapshot_seen(by: Actor, ref: str) -> FiguresSnapshot | None:
    """One snapshot of a centre the person reads as a whole, since it has every agency's figures; else None."""
    row = db.session.scalars(select(FiguresSnapshot).where(FiguresSnapshot.ref == ref)).first()
    own = {reach.centre.id for reach in reaches_of(by) if reach.agency is None}
    return row if row is not None and row.centre_id in own else None


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FigureChange]:
    """Every figure that differs between two contents, the total first."""
    old, new = before["figures"], after["figures"]
    for dimension in dict.fromkeys((*old, *new)):
        subjects = dict.fromkeys((*old.get(dimension, {}), *new.get(dimension, {})))
        for subject in subjects:
            was, now = (_flat(each.get(dimension, {}).get(subject, {})) for each in (old, new))
            for figure, part in dict.fromkeys((*was, *now)):
                pair = was.get((figure, part), 0), now.get((figure, part), 0)
                if pair[0] != pair[1] and (pair[0] or pair[1]):
                    yield FigureChange(dimension, subject, figure, part, *pair)


def changes_of(snapshot: FiguresSnapshot) -> list[FigureChange]:
    return [FigureChange(**each) for each in (snapshot.difference or {}).get("changes", [])]


def check_snapshots() -> Iterator[Finding]:
    """Check each snapshot against its digest, and against the one recorded in the history of its centre."""
    told = {}
    events = select(Event.payload).where(Event.type.in_((FREEZE, CORRECT)), Event.stream.like("figures:%"))
    for payload in db.session.scalars(events):
        if payload:
            told[payload["snapshot"]] = payload["digest"]
    known = set()
    for row in db.session.scalars(select(FiguresSnapshot).order_by(FiguresSnapshot.id).execution_options(yield_per=20)):
        known.add(row.ref)
        if digest_of(row.content) != row.digest or told.get(row.ref) != row.digest:
            yield fault(
                "snapshot.changed", f"{row.name} #{row.number}",
                f"Số liệu đã chốt {row.name}, bản {row.number}, đã bị sửa: không khớp với mã tóm tắt trong lịch sử.",
                f"The frozen figures {row.name}, number {row.number}, have been changed: they do not match the digest in the history.",
            )  # fmt: skip
    for ref in told.keys() - known:
        yield fault(
            "snapshot.missing", ref, f"Bản chốt số liệu {ref} đã bị xóa.", f"The snapshot of figures {ref} has been deleted."
        )  # fmt: skip


def name_in(content: Mapping[str, Any], dimension: str, subject: str) -> Bilingual:
    """The label of a subject on the day of a snapshot."""
    name = content["names"].get(dimension, {}).get(subject)
    return Bilingual(*name) if name else Bilingual(subject, subject)


def _keep(
    period: Period, centre_id: int, content: dict[str, Any], *, by: Actor, now: datetime, kind: str,
    corrects: FiguresSnapshot | None = None, reason: str | None = None, changes: Collection[FigureChange] = (),
) -> FiguresSnapshot:  # fmt: skip
    content = _plain(content)
    row = FiguresSnapshot(
        centre_id=centre_id, period=period.kind, name=period.name, since_at=period.since, until_at=period.until,
        number=corrects.number + 1 if corrects else 1, content=content, digest=digest_of(content),
        corrects_id=corrects.id if corrects else None, reason=reason, made_by_id=by.own_id, made_at=now,
        difference={"changes": [_plain(_told(change)) for change in changes]} if corrects else None,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    payload = {"snapshot": row.ref, "period": row.name, "number": row.number, "digest": row.digest}
    payload |= {"reason": reason} if reason else {}
    append(f"figures:{centre_id}", kind, by=by, at=now, payload=payload)
    return row


def _told(change: FigureChange) -> dict[str, Any]:
    return {name: getattr(change, name) for name in FigureChange.__slots__}


def _require(by: Actor, centre_id: int) -> None:
    """Raise NotAllowed for anybody but the system and the leads of operations of that centre."""
    if by is SYSTEM:
        return
    require(by, Action.FREEZE_FIGURES)
    if not any(reach.freezes and reach.centre.id == centre_id for reach in reaches_of(by)):
        raise NotAllowed


def require_settled(period: Period, now: datetime) -> None:
    """Raise SnapshotRefused unless every event of the period has become a fact, since incomplete figures would be frozen for good.

    Also checked at the moment the content is counted: facts may catch up between that and storing it.
    """
    if now < period.until + SETTLED:
        raise SnapshotRefused("Vừa hết kỳ: vui lòng chờ vài phút rồi chốt.", "The period has only just ended: please wait a few minutes.")
    done = db.session.scalar(select(FactsProgress.event_id).order_by(FactsProgress.id).limit(1)) or 0
    behind = select(Event.id).where(Event.id > done, Event.case_id.is_not(None), Event.at < period.until).order_by(Event.id).limit(1)
    if db.session.scalar(behind) is not None:
        raise SnapshotRefused(*NOT_COUNTED)


def _lock(centre_id: int) -> None:
    """Let only one freeze or correct at a time."""
    db.session.execute(select(Centre.id).where(Centre.id == centre_id).with_for_update(key_share=True))


def has_facts_before(centre_id: int, moment: datetime) -> bool:
    """Whether there was anything to count: a centre without cases freezes nothing."""
    query = select(CaseSpan.id).where(CaseSpan.centre_id == centre_id, CaseSpan.opened_at < moment)
    return db.session.scalar(query.limit(1)) is not None


def _flat(figures: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Numbers by figure and part, in the order of the reports."""
    found: dict[tuple[str, str], Any] = {}
    for key in (*(key for key in FIGURES if key in figures), *(key for key in figures if key not in FIGURES)):
        value = figures[key]
        if isinstance(value, Mapping):
            found.update({(key, str(part)): number for part, number in value.items()})
        elif isinstance(value, list):
            found.update({(key, part): number for part, number in zip(("part", "whole"), value, strict=True)})
        else:
            found[key, ""] = value
    return found


def _plain(value: Any) -> Any:
    """Whole numbers as integers: one database returns 12.0 where the other returns 12."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
