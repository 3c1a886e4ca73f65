"""The page of one's own report: its content, and what was typed when an act on it was refused."""

from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import Any

from flask import render_template, request

from casework.contacts.blocked_senders import blocks_of
from casework.db import db
from casework.models import Centre
from casework.publishing.ratings import LEVELS
from casework.reporters.own_rows import OwnPart, OwnRow, own_row
from casework.reporters.report import OwnReport, own_report
from web.accounts.confirm_contact import confirm_box, told_by
from web.clock import now
from web.forms import Refusal
from web.guards import actor, found, keep_own_report, signed_in_account
from web.navigation import centre_words
from web.reporters.files import FormFiles, empty_form
from workflows.running.hearing import unheard_acts

RECEIPT_KEY = "receipt"

AGENCY = "agency-"
LONGEST_HEADING = 60
"""Signs of the sender's own words that head the page until the matter has a title."""


@dataclass(frozen=True)
class RefusedAct:
    """A refused act: its form, the reason, the words typed and files staged; `at` is the id of the field in question, if any.

    Without `why` only files were refused, or one was removed: the form waits to be sent.
    """

    act: str
    why: str
    words: str = ""
    files: FormFiles | None = None
    at: str = ""

    @property
    def refusal(self) -> Refusal:
        """For the macros of components/forms.html."""
        return Refusal(self.why, self.at)


@dataclass(frozen=True)
class Forms:
    """The content of the page's forms, and where a refusal is shown: at its form, or on top once that form is gone."""

    refused: RefusedAct | None
    rating: dict[str, Any]
    open: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_orphan(self) -> bool:
        """Whether the submitted form is no longer on the page, e.g. because its time has just run out."""
        return self.refused is not None and self.refused.act not in self.open

    def words_of(self, act: str) -> str:
        """The words typed into that form; empty for others."""
        return self.refused.words if self.refused is not None and self.refused.act == act else ""

    def refusal_of(self, act: str) -> Refusal:
        return self.refused.refusal if self.refused is not None and self.refused.act == act else Refusal()

    def files_of(self, act: str) -> FormFiles:
        """The staged files of a form: kept where it was refused, else none yet."""
        kept = self.refused.files if self.refused is not None and self.refused.act == act else None
        return kept or empty_form()


def own_here(code: str) -> OwnRow:
    """One's own report with what its page begins with. Raises NotFound."""
    row = found(own_row(actor(), code))
    keep_own_report(row.report)
    return row


def own_page(row: OwnRow, *, refused: RefusedAct | None = None) -> str:
    """The report as its sender reads it; after a refusal the form keeps what was chosen and typed."""
    shown = shown_to_sender(row)
    is_rating = refused is not None and refused.act == "rating"
    return render_template(
        "reporters/own.html",
        report=shown,
        forms=Forms(refused, typed_rating() if is_rating else _kept_rating(shown), _open_forms(shown)),
        heading=_heading(shown),
        pair=_pair(shown),
        public_code=shown.public_code,
        elsewhere=_elsewhere(shown),
        signed_in=signed_in_account() is not None,
        blocks=blocks_of(row.report, now=now()) if OwnPart.BLOCKS in row.there else [],
        confirms=confirm_box(shown.code) if shown.refusal is None or shown.objection_until else None,
        ways=told_by(shown.code),
    )


def shown_to_sender(row: OwnRow) -> OwnReport:
    """The report as its sender reads it, with only those acts that the process of its case would react to."""
    shown = own_report(row, now=now())
    if not (shown.may_write or shown.may_withdraw):
        return shown
    unheard = unheard_acts(shown.case_id)
    return replace(
        shown,
        may_write=shown.may_write and "write_to_centre" not in unheard,
        may_withdraw=shown.may_withdraw and "withdraw_report" not in unheard,
    )


def agency_levels() -> dict[str, str]:
    """The ratings of single agencies, by the agency's ref."""
    return {name.removeprefix(AGENCY): level for name, level in request.form.items() if name.startswith(AGENCY) and level in LEVELS}


def typed_rating() -> dict[str, Any]:
    return {"level": request.form.get("level"), "reason": request.form.get("reason", ""), "agencies": agency_levels()}


def _kept_rating(shown: OwnReport) -> dict[str, Any]:
    whole = next((given for given in shown.given if given.agency_ref is None), None)
    agencies = {given.agency_ref: given.level for given in shown.given if given.agency_ref is not None}
    return {"level": whole.level if whole else None, "reason": whole.reason if whole else None, "agencies": agencies}


def _open_forms(shown: OwnReport) -> frozenset[str]:
    is_open = {
        "answer": shown.question is not None,
        "objection": shown.objection_until is not None,
        "addition": shown.may_write,
        "rating": shown.rateable is not None,
    }
    return frozenset(act for act, is_there in is_open.items() if is_there)


def _elsewhere(shown: OwnReport) -> Centre | None:
    """The centre that handles the report, where it is not the one whose name and number every page bears."""
    return None if shown.centre_id == centre_words().id else db.session.get_one(Centre, shown.centre_id)


def _heading(shown: OwnReport) -> str:
    """What the matter is called: by its published title, else by how its sender began; empty for what is on the receipt alone."""
    if shown.publication is not None:
        return shown.publication.current.title
    words = shown.words or ""
    begun = shorten(words, LONGEST_HEADING, placeholder=" …")
    return begun if begun != "…" else f"{words.split()[0][:LONGEST_HEADING]}…"


def _pair(shown: OwnReport) -> tuple[Any, Any] | None:
    """The sender's first photo beside the first one of what was done; None without both."""
    after = next((photo for answer in shown.answers for photo in answer.photos), None)
    return (shown.photos[0], after) if shown.photos and after is not None else None
