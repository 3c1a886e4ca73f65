"""Checks of rules beyond their columns: no limit may be missing, and nothing impossible demanded."""

from collections.abc import Iterator
from dataclasses import fields as fields_of
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import or_, select

from casework.answers.templates import PLACEHOLDERS, unknown_places
from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.clocks.acts import ClockKind, LimitRule, first_of
from casework.clocks.complexities import AT_FILING, SEVERAL_AGENCIES, complexities_of, has_limit
from casework.clocks.due_changes import assignment_due
from casework.clocks.reminder_ladder import URGENCIES, ladder_of, rungs_silenced_by
from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Area, ClockRule
from casework.places.lookup import areas_around
from casework.settings.importing.rows import Proposal
from casework.steps.ready_texts import PLACES
from casework.working_time import BeyondTenYears, TimeLimit, Unit, due_at

MOST_OF_UNIT = {Unit.MINUTES: 1_440, Unit.HOURS: 720, Unit.WORKING_HOURS: 320, Unit.WORKING_DAYS: 90, Unit.CALENDAR_DAYS: 365}
"""The maximum of a unit in a limit: more is a typing error, not a promise."""

Fault = tuple[str, Bilingual]


def check_clock(proposal: Proposal) -> Iterator[Fault]:
    """Within its unit's bounds; complexity only for the case; the time for approval is less than the whole limit."""
    values = proposal.values
    most = MOST_OF_UNIT[Unit(values["unit"])]
    if values["amount"] > most:
        yield "amount", Bilingual(f"Tối đa {most} với đơn vị này.", f"{most} at most in this unit.")
        return
    if values["complexity"] is not None and values["kind"] != ClockKind.CASE:
        yield (
            "complexity",
            Bilingual("Chỉ thời hạn giải quyết hồ sơ phân theo độ phức tạp.", "Only the limit of the whole case depends on complexity."),
        )
    if values["urgency"] == "urgent" and values["complexity"] is not None:
        yield "complexity", Bilingual("Việc khẩn không phân theo độ phức tạp.", "The limit of urgent cases does not depend on complexity.")
    if values["kind"] in (ClockKind.CASE, ClockKind.ASSIGNMENT) and _leaves_nothing(proposal):
        yield (
            "amount",
            Bilingual(
                "Phần chừa lại cho duyệt và công khai phải ngắn hơn thời hạn giải quyết hồ sơ.",
                "What is left for approval and publication must be shorter than the limit of the case.",
            ),
        )


def _leaves_nothing(proposal: Proposal) -> bool:
    """Whether an agency would be late as soon as it is asked, tried from eight o'clock on the day."""
    values, scope = proposal.values, proposal.scope
    start, calendar = datetime.combine(scope.day, time(8), LOCAL_ZONE).astimezone(UTC), calendar_of(scope.centre_id)
    rules = [rule for rule in _rules(scope.centre_id, scope.day) if scope.row is None or rule.id != scope.row.id]
    rules.append(LimitRule(
        id=0, kind=values["kind"], urgency=values["urgency"], complexity=values["complexity"], amount=values["amount"],
        unit=values["unit"], centre_id=scope.centre_id, valid_from=scope.day, valid_to=None,
    ))  # fmt: skip

    def limit_of(kind: ClockKind, urgency: str, complexity: str) -> TimeLimit | None:
        found = [rule for rule in rules if rule.fits(kind, scope.centre_id, scope.day, urgency, complexity)]
        return TimeLimit(first_of(found).amount, Unit(first_of(found).unit)) if found else None

    for urgency in ("normal", "urgent"):
        allowance = limit_of(ClockKind.ASSIGNMENT, urgency, AT_FILING)
        for key in _keys_needed(scope.day):
            whole = limit_of(ClockKind.CASE, urgency, key)
            if whole is None or allowance is None:
                continue
            try:
                due = assignment_due(due_at(whole, start, calendar), urgency == "urgent", calendar, allowance)
            except BeyondTenYears:
                return True
            if due is None or due <= start:
                return True
    return False


