"""What senders typed for village or street and no operator has let out: the operations team alone reads it."""

from casework.folding import fold
from casework.intake import typed_village
from casework.models import Case, Report
from casework.villages import listed_village


def typed_for(case: Case) -> list[tuple[Report, str]]:
    """Return what the senders of a case typed, in the order of their reports, each once: what names no village of the list and does not
    stand in the case already. Callers check Sight.ORIGINAL first.
    """
    found: dict[str, tuple[Report, str]] = {}
    public = fold(case.village or "")
    for report in (link.report for link in case.reports if link.left_at is None):
        words = typed_village(report)
        if words and (folded := fold(words)) != public and listed_village(case.centre_id, words) is None:
            found.setdefault(folded, (report, words))
    return list(found.values())
