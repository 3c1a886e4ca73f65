"""Everything in a case that a member of staff may read, collected once for both the case page and the printed case file.

Nothing here decides who sees what; each part is read by the function that does (rules.md, section 2).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from casework.casefile.exchanges import Dealings, dealings_seen
from casework.casefile.history import Reasons, audience_of
from casework.casefile.history_reasons import reasons_seen
from casework.casefile.redaction import dealings_for_paper, reports_for_paper
from casework.casefile.views import SeenAnswer, SeenReport, clocks_of, hand_backs_seen, matter_seen, publications_of
from casework.models import Case, Clock, HandBack, Note, Publication
from casework.permissions import Actor
from casework.sentences import Audience
from casework.states import AssignmentEnd


@dataclass(frozen=True)
class Matter:
    """What one person may read of a case.

    `answers` and `publications` are by the row of the assignment, newest version first. `reads_all`: the person belongs to the centre or
    the committee, and reads what agencies say to the centre. `reads_way`: the person reads the way of the case.
    """

    reports: list[SeenReport]
    answers: dict[int, list[SeenAnswer]]
    dealings: Dealings
    publications: list[Publication]
    hand_backs: list[HandBack]
    clocks: list[Clock]
    ends: dict[int, str | None]
    reads_all: bool
    reads_way: bool

    def reasons(self, case: Case, notes: Iterable[Note]) -> Reasons:
        """The reasons for the lines of the history, from what the person may read anyway."""
        return reasons_seen(
            self.dealings, notes=notes, hand_backs=self.hand_backs, answers=[each for rows in self.answers.values() for each in rows],
            publications=self.publications if self.reads_all else [],
            ended=[(row, self.ends.get(row.id)) for row in case.assignments],
        )  # fmt: skip


def matter_of(case: Case, by: Actor, *, for_paper: bool = False) -> Matter:
    """Read it, in an order that reads nothing twice. `for_paper` leaves out everything that might reveal the sender."""
    audience = audience_of(by, case)
    reads_all = audience in (Audience.CENTRE, Audience.COMMITTEE)
    clocks = clocks_of(case) if reads_all else []
    dealings, (reports, answers) = dealings_seen(case, by), matter_seen(case, by)
    if for_paper:
        dealings, reports = dealings_for_paper(dealings), reports_for_paper(reports)
    # an administrator and a former agency know that something was told, not what
    is_at_work = audience not in (None, Audience.PROCESS)
    publications = publications_of(case) if is_at_work and Publication in dealings.there else []
    hand_backs = hand_backs_seen(case, by) if HandBack in dealings.there else []
    return Matter(reports, answers, dealings, publications, hand_backs, clocks, end_words_seen(case, by), reads_all, audience is not None)


def end_words_seen(case: Case, by: Actor) -> dict[int, str | None]:
    """Why agencies' work ended without an answer, by row: all readers see it for a missing answer, else the centre and that agency."""
    reads_all = audience_of(by, case) in (Audience.CENTRE, Audience.COMMITTEE)
    return {
        row.id: row.end_words if reads_all or by.works_for(row, case) or row.end_reason == AssignmentEnd.MISSING else None
        for row in case.assignments
        if row.end_words
    }
