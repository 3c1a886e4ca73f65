"""The list of rules.md, section 5, and the ways that walk it. The list is written by hand, in the order and the words of the rules."""
from __future__ import annotations

from collections.abc import Collection

from tests.scenarios import (
    ways_agencies,
    ways_answers,
    ways_apart,
    ways_asking,
    ways_dividing,
    ways_extensions,
    ways_handed_back,
    ways_joining,
    ways_midway,
    ways_moved,
    ways_publications,
    ways_ratings,
    ways_resting,
    ways_taken_back,
    ways_taking,
    ways_urgent,
)
from tests.scenarios.way import Way

THE_LIST: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("accept", ("accept",)),
    ("refuse at verification", ("refuse at verification",)),
    ("refuse after classification, before any agency accepted", ("refuse after classification, before any agency accepted",)),
    ("objection of the reporter upheld / dismissed", (
        "objection of the reporter upheld", "objection of the reporter upheld, agencies had been asked",
        "objection of the reporter dismissed",
    )),
    ("ask the reporter: answered / not answered", (
        "ask the reporter: answered", "ask the reporter: not answered, closed with notice", "ask the reporter: not answered, continued",
        "ask the reporter: not waited for any longer",
    )),
    ("merge", ("merge",)),
    ("split again", ("split again",)),
    ("refer elsewhere", ("refer elsewhere", "refer elsewhere: it came back")),
    ("quarantine at verification / later, also by an agency's button", (
        "quarantine at verification", "quarantine later", "quarantine later: when it was closed", "quarantine by an agency's button",
    )),
    ("withdrawn by the reporter before / after acceptance", (
        "withdrawn by the reporter before acceptance", "withdrawn by the reporter after acceptance",
        "withdrawn by the reporter after acceptance: the centre goes on",
    )),
    ("urgent with hotline reached / not reached (task blocks closing, not distribution)", (
        "urgent with hotline reached", "urgent with hotline not reached: it blocks closing, not distribution",
    )),
    ("one agency / several", ("one agency", "several agencies")),
    ("accepted / handed back once, twice; third *refused* (counted per case and role slot, lead or cooperating)", (
        "accepted by the agency", "handed back once", "handed back once: the agency stays", "handed back twice",
        "handed back a third time: refused", "handed back: counted per role slot, lead or cooperating",
    )),
    ("agency added / removed / lead changed midway", (
        "agency added midway", "agency added midway: when the answers were to be published", "agency removed midway", "lead changed midway",
    )),
    ("extension endorsed and granted / not endorsed / not granted / second / third refused", (
        "extension endorsed and granted", "extension not endorsed", "extension not granted", "extension: a second, by the committee leader",
        "extension: a third refused", "extension of an urgent case: by the committee leader alone",
    )),
    ("redo once, twice", ("redo once", "redo twice")),
    ("no eligible approver (found at *submit*, goes to the next leader up)", (
        "no eligible approver: found at submit, goes to the leader of the agency above",
        "no eligible approver: no agency above, goes to the committee leader",
    )),
    ("interim publication", ("interim publication",)),
    ("final publication", ("final publication",)),
    ("closed without a missing agency's answer (ops lead, with reason, shown publicly)", ("closed without a missing agency's answer",)),
    ("private answer", ("private answer",)),
    ("correction", ("correction",)),
    ("unpublish", ("unpublish",)),
    ("rated satisfied / acceptable / dissatisfied", ("rated satisfied", "rated acceptable", "rated dissatisfied")),
    ("review: explained / reopened once, twice; third time to the committee leader", (
        "review: explained", "reopened once", "reopened twice", "reopened: the third time goes to the committee leader",
    )),
    ("unrated close", ("unrated close",)),
    ("camera-only case without rating", ("camera-only case without rating",)),
    ("hold and resume", ("hold and resume", "hold and resume: its last day was over")),
    ("taken back within ten seconds: publish / answer in private / refuse / distribute / approve / brought back by change", (
        "taken back: publish", "taken back: answer in private", "taken back: refuse", "taken back: distribute", "taken back: approve",
        "taken back: brought back by change",
    )),
    ("urgency up / down", ("urgency up", "urgency down")),
    ("incident and retry", ("incident and retry",)),
    ("moved to another version of the process, and back", (
        "moved to another version of the process", "moved to another version of the process, and back",
    )),
    ("split into children, joined again", ("split into children", "split into children, joined again")),
)  # fmt: skip
"""Each entry of the rules, word for word, with the ways that walk it; those behind a colon go further than the rules ask."""

OF_SECTION_6 = ("the reporter writes, the operator clears it",)
"""Not on the list, and in the model all the same."""

WAYS: tuple[Way, ...] = (
    *ways_taking.WAYS, *ways_asking.WAYS, *ways_joining.WAYS, *ways_apart.WAYS, *ways_urgent.WAYS, *ways_agencies.WAYS,
    *ways_handed_back.WAYS, *ways_midway.WAYS, *ways_extensions.WAYS, *ways_answers.WAYS, *ways_publications.INTERIM_AND_FINAL,
    ways_midway.MISSING, *ways_publications.AFTERWARDS, *ways_ratings.WAYS, *ways_resting.HOLDS,
    *ways_taken_back.WAYS, *ways_urgent.LATER, *ways_resting.LAST, *ways_moved.WAYS, *ways_dividing.WAYS, ways_asking.REPORTER_WRITES,
)
"""In the order of the list."""

WATCHERS = frozenset({
    "beside_hotline", "beside_referral", "beside_merge", "beside_withdrawal", "beside_words", "beside_quarantine", "beside_question",
    "beside_refusal", "beside_removal", "again_hotline", "again_referral", "again_merge", "again_withdrawal", "again_words",
    "again_question", "again_refusal", "again_hold", "again_extension",
})  # fmt: skip
"""Gateways that only set the listeners out; every case passes the first ones at once, so they prove nothing of a way."""


def lacking(ids: Collection[str]) -> dict[str, list[str]]:
    """The ways a model with these elements and flows does not have, each with what it lacks for it."""
    known = frozenset(ids)
    return {way.name: sorted(way.elements - known) for way in WAYS if way.elements - known}
