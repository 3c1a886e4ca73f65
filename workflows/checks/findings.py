"""What a check of a model or table finds: where, what, why it matters and how to mend it, in both languages."""

from dataclasses import dataclass

from casework.words import Bilingual


@dataclass(frozen=True, slots=True)
class ModelFinding:
    """One thing wrong with a model (`is_error`) or worth knowing.

    `check` is the stable name of the rule. `element` is the id of what it is about (an element, flow, field or table cell),
    None where the file cannot be read; `line` is the line in the file then.
    """

    check: str
    element: str | None
    what: Bilingual
    why: Bilingual
    mend: Bilingual
    is_error: bool = True
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check. `is_readable` is false when the file is no model at all: then nothing else was looked at."""

    findings: tuple[ModelFinding, ...]
    is_readable: bool = True

    @property
    def errors(self) -> tuple[ModelFinding, ...]:
        """What must be mended before the model may be approved."""
        return tuple(finding for finding in self.findings if finding.is_error)

    @property
    def is_clean(self) -> bool:
        """Whether nothing has to be mended."""
        return not self.errors