def check_clock_end(row: ClockRule, day: date) -> Iterator[Fault]:
    """Every kind of limit keeps a rule for each urgency, and the case one for each complexity."""
    if row.centre_id is not None:
        return  # the installation's is in force again
    rules = [rule for rule in _rules(None, day) if rule.id != row.id]
    for urgency in ("normal", "urgent"):
        keys = _keys_needed(day) if row.kind == ClockKind.CASE and urgency == "normal" else {AT_FILING: Bilingual("", "")}
        for key, words in keys.items():
            if not any(rule.fits(ClockKind(row.kind), None, day, urgency, key) for rule in rules):
                of = Bilingual(f" ({words.vi})" if words.vi else "", f" ({words.en})" if words.en else "")
                yield (
                    "",
                    Bilingual(
                        f"Không kết thúc được: loại thời hạn này sẽ không còn quy định nào{of.vi}. Xin sửa thay vì kết thúc.",
                        f"It cannot be ended: this kind of limit would have no rule left{of.en}. Please change it instead.",
                    ),
                )
                return


def _keys_needed(day: date) -> dict[str, Bilingual]:
    named = {row.key: row.name for row in complexities_of(None, day)}
    return {**named, **{key: named.get(key, Bilingual(key, key)) for key in (AT_FILING, SEVERAL_AGENCIES)}}


def _rules(centre_id: int | None, day: date) -> list[LimitRule]:
    """The rules of a scope on a day, read without cache, because this unit of work may have changed them."""
    columns = [getattr(ClockRule, field.name) for field in fields_of(LimitRule)]
    query = select(*columns).where(or_(ClockRule.centre_id == centre_id, ClockRule.centre_id.is_(None)))
    query = query.where(ClockRule.valid_from <= day, or_(ClockRule.valid_to.is_(None), ClockRule.valid_to > day))
    return [LimitRule(*row) for row in db.session.execute(query.order_by(ClockRule.id))]


def check_complexity_end(row: Any, day: date) -> Iterator[Fault]:
    """The software itself refers to two of them."""
    if row.key in (AT_FILING, SEVERAL_AGENCIES) and row.centre_id is None:
        yield (
            "",
            Bilingual(
                "Không kết thúc được: hệ thống dùng mức này cho hồ sơ mới gửi hoặc hồ sơ giao nhiều đơn vị.",
                "It cannot be ended: it stands for cases just filed, or for those several agencies work on.",
            ),
        )


def remark_on_complexity(row: Any, day: date) -> Bilingual | None:
    """A complexity without a limit is not offered until it has one."""
    if has_limit(row.key, row.centre_id, max(day, row.valid_from)):
        return None
    return Bilingual(
        "Chưa có thời hạn giải quyết cho mức này, nên chưa được đưa ra để chọn.",
        "It has no limit of the case yet, so nobody is offered it.",
    )


def last_of_all(row: Any, day: date) -> Iterator[Fault]:
    """The installation keeps at least one, because people have to choose one."""
    if row.centre_id is not None:
        return
    model = type(row)
    others = select(model.id).where(
        model.centre_id.is_(None), model.id != row.id, model.valid_from <= day, or_(model.valid_to.is_(None), model.valid_to > day)
    )
    if db.session.scalar(others.limit(1)) is None:
        yield (
            "",
            Bilingual(
                "Không kết thúc được mục cuối cùng: phải còn ít nhất một mục để chọn.",
                "The last one cannot be ended: people have to choose one.",
            ),
        )


def check_rung(proposal: Proposal) -> Iterator[Fault]:
    """Either at a share of the time, or some time after due."""
    values = proposal.values
    share, after, unit = values["share"], values["after_amount"], values["after_unit"]
    if (share is None) == (after is None):
        yield (
            "share",
            Bilingual(
                "Ghi phần trăm thời hạn, hoặc thời gian sau khi quá hạn: một trong hai.",
                "Give the share of the time, or the time after due: one of the two.",
            ),
        )
    elif (after is None) != (unit is None):
        yield "after_unit", Bilingual("Thời gian sau khi quá hạn cần cả số và đơn vị.", "The time after due needs a number and a unit.")
    elif unit is not None and after > MOST_OF_UNIT[Unit(unit)]:
        most = MOST_OF_UNIT[Unit(unit)]
        yield "after_amount", Bilingual(f"Tối đa {most} với đơn vị này.", f"{most} at most in this unit.")
    if values["urgency"] is None and proposal.scope.row is None and _has_ladder_by_urgency(proposal):
        yield (
            "urgency",
            Bilingual(
                "Loại thời hạn này có thang nhắc theo từng mức độ, bậc chung sẽ không bao giờ tới lượt. Vui lòng chọn một mức độ.",
                "This limit has a ladder for each urgency, so a rung for any would never count. Please choose an urgency.",
            ),
        )


