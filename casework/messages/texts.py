"""The words of messages as rows: which are in force, how they are changed, and which are refused.

A centre's own text replaces the installation's. A change takes effect at once: the present row ends on that day and a new one begins, so
that earlier texts stay readable. Nothing is cached here.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.installation.seeding import table_rows
from casework.local_time import local_day
from casework.messages.kinds import KINDS, LINK, Kind
from casework.messages.lengths import LONGEST_ZNS, MOST_SMS_SEGMENTS, fits_zns, sms_segments
from casework.messages.rendering import fill
from casework.models import TextTemplate
from casework.permissions import Action, Actor, require
from casework.setting_events import record_setting, require_administrator_of

LONGEST = {"subject": 120, "body": 2_000, "short": 300}
"""Characters as written, placeholders not filled in."""

LONGEST_PARAMETER, LONGEST_LINK = 30, 200
"""The longest parameters Zalo accepts: a name, a code or a status; an address (domain.md, 3.7)."""
MOST_PARAMETERS = 10

LANGUAGES = ("vi", "en")
FIELDS = tuple(f"{part}_{language}" for part in LONGEST for language in LANGUAGES)

_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,29}")
_NUMBER = re.compile(r"[0-9]{1,40}")
_BRACED = re.compile(r"\{([\w ]{1,40})\}")


@dataclass(frozen=True)
class TemplateWords:
    """The words of one kind of message in both languages, and the placeholders that fill Zalo's approved template."""

    subject_vi: str
    subject_en: str
    body_vi: str
    body_en: str
    short_vi: str | None = None
    short_en: str | None = None
    zns_template: str | None = None
    zns_parameters: dict[str, str] | None = field(default=None)


class TextRefused(CaseworkError):
    """The words cannot be sent like that; `faults` gives the reason for each field."""

    def __init__(self, faults: Mapping[str, Bilingual]) -> None:
        self.faults = dict(faults)
        super().__init__("Lời tin chưa dùng được. Vui lòng sửa chỗ được nêu.", "The words cannot be used yet. Please mend what is named.")


class NothingToRestore(CaseworkError):
    """The words in force are already those shipped, or the installation's."""

    def __init__(self) -> None:
        super().__init__("Lời tin này đang là lời mặc định.", "These are the standard words already.")


def texts_in_force(centre_id: int | None, on: date) -> dict[str, TextTemplate]:
    """The row in force for each kind on a local day, a centre's own before the installation's."""
    scope = or_(TextTemplate.centre_id.is_(None), TextTemplate.centre_id == centre_id)
    query = select(TextTemplate).where(scope, TextTemplate.key.in_(KINDS), or_(TextTemplate.valid_to.is_(None), TextTemplate.valid_to > on))
    query = query.order_by(TextTemplate.centre_id.is_not(None), TextTemplate.valid_from, TextTemplate.id)
    return {row.key: row for row in db.session.scalars(query) if row.holds_on(on)}


def words_of(row: TextTemplate) -> TemplateWords:
    return TemplateWords(**{name: getattr(row, name) for name in TemplateWords.__dataclass_fields__})


def shipped_words(key: str) -> TemplateWords:
    """The words shipped for a kind. Raises KeyError for an unknown kind."""
    row = {row["key"]: row for row in table_rows("templates.csv")}[key]
    words: dict[str, Any] = {name: row.get(name) for name in FIELDS}
    return TemplateWords(**words)


def change_text(
    key: str,
    words: TemplateWords,
    *,
    centre_id: int | None,
    by: Actor,
    now: datetime,
    reason: str,
    samples: Mapping[str, Mapping[str, str]],
) -> TextTemplate:
    """Change the words of a kind of message from now on, in a centre or (None) wherever there are no own ones.

    `samples` fill the placeholders, by language, when lengths are checked. Records `change_setting`. Raises NotAllowed, TextRefused,
    ReasonMissing.
    """
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, centre_id)
    faults = faults_of(KINDS[key], words, samples)
    if faults:
        raise TextRefused(faults)
    own = _own(key, centre_id, local_day(now))
    before = asdict(words_of(own)) if own is not None else None
    record_setting("text", key, by=by, at=now, centre_id=centre_id, old=before, new=asdict(words), reason=reason)
    return _replace(key, own, words, centre_id, now)


def restore_text(key: str, *, centre_id: int | None, by: Actor, now: datetime, reason: str) -> None:
    """Restore the words: a centre the installation's, the installation the shipped ones. Raises NothingToRestore, ReasonMissing."""
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, centre_id)
    own = _own(key, centre_id, local_day(now))
    shipped = None if centre_id is not None else shipped_words(key)
    if own is None or words_of(own) == shipped:
        raise NothingToRestore
    new = asdict(shipped) if shipped is not None else None
    record_setting("text", key, by=by, at=now, centre_id=centre_id, old=asdict(words_of(own)), new=new, reason=reason)
    if shipped is None:
        own.valid_to = local_day(now)
    else:
        _replace(key, own, shipped, centre_id, now)


