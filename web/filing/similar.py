"""Before a report is filed: public cases nearby that may be about the same matter, each of which can be followed instead."""

from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.cases import NO_SUCH_CASE, CaseBusy
from casework.errors import CaseworkError
from casework.intake.file_report import Place, has_filed
from casework.intake.pass_on import CentreMissing
from casework.intake.similar_cases import alike_nearby
from casework.permissions import Actor
from casework.public.cases import PublicItem, public_items
from casework.reporters.followed_list import case_to_follow
from web.clock import now
from web.filing_fields import FilingForm
from workflows.running.acts import act_recorded
from workflows.running.incidents import StepFailed

MOST_SHOWN = 3


@dataclass(frozen=True)
class SimilarCase:
    """A case that may be about the same matter: its list entry, and the title an operator gave it. `metres` where its exact place is
    public; `is_measured` where it was found by position, so it is near in any case."""

    item: PublicItem
    title: str | None
    metres: int | None
    is_measured: bool


def near_before_filing(form: FilingForm) -> list[SimilarCase]:
    """Similar cases to show before filing; empty once the sender has seen them, or when this form has already filed."""
    if form.alike_seen.data or any(has_filed(key) for key in (form.client_key.data, form.idempotency_key.data) if key):
        return []
    return near(form.chosen_place, form.words.data or "")


def near(place: Place, words: str) -> list[SimilarCase]:
    """The most similar cases, at most MOST_SHOWN, with public facts only."""
    try:
        found = {each.case.code: each for each in alike_nearby(place, now=now(), limit=MOST_SHOWN, words=words)}
    except CentreMissing:
        return []
    items = public_items([each.case.id for each in found.values()], as_given=True)
    return [
        SimilarCase(item, one.case.title, one.metres, place.latitude is not None and one.case.latitude is not None)
        for item in items
        if (one := found[item.code])
    ]


def follow_instead(code: str, *, by: Actor) -> Bilingual | None:
    """Follow the case with this code instead of sending; returns a sentence when that is impossible, None once it is followed."""
    case = case_to_follow(code.upper())
    if case is None:
        return NO_SUCH_CASE
    try:
        act_recorded(case.ref, "follow", by=by, now=now())
    except (CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        return refusal.text
    return None