def _has_ladder_by_urgency(proposal: Proposal) -> bool:
    kind, scope = proposal.values["kind"], proposal.scope
    ladders = (ladder_of(kind, centre_id=scope.centre_id, on=scope.day, urgency=urgency) for urgency in URGENCIES)
    return any(rung.urgency is not None for ladder in ladders for rung in ladder)


def rungs_carried(proposal: Proposal) -> Iterator[dict[str, Any]]:
    """The rest of the ladder that a first own rung would silence, because a ladder is taken as a whole."""
    values, scope = proposal.values, proposal.scope
    for rung, urgency in rungs_silenced_by(values["kind"], values["urgency"], centre_id=scope.centre_id, on=scope.day):
        yield {
            "kind": rung.kind, "urgency": urgency, "share": rung.share, "after_amount": rung.after_amount, "after_unit": rung.after_unit,
            "role": rung.role, "merges_into_letter": rung.merges_into_letter,
        }  # fmt: skip


def check_phrase(proposal: Proposal) -> Iterator[Fault]:
    """A phrase suggests a field, or urgency."""
    values = proposal.values
    if (values["kind"] == "urgency") != (values["target"] == "urgent"):
        yield "target", Bilingual("Cụm từ về mức khẩn chỉ gợi ý “Khẩn”; cụm từ khác gợi ý một lĩnh vực.",
                                  "A phrase about urgency speaks for “Urgent”, another one for a field.")  # fmt: skip


def check_template(proposal: Proposal) -> Iterator[Fault]:
    """Only placeholders that are filled in from the case."""
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for column in ("findings", "actions", "remaining", "contact"):
        if unknown := unknown_places(proposal.values[column] or ""):
            yield column, Bilingual(f"Không có chỗ điền “{unknown[0]}”. Dùng được: {known}.",
                                    f"There is no place “{unknown[0]}”. These can be used: {known}.")  # fmt: skip


def check_ready_text(proposal: Proposal) -> Iterator[Fault]:
    """Only placeholders that are filled in from the case."""
    if unknown := unknown_places(proposal.values["body"] or "", PLACES):
        known = ", ".join(f"{{{name}}}" for name in PLACES)
        yield "body", Bilingual(f"Không có chỗ điền “{unknown[0]}”. Dùng được: {known}.",
                                f"There is no place “{unknown[0]}”. These can be used: {known}.")  # fmt: skip


def check_camera(proposal: Proposal) -> Iterator[Fault]:
    """Both coordinates or none, and within the centre's areas where these have bounds."""
    values, scope = proposal.values, proposal.scope
    latitude, longitude = values["latitude"], values["longitude"]
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        yield missing, Bilingual("Cần cả vĩ độ và kinh độ, hoặc để trống cả hai.", "Both latitude and longitude are needed, or neither.")
    elif (
        latitude is not None
        and _has_bounds(scope.centre_id)
        and not areas_around(latitude, longitude, scope.day, centre_id=scope.centre_id)
    ):
        yield "latitude", Bilingual("Vị trí này nằm ngoài địa bàn của Trung tâm.", "This position lies outside the areas of the centre.")


def _has_bounds(centre_id: int | None) -> bool:
    return db.session.scalar(select(Area.id).where(Area.centre_id == centre_id, Area.south.is_not(None)).limit(1)) is not None


def check_letterhead(proposal: Proposal) -> Iterator[Fault]:
    """An agency's letterhead belongs to the agency's centre."""
    if proposal.values["agency_id"] is not None and proposal.scope.centre_id is None:
        yield (
            "agency_id",
            Bilingual("Tiêu đề của một đơn vị thuộc về Trung tâm của đơn vị đó.", "An agency's letterhead belongs to its centre."),
        )