def faults_of(kind: Kind, words: TemplateWords, samples: Mapping[str, Mapping[str, str]]) -> dict[str, Bilingual]:
    """The faults of each field, in the order of the page; empty when everything can be sent."""
    faults: dict[str, Bilingual] = {}
    for name in FIELDS:
        part, _, language = name.partition("_")
        text = getattr(words, name) or ""
        fault = _fault_of(kind, part, text)
        if fault is None and part == "short" and kind.is_for_citizens and text:
            fault = _too_many_parts(sms_of(text, with_places_of(kind, samples[language])))
        if fault is not None:
            faults[name] = fault
    if words.zns_template and not _NUMBER.fullmatch(words.zns_template):
        faults["zns_template"] = Bilingual("Số của mẫu tại Zalo chỉ gồm chữ số.", "The number of the template at Zalo has digits only.")
    elif words.zns_template and "body_vi" not in faults and not fits_zns(fill(words.body_vi, samples["vi"])):
        faults["body_vi"] = Bilingual(
            f"Tin gửi qua Zalo tối đa {LONGEST_ZNS} ký tự, tính cả giá trị mẫu.",
            f"A message by Zalo has {LONGEST_ZNS} characters at most, sample values counted.",
        )
    fault = _fault_of_parameters(kind, words, samples["vi"])
    if fault is not None:
        faults["zns_parameters"] = fault
    return faults


def places_in(text: str) -> set[str]:
    """The placeholders in a text, known or not. Raises ValueError for a lone brace or one around more than a word."""
    rest = _BRACED.sub("", text)
    if "{" in rest or "}" in rest:
        raise ValueError("a brace alone")
    return set(_BRACED.findall(text))


def with_places_of(kind: Kind, values: Mapping[str, str]) -> Mapping[str, str]:
    """The values for a kind of message, without the page address for kinds that have no placeholder for it."""
    return values if LINK in kind.places else {**values, LINK: ""}


def sms_of(short: str, values: Mapping[str, str]) -> str:
    """The text of an SMS: the short words, with the link appended unless they have a placeholder for it."""
    line = " ".join(fill(short, values).split())
    return line if values[LINK] in line else f"{line} {values[LINK]}"


def _fault_of(kind: Kind, part: str, text: str) -> Bilingual | None:
    if not text.strip():
        return None if part == "short" else Bilingual("Vui lòng ghi lời.", "Please give the words.")
    if len(text) > LONGEST[part]:
        return Bilingual(f"Tối đa {LONGEST[part]} ký tự.", f"{LONGEST[part]} characters at most.")
    if "<" in text or ">" in text:
        return Bilingual("Không dùng được dấu < và >: tin là chữ thường, không có định dạng.", "No < and >: messages are plain text.")
    if any(not character.isprintable() for character in (text.replace("\n", "") if part == "body" else text)):
        return Bilingual("Viết trên một dòng, không có ký tự điều khiển.", "On one line, without control characters.")
    try:
        places = places_in(text)
    except ValueError:
        return Bilingual("Dấu { và } phải đi thành cặp, giữa là tên chỗ điền.", "Braces come in pairs, with the name of a place between.")
    if unknown := sorted(places - (set(kind.places) - {LINK} if part == "subject" else set(kind.places))):
        names = ", ".join(f"{{{name}}}" for name in unknown)
        return Bilingual(f"Tin này không có chỗ điền {names}.", f"This message has no place {names}.")
    required = kind.required if part == "body" else kind.required[:1] if part == "short" else ()
    if missing := [name for name in required if name not in places]:
        names = ", ".join(f"{{{name}}}" for name in missing)
        return Bilingual(f"Thiếu chỗ điền {names}.", f"The place {names} is missing.")
    return None


def _too_many_parts(text: str) -> Bilingual | None:
    segments = sms_segments(text)
    if segments <= MOST_SMS_SEGMENTS:
        return None
    return Bilingual(
        f"Dài {segments} tin SMS với giá trị mẫu, tối đa {MOST_SMS_SEGMENTS}.",
        f"{segments} SMS with the sample values, {MOST_SMS_SEGMENTS} at most.",
    )


def _fault_of_parameters(kind: Kind, words: TemplateWords, samples: Mapping[str, str]) -> Bilingual | None:
    parameters = words.zns_parameters or {}
    if words.zns_template and not parameters:
        return Bilingual("Mẫu của Zalo cần ít nhất một tham số.", "The template at Zalo needs at least one parameter.")
    if len(parameters) > MOST_PARAMETERS or any(not _PARAMETER.fullmatch(name) for name in parameters):
        return Bilingual("Tên tham số gồm chữ không dấu, số và gạch dưới, tối đa 30 ký tự.",
                         "Names of parameters are plain letters, digits and underscores, 30 at most.")  # fmt: skip
    if unknown := sorted(set(parameters.values()) - set(kind.places)):
        return Bilingual(f"Tin này không có chỗ điền {{{unknown[0]}}}.", f"This message has no place {{{unknown[0]}}}.")
    for name, place in parameters.items():
        longest = longest_parameter(place)
        if len(samples[place]) > longest:
            return Bilingual(f"Tham số {name} dài quá {longest} ký tự với giá trị mẫu.",
                             f"The parameter {name} is longer than {longest} characters with the sample value.")  # fmt: skip
    return None


def longest_parameter(place: str) -> int:
    return LONGEST_LINK if place in (LINK, "reason", "guidance", "lead", "agency", "handler") else LONGEST_PARAMETER


def _own(key: str, centre_id: int | None, on: date) -> TextTemplate | None:
    scope = TextTemplate.centre_id.is_(None) if centre_id is None else TextTemplate.centre_id == centre_id
    rows = db.session.scalars(select(TextTemplate).where(TextTemplate.key == key, scope).order_by(TextTemplate.id.desc()))
    return next((row for row in rows if row.holds_on(on)), None)


def _replace(key: str, own: TextTemplate | None, words: TemplateWords, centre_id: int | None, now: datetime) -> TextTemplate:
    if own is not None:
        own.valid_to = local_day(now)
    values: dict[str, Any] = asdict(words)
    row = TextTemplate(key=key, centre_id=centre_id, valid_from=local_day(now), **values)
    db.session.add(row)
    db.session.flush()
    return row
