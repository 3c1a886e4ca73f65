"""What an event changed, as the history shows it: the old value and the new one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.local_time import LOCAL_ZONE
from casework.sentences import Audience, Known, agency_name
from casework.triage.sentences import CHANGES, COMPLEXITIES, URGENCIES

ANSWER_DUE = Bilingual("Hạn trả lời", "Answer due")
ACCEPTANCE_DUE = Bilingual("Hạn tiếp nhận", "To be accepted by")
PUBLIC = Bilingual("công khai", "public")
NOT_PUBLIC = Bilingual("không công khai", "not public")
NONE = Bilingual("chưa có", "none")
LEAD = Bilingual("Chủ trì", "Lead")


@dataclass(frozen=True)
class HistoryChange:
    label: Bilingual
    old: Bilingual
    new: Bilingual
    is_limit: bool = False


def changes_of(type_: str, payload: Mapping[str, Any], known: Known) -> tuple[HistoryChange, ...]:
    """The changes an event tells; none about the matter for readers who know the process alone."""
    found = [*_limits(type_, payload, known)]
    if type_ == "change_lead" and payload.get("former"):
        former = [agency_name(key, known) for key in payload["former"]]
        names = Bilingual(", ".join(each.vi for each in former), ", ".join(each.en for each in former))
        found.insert(0, HistoryChange(LEAD, names, agency_name(payload.get("lead"), known)))
    if type_ == "classify" and known.audience is not Audience.PROCESS:
        found = [*_classes(payload.get("was") or {}, payload.get("became") or {}), *found]
    return tuple(found)


def limit_words(instant: datetime) -> Bilingual:
    """The end of a limit in words: its last day where the whole day is in time, else with the hour."""
    local = instant.astimezone(LOCAL_ZONE)
    words = f"{local - timedelta(days=1):%d/%m/%Y}" if local.time() == time() else f"{local:%H:%M %d/%m/%Y}"
    return Bilingual(words, words)


def _limits(type_: str, payload: Mapping[str, Any], known: Known) -> Iterator[HistoryChange]:
    if payload.get("due"):
        yield _moved(ANSWER_DUE, *payload["due"])
    for key, due in (payload.get("agency_dues") or {}).items():
        yield _moved(_of_agency(key, known), *due)
    if type_ == "recount_due" and payload.get("old") and payload.get("new"):
        labels = {ClockKind.CASE: ANSWER_DUE, ClockKind.ACCEPTANCE: ACCEPTANCE_DUE}
        label = _of_agency(payload["agency"], known) if payload.get("agency") else labels.get(payload.get("clock", ""))
        yield _moved(label or Bilingual("Hạn", "Limit"), payload["old"], payload["new"])


def _moved(label: Bilingual, old: str, new: str) -> HistoryChange:
    return HistoryChange(label, limit_words(datetime.fromisoformat(old)), limit_words(datetime.fromisoformat(new)), is_limit=True)


def _of_agency(key: str, known: Known) -> Bilingual:
    name = agency_name(key, known)
    return Bilingual(f"Hạn của {name.vi}", f"Due of {name.en}")


def _classes(was: Mapping[str, Any], became: Mapping[str, Any]) -> Iterator[HistoryChange]:
    for name, new in became.items():
        label = CHANGES.get(name)
        if label is not None and was.get(name) != new:
            begun = Bilingual(label.vi[:1].upper() + label.vi[1:], label.en[:1].upper() + label.en[1:])
            yield HistoryChange(begun, _value(name, was.get(name)), _value(name, new))


def _value(name: str, value: Any) -> Bilingual:
    if name == "visibility_reason":
        return Bilingual(f"{NOT_PUBLIC.vi} ({value[0]})", f"{NOT_PUBLIC.en} ({value[1]})") if value else PUBLIC
    if value is None:
        return NONE
    return {"urgency": URGENCIES, "complexity": COMPLEXITIES}[name].get(value, NONE) if isinstance(value, str) else Bilingual(*value)
