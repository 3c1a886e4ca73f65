"""The reasons for the lines of the history: they are kept in rows of their own, because events hold no words.

Only words already shown to the reader: the dealings, notes, hand-backs, answers and publications of the case page.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from casework.casefile.exchanges import Dealings
from casework.casefile.views import SeenAnswer
from casework.models import Assignment, HandBack, Note, Publication
from casework.verbs import events_where

Reason = tuple[tuple[str, datetime], str]


def reasons_seen(
    dealings: Dealings,
    *,
    notes: Iterable[Note] = (),
    hand_backs: Iterable[HandBack] = (),
    answers: Iterable[SeenAnswer] = (),
    publications: Iterable[Publication] = (),
    ended: Iterable[tuple[Assignment, str | None]] = (),
) -> dict[tuple[str, datetime], str]:
    """The reasons by event type and instant. `ended` are agencies' parts with the words the reader may see."""
    found = [*_of_dealings(dealings), *_of_answers(answers), *_of_hand_backs(hand_backs), *_of_publications(publications)]
    noted = events_where(lambda verb: verb.is_noted)
    found += [((type_, note.written_at), note.body) for note in notes for type_ in noted if note.body]
    for row, words in ended:
        if words and row.ended_at is not None:
            found += [(("remove_agency", row.ended_at), words), (("close_without_answer", row.ended_at), words)]
    return dict(found)


def _of_dealings(dealings: Dealings) -> Iterator[Reason]:
    for hold in dealings.holds:
        yield ("hold", hold.held_at), hold.reason
    for referral in dealings.referrals:
        yield ("refer", referral.referred_at), f"{referral.body}: {referral.reason}"
        if referral.ended_at is not None and referral.result:
            yield ("take_back" if referral.came_back else "close_referral", referral.ended_at), referral.result
    for seen in dealings.extensions:
        if seen.reads_reason:
            row = seen.extension
            yield ("request_extension", row.requested_at), row.reason
            if row.decision_words:
                decided = ("decide_extension", row.decided_at) if row.decided_at else ("endorse_extension", row.endorsed_at)
                if decided[1] is not None:
                    yield (decided[0], decided[1]), row.decision_words
    for refused in dealings.refusals:
        yield ("refuse", refused.refusal.refused_at), refused.refusal.words
        if refused.decision and refused.refusal.decided_at:
            yield ("decide_objection", refused.refusal.decided_at), refused.decision
    for withdrawal in dealings.withdrawals:
        if withdrawal.decision and withdrawal.withdrawal.decided_at:
            yield ("decide_withdrawal", withdrawal.withdrawal.decided_at), withdrawal.decision
    for directive in dealings.directives:
        yield ("direct", directive.given_at), directive.body


def _of_answers(answers: Iterable[SeenAnswer]) -> Iterator[Reason]:
    for seen in answers:
        decision = seen.answer.decision
        if decision is not None and decision.instructions:
            yield ("redo_answer" if decision.verdict == "redo" else "approve_answer", decision.decided_at), decision.instructions


def _of_hand_backs(hand_backs: Iterable[HandBack]) -> Iterator[Reason]:
    for row in hand_backs:
        yield ("hand_back", row.handed_back_at), row.reason
        if row.decision_words and row.decided_at:
            yield ("decide_hand_back", row.decided_at), row.decision_words


def _of_publications(publications: Iterable[Publication]) -> Iterator[Reason]:
    for publication in publications:
        if publication.unpublish_reason and publication.unpublished_at:
            yield ("unpublish", publication.unpublished_at), publication.unpublish_reason
        for version in publication.versions:
            if version.correction_reason:
                yield ("correct_publication", version.written_at), version.correction_reason
