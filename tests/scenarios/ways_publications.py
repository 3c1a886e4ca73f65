"""Ways of telling an answer: in part, in whole, in private; corrected, taken back."""
from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from casework.db import db
from casework.models import Publication, VisibilityReason
from casework.publishing.acts import PublicationRefused
from casework.publishing.ratings import RatingRefused
from tests.build import World
from tests.scenarios.straight import (
    ANSWERED,
    END,
    EVENTS,
    MESSAGES,
    OUTCOME,
    PUBLIC_WORDS,
    SEVERAL_AGENCY_DUE,
    SEVERAL_DUE,
    TAKEN,
    accept,
    acceptance,
    answer,
    approval,
    approve,
    asked,
    at_work,
    classify,
    give,
    publication,
    publish,
    rating,
    straight_but,
    submit,
    verify,
    whole,
    work,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Way, look
from tests.scenarios.ways_agencies import LAT, TWO_MESSAGES, one_of

# -- interim ----------------------------------------------------------------------------------------------------------

def walk_interim(world: World) -> Walk:
    w = at_work(world, "PTNMT", LAT)
    with w.refused(PublicationRefused):                 # nobody has answered yet
        w.act("03/03 08:00", "publish_interim", "operator", **PUBLIC_WORDS)
    answer(w)
    w.act("03/03 14:00", "publish_interim", "operator", **PUBLIC_WORDS)
    w.look("interim")
    assert w.public().is_interim
    assert [answer.agency.vi for answer in w.public().answers] == [w.agency("PTNMT").name_vi]
    with w.refused(RatingRefused):
        w.rate("03/03 15:00", "satisfied")
    submit(w, LAT, day="04/03", time="09:10")
    approve(w, LAT, day="04/03", time="10:10")
    publish(w, "04/03")
    w.look("final")
    assert [answer.agency.vi for answer in w.public().answers] == [w.agency("PTNMT").name_vi, w.agency(LAT).name_vi]
    w.window_ends("12/03 00:00", "rating_window")
    return w


# The limit of the case ends with the final publication only; that of publication starts with the last approval.
INTERIM = Way("interim publication", walk_interim, replace(
    OUTCOME, row=replace(OUTCOME.row, closed="12/03 00:00", answered="04/03 14:00"), last=replace(OUTCOME.last, due=SEVERAL_DUE),
    events=("file_report", *TAKEN, "distribute", *["accept_assignment"] * 2, *ANSWERED, "publish", *ANSWERED, *END),
    messages=(*TWO_MESSAGES, "report_interim citizen"),
    limits=(
        acceptance(), whole(SEVERAL_DUE, "04/03 14:00"), asked(), work(due=SEVERAL_AGENCY_DUE), approval(),
        *one_of(LAT, 10, day="04/03"), publication("04/03 15:40", "04/03 14:00"), rating("12/03 00:00"),
    ),
    assignments=("PTNMT lead approved/approved", f"{LAT} cooperating approved/approved"),
    looks={
        "interim": look("handling", [f"submit_answer officer {LAT}"], "Đang xử lý", "Đang xử lý", published="interim", due=SEVERAL_DUE),
        "final": look("rating", ["rate reporter"], "Đã xử lý", "Mời đánh giá", published="final", due=SEVERAL_DUE),
    },
))  # fmt: skip

# -- final, private ---------------------------------------------------------------------------------------------------

def walk_final(world: World) -> Walk:
    w = at_work(world)
    answer(w)
    with w.refused(PublicationRefused):                 # nobody says that names and faces are covered
        publish(w, checked=False)
    publish(w)
    w.look("published")
    w.window_ends("11/03 00:00", "rating_window")
    return w


PUBLISHED = look("rating", ["rate reporter"], "Đã xử lý", "Mời đánh giá", published="final", due="10/03 00:00")
FINAL = Way("final publication", walk_final, replace(OUTCOME, looks={"published": PUBLISHED}))


def sensitive_and_answered(world: World) -> Walk:
    reason = db.session.scalars(select(VisibilityReason).where(VisibilityReason.key == "tre_em")).one()
    w = Walk(world)
    w.file()
    verify(w)
    w.look("accepted")
    classify(w, visibility_reason=reason)
    w.look("sensitive")
    give(w)
    accept(w)
    answer(w)
    return w


def walk_private(world: World) -> Walk:
    w = sensitive_and_answered(world)
    with w.refused(PublicationRefused):
        publish(w)
    w.do("03/03 14:00", "publish", "operator", act="answer_privately", title="Việc của trẻ em", question="Nội dung đã biên tập.")
    w.look("answered")
    w.rate("04/03 09:00", "satisfied")
    w.window_ends("11/03 00:00", "rating_window")
    return w


PRIVATE = Way("private answer", walk_private, replace(
    OUTCOME, row=replace(OUTCOME.row, is_public=False), last=look("closed", (), None, "Đã kết thúc", due="10/03 00:00"),
    events=(*EVENTS[:-2], "answer_privately", "rate", "close"),
    messages=(*(each for each in MESSAGES if each != "report_published citizen"), "report_answered citizen"),
    looks={
        "accepted": look("to_classify", ["classify operator"], "Đã tiếp nhận", "Đã tiếp nhận"),
        "sensitive": look("to_distribute", ["distribute operator"], None, "Đã tiếp nhận", due="10/03 00:00"),
        "answered": look("rating", ["rate reporter"], None, "Mời đánh giá", due="10/03 00:00"),
    },
))

# -- correction, unpublish --------------------------------------------------------------------------------------------

def newest(w: Walk) -> Publication:
    query = select(Publication).where(Publication.case_id == w.case.id).order_by(Publication.id.desc())
    return db.session.scalars(query.limit(1)).one()


def published_and_rated(world: World) -> Walk:
    w = at_work(world)
    answer(w)
    publish(w)
    w.rate("04/03 09:00", "satisfied")
    return w


def walk_correction(world: World) -> Walk:
    w = published_and_rated(world)
    words = {**PUBLIC_WORDS, "title": "Rác đổ ven suối Păng Tiêng"}
    w.act("05/03 09:00", "correct_publication", "operator", publication=newest(w), version_seen=1, reason="Ghi rõ tên suối.",
          **words)
    w.look("corrected")
    public = w.public()
    assert (public.item.title, public.correction_reason) == ("Rác đổ ven suối Păng Tiêng", "Ghi rõ tên suối.")
    assert public.verdicts is not None
    assert (public.verdicts.total, public.verdicts.before_correction) == (1, 1)
    w.window_ends("11/03 00:00", "rating_window")
    return w


CORRECTION = Way("correction", walk_correction, straight_but(
    after="publish", does=("rate", "correct_publication"), told=("report_corrected citizen",), looks={"corrected": PUBLISHED},
))


def walk_unpublish(world: World) -> Walk:
    w = published_and_rated(world)
    w.act("05/03 09:00", "unpublish", "operator", publication=newest(w), reason="Còn lộ biển số xe.")
    w.look("taken back")
    w.window_ends("11/03 00:00", "rating_window")
    return w


# The answer stays with its reporter, who may still change the verdict; the public reads nothing any more.
UNPUBLISH = Way("unpublish", walk_unpublish, straight_but(
    after="publish", does=("rate", "unpublish"), told=("report_unpublished citizen",), row=replace(OUTCOME.row, is_public=False),
    last=look("closed", (), None, "Đã kết thúc", due="10/03 00:00"),
    looks={"taken back": look("rating", ["rate reporter"], None, "Mời đánh giá", due="10/03 00:00")},
))

INTERIM_AND_FINAL = (INTERIM, FINAL)
AFTERWARDS = (PRIVATE, CORRECTION, UNPUBLISH)
