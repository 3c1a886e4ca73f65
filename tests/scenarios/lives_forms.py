"""What somebody might send at each step and act: mostly fit, now and then not; drawn by a random source that hypothesis seeds."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Agency, Assignment, Case, Field, Publication, RefusalReason, Report, VisibilityReason
from casework.parts import parts_of
from tests import build

WORDS = ("Có đống rác lớn ven suối.", "Đã kiểm tra tại chỗ.", "Xin xem lại giúp.")


def words(random: Random) -> str:
    """Some words, one time in ten none."""
    return "" if random.random() < 0.1 else random.choice(WORDS)


def day(random: Random, now: datetime) -> Any:
    """A local day from yesterday to two weeks ahead."""
    return (now.astimezone(LOCAL_ZONE) + timedelta(days=random.randint(-1, 14))).date()


class Forms:
    """The forms of one world."""

    def __init__(self, world: build.World, random: Random, now: datetime) -> None:
        self.world, self.random, self.now = world, random, now

    def agency(self) -> Agency:
        return self.world.agencies[self.random.choice(sorted(self.world.agencies))]

    def report(self, case: Case) -> Report:
        return self.random.choice([link.report for link in case.reports])

    def classification(self) -> dict[str, Any]:
        random = self.random
        reason = db.session.scalars(select(VisibilityReason)).first() if random.random() < 0.1 else None
        return {
            "field": random.choice(list(db.session.scalars(select(Field)))), "urgency": random.choice(["urgent", "normal", "normal"]),
            "complexity": random.choice(["simple", "ordinary", "complex"]), "area": random.choice(list(self.world.areas.values())),
            "visibility_reason": reason,
        }  # fmt: skip

    def of_step(self, element: str, act: str, case: Case) -> dict[str, Any]:
        """The form of a step for one of its acts."""
        made = getattr(self, f"_{act}", None) or getattr(self, f"_{element}", None)
        return made(case) if made else {}

    def _verify(self, case: Case) -> dict[str, Any]:
        cleared = [build.cleared(link.report) for link in case.reports if link.left_at is None]
        return {"title": words(self.random) or "Rác", "cleared": cleared}

    def _refuse(self, _case: Case) -> dict[str, Any]:
        reason = self.random.choice(list(db.session.scalars(select(RefusalReason))))
        return {"reason": reason, "words": words(self.random)}

    def _classify(self, _case: Case) -> dict[str, Any]:
        return self.classification()

    def _call_hotline(self, _case: Case) -> dict[str, Any]:
        return {"number": "02630000000", "spoke_to": "Trực ban", "reached": self.random.random() < 0.6, "what": words(self.random)}

    def _distribute(self, _case: Case) -> dict[str, Any]:
        chosen = self.random.sample(sorted(self.world.agencies), self.random.randint(1, 3))
        lead, *others = [self.world.agencies[key] for key in chosen]
        return {"lead": lead, "cooperating": others, "confirms_short": self.random.random() < 0.7}

    def _hand_back(self, _case: Case) -> dict[str, Any]:
        return {"reason": words(self.random)}

    def _decide_hand_back(self, _case: Case) -> dict[str, Any]:
        return {"upheld": self.random.random() < 0.5, "words": words(self.random)}

    def _submit_answer(self, _case: Case) -> dict[str, Any]:
        return build.ANSWER

    def _redo_answer(self, _case: Case) -> dict[str, Any]:
        return {"instructions": words(self.random)}

    def _publish(self, _case: Case) -> dict[str, Any]:
        return {"title": "Rác đổ ven suối", "question": words(self.random), "checked": self.random.random() < 0.9}

    def _answer_privately(self, _case: Case) -> dict[str, Any]:
        return {"title": "Rác đổ ven suối", "question": words(self.random)}

    def _rate(self, case: Case) -> dict[str, Any]:
        level = self.random.choice(["satisfied", "acceptable", "dissatisfied", "dissatisfied"])
        return {"report": self.report(case), "level": level, "reason": words(self.random)}

    def _review_rating(self, _case: Case) -> dict[str, Any]:
        return {"outcome": self.random.choice(["explained", "reopened"]), "words": words(self.random)}

    def _endorse_extension(self, _case: Case) -> dict[str, Any]:
        return {"endorsed": self.random.random() < 0.7, "words": words(self.random)}

    def _decide_extension(self, _case: Case) -> dict[str, Any]:
        return {"granted": self.random.random() < 0.6, "words": words(self.random)}

    def _answer_question(self, case: Case) -> dict[str, Any]:
        return {"report": self.report(case), "words": words(self.random)}

    _object_to_refusal = _answer_question

    def _decide_objection(self, _case: Case) -> dict[str, Any]:
        return {"upheld": self.random.random() < 0.5, "words": words(self.random)}

    def _close_referral(self, _case: Case) -> dict[str, Any]:
        return {"result": words(self.random)}

    _take_back = _close_referral

    def _decide_withdrawal(self, _case: Case) -> dict[str, Any]:
        return {"granted": self.random.random() < 0.4, "words": words(self.random)}

    def _clear_text(self, _case: Case) -> dict[str, Any]:
        return {"words": words(self.random)}


ActForm = Callable[[Forms, Case], dict[str, Any]]


def _publication(case: Case, random: Random) -> Publication | None:
    rows = list(db.session.scalars(select(Publication).where(Publication.case_id == case.id)))
    return random.choice(rows) if rows else None


def _read(publication: Publication | None) -> dict[str, Any]:
    if publication is None:
        return {"publication": None, "version_seen": 1}
    return {"publication": publication, "version_seen": publication.current.version, "again": publication.unpublished_at is not None}


def _edited(forms: Forms, _case: Case) -> dict[str, Any]:
    return {"title": "Rác đổ ven suối", "question": words(forms.random), "checked": True}


def _one_more_agency(forms: Forms, _case: Case) -> dict[str, Any]:
    return {"agency": forms.agency(), "confirms_short": forms.random.random() < 0.7}


def _other_case(forms: Forms, case: Case) -> dict[str, Any]:
    others = list(db.session.scalars(select(Case).where(Case.id != case.id).order_by(Case.id.desc()).limit(6)))
    return {"into": forms.random.choice(others or [case])}


def _part(forms: Forms, case: Case) -> dict[str, Any]:
    chosen = forms.classification()
    del chosen["visibility_reason"]
    area, seen = case.area or chosen.pop("area"), forms.random.choice([len(parts_of(case))] * 9 + [0])
    return {
        **chosen, "area": area, "title": words(forms.random), "words": words(forms.random), "lead": forms.agency(), "parts_seen": seen,
    }  # fmt: skip


ACT_FORMS: dict[str, ActForm] = {
    "add_agency": _one_more_agency,
    "ask_reporter": lambda forms, case: {
        "report": forms.report(case), "words": words(forms.random), "working_days": forms.random.randint(1, 8),
        "when_unanswered": forms.random.choice(["close", "continue"]),
    },
    "change_lead": _one_more_agency,
    "classify": lambda forms, _case: {**forms.classification(), "reason": words(forms.random)},
    "correct_publication": lambda forms, case: {
        **_edited(forms, case), **_read(_publication(case, forms.random)), "reason": words(forms.random),
    },
    "direct": lambda forms, _case: {"words": words(forms.random)},
    "divide": _part,
    "follow": lambda _forms, _case: {},
    "hand_over": lambda forms, _case: {"receipt": words(forms.random)},
    "hold": lambda forms, _case: {"reason": words(forms.random), "until": day(forms.random, forms.now)},
    "join_part": lambda forms, _case: {"reason": words(forms.random)},
    "merge": _other_case,
    "publish_interim": _edited,
    "quarantine": lambda forms, _case: {"reason": words(forms.random)},
    "refer": lambda forms, _case: {"body": "Công an tỉnh", "reason": words(forms.random)},
    "refuse": Forms._refuse,
    "remind_all": lambda _forms, _case: {},
    "split": lambda forms, case: {"report": forms.report(case), "reason": words(forms.random)},
    "stop_waiting": lambda _forms, _case: {},
    "unfollow": lambda _forms, _case: {},
    "unpublish": lambda forms, case: {"publication": _publication(case, forms.random), "reason": words(forms.random)},
    "withdraw_report": lambda forms, case: {"report": forms.report(case), "reason": words(forms.random)},
    "write_to_centre": lambda forms, case: {"report": forms.report(case), "words": words(forms.random)},
}  # fmt: skip

ASSIGNMENT_FORMS: dict[str, Callable[[Forms, Assignment], dict[str, Any]]] = {
    "close_without_answer": lambda forms, _row: {"reason": words(forms.random)},
    "progress_note": lambda forms, _row: {"words": words(forms.random)},
    "remove_agency": lambda forms, _row: {"reason": words(forms.random)},
    "request_extension": lambda forms, _row: {"reason": words(forms.random), "until": day(forms.random, forms.now)},
}
"""Acts about one agency's work. Which acts are tried apart: tests/workflows/test_verbs.py."""
