"""Shared by every page that publishes: personal data left in the words, a preview of the public page, and what a correction changes."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _

from casework.bilingual import Bilingual
from casework.models import Answer, Case, Publication, PublicationVersion
from casework.places.points import exact_point
from casework.public.cases import PublicCase
from casework.public.previews import PublicationWords, page_once_published
from casework.triage.personal_marks import MARK_LABELS, personal_marks
from web.clock import now
from web.files.photo_choices import PUBLISHED, PhotoChoice
from web.forms import Form
from web.text_diff import Change, changes

PUBLIC_WORDS = ("title", "question", "summary", "place")
"""The fields that will be public; agencies' answers name offices and their numbers on purpose."""
CONFIRMED = "leftovers"
"""The name of the tick confirming that the findings may be public."""


class Leftover(NamedTuple):
    """Possible personal data in the public words: its field, its kind, and the text."""

    field: str
    kind: Bilingual
    text: str


def leftovers_in(form: Form, names: Sequence[str] = PUBLIC_WORDS) -> list[Leftover]:
    """Possible personal data in the public words of a form."""
    fields = [form[name] for name in names if name in form]
    return [
        Leftover(str(field.label.text), MARK_LABELS[mark.kind], field.data[mark.start : mark.end])
        for field in fields
        if field.data
        for mark in personal_marks(field.data)
    ]


def mark_of_leftovers(leftovers: Iterable[Leftover]) -> str:
    """Identifies exactly these findings: a tick set for others no longer counts once the words have changed."""
    return mark_of_words("\0".join(f"{each.field}\0{each.text}" for each in leftovers))


def mark_of_words(words: str) -> str:
    """Identifies exactly these words for a tick."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def leftovers_refusal(form: Form, names: Sequence[str] = PUBLIC_WORDS) -> str:
    """Why the words cannot be published yet; empty when nothing was found, or the findings were confirmed."""
    found = leftovers_in(form, names)
    if not found or request.form.get(CONFIRMED) == mark_of_leftovers(found):
        return ""
    return str(_("The words may still tell of a person. Please take it out, or confirm below that everybody may read it."))


def page_draft(
    case: Case,
    form: Form,
    choices: Iterable[PhotoChoice],
    answers: Sequence[Answer],
    *,
    is_interim: bool = False,
    publication: Publication | None = None,
) -> PublicCase:
    """The public page of the case with the form's present content."""
    words = {name: form[name].data or "" for name in PUBLIC_WORDS if name in form}
    shows_place = "shows_exact_place" in form and bool(form["shows_exact_place"].data) and exact_point(case) is not None
    reason = (form["reason"].data or "") if "reason" in form else ""
    shown = {choice.photo: choice.size for choice in choices if choice.is_shown}
    typed = PublicationWords(**words, shows_exact_place=shows_place, correction_reason=reason)
    return page_once_published(case, typed, answers=answers, photos=shown, now=now(), is_interim=is_interim, publication=publication)


def draft_context(page: Any, draft: PublicCase) -> dict[str, Any]:
    """Values of templates/steps/publication.html in addition to the form: `page` has its choices and their addresses."""
    return {
        "as_published": draft,
        "has_exact_place": exact_point(page.case) is not None,
        "covers": {choice.ref: page.cover_url(choice) for choice in page.choices if choice.is_shown},
        "is_previewed": request.method == "POST",
        **leftovers_context(page.form),
    }


def leftovers_context(form: Form, names: Sequence[str] = PUBLIC_WORDS) -> dict[str, Any]:
    leftovers = leftovers_in(form, names)
    return {
        "leftovers": leftovers,
        "leftovers_mark": mark_of_leftovers(leftovers),
        "leftovers_confirmed": bool(leftovers) and request.form.get(CONFIRMED) == mark_of_leftovers(leftovers),
    }


def words_changed(form: Form, version: PublicationVersion) -> list[tuple[str, list[Change]]]:
    """The fields changed by a correction, with removed and added words."""
    fields = [(form[name], getattr(version, name) or "") for name in PUBLIC_WORDS if name in form]
    return [
        (str(field.label.text), changes(before, field.data or ""))
        for field, before in fields
        if " ".join(before.split()) != " ".join((field.data or "").split())
    ]


def photos_changed(choices: Iterable[PhotoChoice]) -> list[str]:
    """Sentences about the photos changed by a correction."""
    found = []
    for choice in choices:
        if choice.audience != PUBLISHED and choice.is_shown:
            found.append(_("A photo comes in: %(caption)s", caption=choice.caption))
        elif choice.audience == PUBLISHED and not choice.is_shown:
            found.append(_("A photo is taken out: %(caption)s", caption=choice.caption))
        elif choice.audience == PUBLISHED and (choice.cover or choice.is_hidden):
            found.append(_("A photo is covered further: %(caption)s", caption=choice.caption))
    return found
