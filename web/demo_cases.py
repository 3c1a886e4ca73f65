"""Telling the stories of the demonstration, in the order things happened: every deed by its use case, under the story's own clock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zlib import crc32

from flask import current_app
from sqlalchemy import select

from casework.calendars import calendar_of
from casework.db import db
from casework.demo_pictures import draw_demo_photo
from casework.file_store import FileStore
from casework.models import Agency, Centre
from casework.photo_records import PreparedPhoto, prepare_photo
from web import demo_acts, demo_desks, demo_steps
from web.demo_fresh import FRESH
from web.demo_history import HISTORY
from web.demo_reorganisation import DONE, reorganise
from web.demo_stories import Deed, Story, moments_of
from web.demo_telling import Pictures, Telling, agency_names, is_urgent

STORIES = (*HISTORY, *FRESH)

Do = Callable[[Telling, Deed, datetime], None]

DEEDS: dict[str, Do] = {
    "file": demo_steps.file,
    "verify": demo_steps.verify,
    "classify": demo_steps.classify,
    "call_hotline": demo_steps.call_hotline,
    "distribute": demo_steps.distribute,
    "accept": demo_steps.accept,
    "submit": demo_steps.submit,
    "submit_again": demo_steps.submit,
    "redo": demo_steps.redo,
    "approve": demo_steps.approve,
    "publish": demo_steps.publish,
    "answer_privately": demo_steps.answer_privately,
    "rate": demo_steps.rate,
    "refuse": demo_acts.refuse,
    "object": demo_acts.object_,
    "decide_objection": demo_acts.decide_objection,
    "ask_reporter": demo_acts.ask_reporter,
    "answer_question": demo_acts.answer_question,
    "hold": demo_acts.hold,
    "resume": demo_acts.resume,
    "refer": demo_acts.refer,
    "merge": demo_acts.merge,
    "quarantine": demo_acts.quarantine,
    "write": demo_acts.write,
    "withdraw": demo_acts.withdraw,
    "decide_withdrawal": demo_acts.decide_withdrawal,
    "follow": demo_acts.follow,
    "direct": demo_acts.direct,
    "publish_interim": demo_acts.publish_interim,
    "correct": demo_acts.correct,
    "review": demo_acts.review,
    "hand_back": demo_acts.hand_back,
    "decide_hand_back": demo_acts.decide_hand_back,
    "change_lead": demo_acts.change_lead,
    "remove_agency": demo_acts.remove_agency,
    "close_without_answer": demo_acts.close_without_answer,
    "request_extension": demo_acts.request_extension,
    "endorse_extension": demo_acts.endorse_extension,
    "decide_extension": demo_acts.decide_extension,
    "apologise": demo_acts.apologise,
    "open_answer": demo_desks.open_answer,
    "keep_draft": demo_desks.keep_answer_draft,
    "note": demo_desks.note,
    "claim": demo_desks.claim_step,
    "assign": demo_desks.assign,
}
"""What the stories are written in."""

PAINTERS = 2
"""Drawing is the computer's work and leaves Python free for long stretches: a second core takes half of it."""


def draw_pictures(store: FileStore, *, max_bytes: int) -> Pictures:
    """Draw and store what the stories show. Done before the unit of work: drawing and sealing take seconds."""
    wanted = [
        (story, purpose, number) for story in STORIES for purpose, count in _pictures_wanted(story).items() for number in range(count)
    ]
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def draw(one: tuple[Story, str, int]) -> PreparedPhoto:
        with app.app_context():
            return _drawn(*one, store, max_bytes)

    pictures: dict[tuple[str, str], list[PreparedPhoto]] = {}
    with ThreadPoolExecutor(PAINTERS) as painters:
        for (story, purpose, _), photo in zip(wanted, painters.map(draw, wanted), strict=True):
            pictures.setdefault((story.title, purpose), []).append(photo)
    return pictures


def agencies_at_work(centre: Centre) -> list[Agency]:
    """The agencies of the fresh reports, in order of their rows: each needs an officer and a leader of its own."""
    names = {name for story in FRESH for name in agency_names(story)}
    # the shipped rules propose the forest rangers for what a visitor likely sends first: smoke
    keys = {key for story in FRESH for each in story.deeds for key in each.agencies} | {"HKL"}
    query = select(Agency).where(Agency.centre_id == centre.id, Agency.name_vi.in_(names) | Agency.key.in_(keys))
    return list(db.session.scalars(query.order_by(Agency.id)))


def tell_stories(centre: Centre, *, now: datetime, store: FileStore, pictures: Pictures) -> int:
    """Tell every story up to `now`, in the caller's unit of work and in the order of time; returns how many."""
    calendar = calendar_of(centre.id)
    agenda: list[tuple[datetime, Telling, Deed]] = []
    for story in STORIES:
        telling = Telling(story, centre, store, pictures)
        moments = moments_of(story, urgent=is_urgent(story), now=now, calendar=calendar)
        agenda += [(moment, telling, each) for each, moment in moments]
    agenda.sort(key=lambda entry: entry[0])
    for moment, telling, each in agenda:
        if moment < DONE:
            DEEDS[each.step](telling, each, moment)
    reorganise(centre)
    for moment, telling, each in agenda:
        if moment >= DONE:
            DEEDS[each.step](telling, each, moment)
    return len(STORIES)


def _pictures_wanted(story: Story) -> dict[str, int]:
    if story.picture is None:
        return {}
    submits = [each for each in story.deeds if each.step in ("submit", "submit_again")]
    return {"scene": 1, "after": sum(not each.agencies or "photographed" in each.form for each in submits)}


def _drawn(story: Story, purpose: str, number: int, store: FileStore, max_bytes: int) -> PreparedPhoto:
    seed = crc32(story.title.encode())
    # a later photo of the work shows another spot, the first one the place of the report
    data = draw_demo_photo(seed + number, story.picture or "", after=purpose == "after")
    return prepare_photo(data, f"{purpose}.jpg", store=store, max_bytes=max_bytes)
