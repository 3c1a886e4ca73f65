"""Findings of a check of a model or table: where, what, why it matters and how to mend it, in both languages."""

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import category

from casework.bilingual import Bilingual

MOST_FINDINGS = 100
"""Findings shown; more would help nobody, and a hostile file could have any number."""

SHOWN = 60
"""Characters of a name or a text of the file repeated in a finding."""


@dataclass(frozen=True, slots=True)
class ModelFinding:
    """One fault in a model (`is_error`), or something worth knowing.

    `check` is the stable name of the rule. `element` is the id of the element, flow, field or table cell concerned, None where the file
    cannot be read; `line` is the line in the file then.
    """

    check: str
    element: str | None
    what: Bilingual
    why: Bilingual
    mend: Bilingual
    is_error: bool = True
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its stable name: why it exists, and how to mend a model that breaks it."""

    check: str
    why: Bilingual
    mend: Bilingual
    is_error: bool = True

    def at(self, element: str | None, vi: str, en: str, *, line: int | None = None, mend: Bilingual | None = None) -> ModelFinding:
        """Return the finding that an element breaks this rule; `mend` replaces the general advice."""
        return ModelFinding(self.check, element, Bilingual(vi, en), self.why, mend or self.mend, self.is_error, line or None)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check. If the file is no model at all, `is_readable` is false and nothing else was checked."""

    findings: tuple[ModelFinding, ...]
    is_readable: bool = True

    @property
    def errors(self) -> tuple[ModelFinding, ...]:
        """The findings to be mended before the model may be approved."""
        return tuple(finding for finding in self.findings if finding.is_error)

    @property
    def is_clean(self) -> bool:
        return not self.errors


NO_ENGLISH = Rule(
    "label_missing",
    Bilingual("Người đọc tiếng Anh sẽ đọc tên tiếng Việt.", "Readers of English see the Vietnamese name."),
    Bilingual("Thêm tên tiếng Anh khi có.", "Add the English name when there is one."),
    is_error=False,
)
"""Applies to every text of a model that people read."""

_MORE = Rule(
    "findings_more",
    Bilingual("Nhiều lỗi thường do một lỗi đầu gây ra.", "Many faults often follow from the first."),
    Bilingual("Sửa những lỗi trên rồi kiểm tra lại.", "Mend those above, then check again."),
    is_error=False,
)


def bounded(findings: Iterable[ModelFinding]) -> Checked:
    """Return findings as a result, errors first and MOST_FINDINGS at most, so that notes never displace an error."""
    found = sorted(findings, key=lambda finding: not finding.is_error)
    if len(found) > MOST_FINDINGS:
        found[MOST_FINDINGS:] = [_MORE.at(None, f"Chỉ liệt kê {MOST_FINDINGS} điều đầu.", f"Only the first {MOST_FINDINGS} are listed.")]
    return Checked(tuple(found))


def shown(text: str | None, most: int = SHOWN) -> str:
    """Return a text of the file for use in a finding: on one line, shortened, with a mark in place of direction-reversing characters."""
    line = " ".join("".join("\ufffd" if category(sign) in ("Cc", "Cf") and not sign.isspace() else sign for sign in text or "").split())
    return line if len(line) <= most else line[: most - 1] + "…"


def named(label: Bilingual, id_: str) -> Bilingual:
    """Return the label of an element in quotes, or its id if it has none."""
    return Bilingual(f"“{shown(label.vi or label.en or id_)}”", f"“{shown(label.en or label.vi or id_)}”")
