"""Plays the stories of the demonstration in chronological order: every deed by its use case, at the story's own time."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from zlib import crc32

from flask import Flask, current_app
from sqlalchemy import select

from casework.calendars import calendar_of
from casework.db import db
from casework.files.local import FileStore
from casework.models import Agency, Centre
from casework.photos.records import PreparedPhoto, prepare_photo
from casework.recordings.staging import PreparedRecording, prepare_recording
from web.demo import acts as demo_acts
from web.demo import desks as demo_desks
from web.demo import steps as demo_steps
from web.demo.cast import Cast
from web.demo.fresh import FRESH
from web.demo.history import HISTORY
from web.demo.life import life
from web.demo.pictures import draw_demo_photo
from web.demo.recordings import demo_video, demo_voice
from web.demo.reorganisation import DONE, reorganise
from web.demo.stories import Deed, Story, moments_of
from web.demo.telling import Pictures, Recorded, Telling, agency_names, begin_step, in_a_deed
from web.demo.year import YEAR

STORIES = (*HISTORY, *YEAR, *FRESH)

Do = Callable[[Telling, Deed, datetime], None]

DEEDS: dict[str, Do] = {
    "file": demo_steps.file,
    "confirm": demo_steps.confirm,
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
    "divide": demo_acts.divide,
    "join_part": demo_acts.join_part,
    "quarantine": demo_acts.quarantine,
    "write": demo_acts.write,
    "withdraw": demo_acts.withdraw,
    "decide_withdrawal": demo_acts.decide_withdrawal,
    "follow": demo_acts.follow,
    "me_too": demo_acts.me_too,
    "transcribe": demo_acts.transcribe_voice,
    "block_sender": demo_acts.block_sender_of,
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
"""The deeds that stories consist of."""

def painter(store: FileStore, *, max_bytes: int, apart: bool) -> Executor:
    """Somebody who draws while the stories are told: `apart` in a process of its own on the second core; no threads may run yet."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    studio = _Studio(app, store, max_bytes)
    if apart:
        return ProcessPoolExecutor(1, get_context("fork"), _STUDIOS.append, (studio,))
    return ThreadPoolExecutor(1, initializer=_STUDIOS.append, initargs=(studio,))


def draw_pictures(painters: Executor) -> Pictures:
    """Order the pictures of the stories, in the order in which they are needed."""
    pictures: dict[tuple[str, str], list[Future[PreparedPhoto]]] = {}
    for story in STORIES:
        for number, (purpose, kind) in enumerate(_pictures_of(story)):
            order = _PictureOrder(story.title, purpose, kind, number)
            pictures.setdefault((story.title, purpose), []).append(painters.submit(_drawn, order))
    return pictures


def make_recordings(store: FileStore) -> Recorded:
    """Generate and store the voice notes, and the videos where the extra `media` is installed. Call before the unit of work as well."""
    made: dict[str, list[PreparedRecording]] = {}
    for number, story in enumerate(STORIES):
        sound = demo_voice(number) if story.voice else None
        film = demo_video(crc32(story.title.encode()), story.picture or "") if story.video else None
        files = [("voice", "loi-noi.wav", sound), ("video", "quay-tai-cho.webm", film)]
        kept = [prepare_recording(data, name, kind=kind, store=store) for kind, name, data in files if data is not None]
        if kept:
            made[story.title] = kept
    return made


def agencies_at_work(centre: Centre) -> list[Agency]:
    """The agencies of the fresh reports, in row order: each needs an officer and a leader of its own."""
    names = {name for story in FRESH for name in agency_names(story)}
    # the shipped rules propose the forest rangers for what a visitor is likely to send first: smoke
    keys = {key for story in FRESH for each in story.deeds for key in each.agencies} | {"HKL"}
    query = select(Agency).where(Agency.centre_id == centre.id, Agency.name_vi.in_(names) | Agency.key.in_(keys))
    return list(db.session.scalars(query.order_by(Agency.id)))


def tell_stories(centre: Centre, *, now: datetime, store: FileStore, pictures: Pictures, recorded: Recorded, cases: int) -> int:
    """Play every story up to `now`, in the caller's unit of work and in order of time, and of the year's life as many as make `cases`
    together; returns how many."""
    calendar = calendar_of(centre.id)
    stories = (*STORIES, *life(max(0, cases - len(STORIES)), now=now, calendar=calendar))
    agenda: list[tuple[datetime, Telling, Deed]] = []
    cast = Cast()
    for story in stories:
        telling = Telling(story, centre, store, pictures, recorded, cast)
        moments = moments_of(story, urgent=story.is_urgent, now=now, calendar=calendar)
        agenda += [(moment, telling, each) for each, moment in moments]
    agenda.sort(key=lambda entry: entry[0])
    is_reorganised = False
    for moment, telling, each in agenda:
        if moment >= DONE and not is_reorganised:
            reorganise(centre)
            cast.forget()
            is_reorganised = True
        with in_a_deed(centre):
            DEEDS[each.step](telling, each, moment)
    begin_step()
    return len(stories)


@dataclass(frozen=True)
class _Studio:
    """What a painter needs beside an order."""

    app: Flask
    store: FileStore
    max_bytes: int


_STUDIOS: list[_Studio] = []
"""The newest is the painter's: what cannot be sent to another process is there when it begins."""


@dataclass(frozen=True)
class _PictureOrder:
    """A picture to draw: the title of its story, its purpose, what it shows, and its number among several."""

    title: str
    purpose: str
    kind: str
    number: int


def _drawn(order: _PictureOrder) -> PreparedPhoto:
    """Draw and store it. Before and after photos show the place of the report, others another spot."""
    studio = _STUDIOS[-1]
    spot = order.number + 1 if order.purpose == "added" else max(0, order.number - 1)
    data = draw_demo_photo(crc32(order.title.encode()) + spot, order.kind, after=order.purpose == "after")
    with studio.app.app_context():
        return prepare_photo(data, f"{order.purpose}.jpg", store=studio.store, max_bytes=studio.max_bytes)


def _pictures_of(story: Story) -> Iterator[tuple[str, str]]:
    """Purpose and kind of each picture: the scene, the place after each answer that has a photo, what the sender added."""
    if story.picture is not None:
        yield "scene", story.picture
        for each in story.deeds:
            if each.step in ("submit", "submit_again") and (not each.agencies or "photographed" in each.form):
                yield "after", story.picture
    for each in story.deeds:
        if "picture" in each.form:
            yield "added", each.form["picture"]
