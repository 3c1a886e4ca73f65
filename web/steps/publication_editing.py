"""What every page that publishes shares: personal data left in the words, the page as everybody will see it, what a correction changes."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _

from casework.bilingual import Bilingual
from casework.models import Answer, Case, Publication, PublicationVersion
from casework.places.points import exact_point
from casework.public.cases import PublicCase
from casework.public.previews import Words, page_once_published
from casework.triage.personal_marks import MARK_LABELS, personal_marks
from web.clock import now
from web.files.photo_choices import PUBLISHED, PhotoChoice
from web.forms import Form
from web.text_diff import Change, changes

PUBLIC_WORDS = ("title", "question", "summary", "place")
"""The fields everybody will read; answers of agencies name offices and their numbers on purpose."""
CONFIRMED = "leftovers"
"""Name of the tick that says that what was found may be read by everybody."""


class Leftover(NamedTuple):
    """Something in the public words that may be personal data: which field it stands in, what it is, and how it reads."""

    field: str
    kind: Bilingual
    text: str


def leftovers_in(form: Form, names: Sequence[str] = PUBLIC_WORDS) -> list[Leftover]:
    """Return what the public words of a form may still tell of a person."""
    fields = [form[name] for name in names if name in form]
    return [
        Leftover(str(field.label.text), MARK_LABELS[mark.kind], field.data[mark.start : mark.end])
        for field in fields
        if field.data
        for mark in personal_marks(field.data)
    ]


def mark_of_leftovers(leftovers: Iterable[Leftover]) -> str:
    """Return what stands for exactly these: a tick set for others counts no more once the words have changed."""
    return mark_of_words("\0".join(f"{each.field}\0{each.text}" for each in leftovers))


def mark_of_words(words: str) -> str:
    """Return what stands for exactly these words in a tick."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def leftovers_refusal(form: Form, names: Sequence[str] = PUBLIC_WORDS) -> str:
    """Return why the words cannot be published yet; empty when nothing was found, or what was found was confirmed."""
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
    """Return the page of the case as everybody would read it with what stands in the form."""
    words = {name: form[name].data or "" for name in PUBLIC_WORDS if name in form}
    shows_place = "shows_exact_place" in form and bool(form["shows_exact_place"].data) and exact_point(case) is not None
    reason = (form["reason"].data or "") if "reason" in form else ""
    shown = {choice.photo: choice.size for choice in choices if choice.is_shown}
    typed = Words(**words, shows_exact_place=shows_place, correction_reason=reason)
    return page_once_published(case, typed, answers=answers, photos=shown, now=now(), is_interim=is_interim, publication=publication)


def draft_context(page: Any, draft: PublicCase) -> dict[str, Any]:
    """Return what templates/steps/publication.html needs beside the form: `page` has its choices and their addresses."""
    return {
        "as_published": draft,
        "has_exact_place": exact_point(page.case) is not None,
        "covers": {choice.ref: page.cover_url(choice) for choice in page.choices if choice.is_shown},
        "is_previewed": request.method == "POST",
        **leftovers_context(page.form),
    }


def leftovers_context(form: Form, names: Sequence[str] = PUBLIC_WORDS) -> dict[str, Any]:
    """Return what a template needs to have leftovers confirmed."""
    leftovers = leftovers_in(form, names)
    return {
        "leftovers": leftovers,
        "leftovers_mark": mark_of_leftovers(leftovers),
        "leftovers_confirmed": bool(leftovers) and request.form.get(CONFIRMED) == mark_of_leftovers(leftovers),
    }


def words_changed(form: Form, version: PublicationVersion) -> list[tuple[str, list[Change]]]:
    """Return the fields a correction changes, with what is taken out and what comes."""
    fields = [(form[name], getattr(version, name) or "") for name in PUBLIC_WORDS if name in form]
    return [
        (str(field.label.text), changes(before, field.data or ""))
        for field, before in fields
        if " ".join(before.split()) != " ".join((field.data or "").split())
    ]


def photos_changed(choices: Iterable[PhotoChoice]) -> list[str]:
    """Return in sentences what a correction changes in the photos."""
    found = []
    for choice in choices:
        if choice.audience != PUBLISHED and choice.is_shown:
            found.append(_("A photo comes in: %(caption)s", caption=choice.caption))
        elif choice.audience == PUBLISHED and not choice.is_shown:
            found.append(_("A photo is taken out: %(caption)s", caption=choice.caption))
        elif choice.audience == PUBLISHED and (choice.cover or choice.is_hidden):
            found.append(_("A photo is covered further: %(caption)s", caption=choice.caption))
    return found
