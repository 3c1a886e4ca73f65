"""Suggesting a field by similarity to the centre's own closed cases, where no rule suggests one.

Needs the extra `suggest` (scikit-learn); without it there are no such suggestions. The model learns from cleared words in the memory of
one process, anew each day, and is never stored.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from importlib.util import find_spec
from typing import Any, Protocol

from sqlalchemy import select

from casework.db import db
from casework.local_time import local_day
from casework.models import Case, CaseReport, Field, ReportText
from casework.states import CaseState
from casework.text import fold

MOST_LEARNT = 5_000
"""The newest closed cases of a centre to learn from."""
LEAST_LEARNT = 60
LEAST_OF_A_FIELD = 8
"""Fewer cases of a field are too few to learn from."""
LEAST_SHARE, LEAST_LEAD = 0.45, 1.6
"""The least certainty of the first field, absolute and relative to the second; a text about something else resembles no field."""
MOST_WORDS = 3
_WORD = re.compile(r"\w+")


class Classifier(Protocol):
    def shares(self, text: str) -> dict[str, float]:
        """The probability of each field for bare words, adding up to 1. Empty for a text of unknown words."""

    def speaking(self, text: str, target: str) -> list[str]:
        """The bare words that suggest a field, the strongest first."""


Learner = Callable[[Sequence[str], Sequence[str]], Classifier]
Start = Callable[[Callable[[], None]], None]


class Likeness:
    """The models of one process, by centre: learnt in the background at the first request of a day; until then there is none."""

    def __init__(self, learn: Learner | None, start: Start) -> None:
        self._learn, self._start = learn, start
        self._guard = threading.Lock()
        self._day: dict[int, date] = {}
        self._models: dict[int, Classifier] = {}

    def field_of(self, centre_id: int, text: str, *, now: datetime) -> tuple[str, tuple[str, ...]] | None:
        """Return the field a text clearly resembles and the words that show it; None when there is none."""
        if self._learn is None:
            return None
        self._learn_daily(centre_id, self._learn, now)
        model = self._models.get(centre_id)
        bare = bare_words(text)
        ranked = Counter(model.shares(bare)).most_common(2) if model is not None else []
        if model is None or not ranked or ranked[0][1] < LEAST_SHARE or (len(ranked) > 1 and ranked[0][1] < LEAST_LEAD * ranked[1][1]):
            return None
        target = ranked[0][0]
        return target, tuple(_as_written(text, model.speaking(bare, target)[:MOST_WORDS]))

    def _learn_daily(self, centre_id: int, learn: Learner, now: datetime) -> None:
        today = local_day(now)
        with self._guard:
            if self._day.get(centre_id) == today:
                return
            self._day[centre_id] = today
        texts, targets = closed_cases(centre_id)

        def begin() -> None:
            """Learn, which takes seconds, and answer from then on."""
            self._models[centre_id] = learn(texts, targets)

        if len(texts) >= LEAST_LEARNT and len(set(targets)) > 1:
            self._start(begin)


def closed_cases(centre_id: int) -> tuple[list[str], list[str]]:
    """The folded words and the fields of the newest closed cases of a centre, without unpublishable ones."""
    newest = (
        select(Case.id, Case.title, Field.service_code)
        .join(Field, Field.id == Case.field_id)
        .where(Case.centre_id == centre_id, Case.state == CaseState.CLOSED, Case.quarantined_at.is_(None))
        .where(Case.visibility_reason_id.is_(None))
        .order_by(Case.id.desc())
        .limit(MOST_LEARNT)
        .subquery()
    )
    query = (
        select(newest.c.id, newest.c.title, newest.c.service_code, ReportText.body)
        .join(CaseReport, CaseReport.case_id == newest.c.id)
        .join(ReportText, ReportText.report_id == CaseReport.report_id)
        .where(CaseReport.is_main, CaseReport.left_at.is_(None), ReportText.kind == "cleared")
        .order_by(ReportText.id)
    )
    rows = {case_id: (bare_words(f"{title or ''} {body or ''}"), code) for case_id, title, code, body in db.session.execute(query)}
    often = Counter(code for _, code in rows.values())
    kept = [(text, code) for text, code in rows.values() if often[code] >= LEAST_OF_A_FIELD]
    return [text for text, _ in kept], [code for _, code in kept]


def bare_words(text: str) -> str:
    return " ".join(_WORD.findall(fold(text)))


def _as_written(text: str, folded: Sequence[str]) -> list[str]:
    """The words as written in the text."""
    written = {fold(word): word for word in _WORD.findall(text)}
    return [written.get(word, word) for word in folded]


def learn(texts: Sequence[str], targets: Sequence[str]) -> Classifier:
    """Learn with scikit-learn, which takes seconds to import and to learn: not in the thread of a request."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    return _Learnt(TfidfVectorizer, LogisticRegression, texts, targets)


class _Learnt:
    """Pieces of words of two to four letters, weighted by logistic regression."""

    def __init__(self, vectorizer: Any, regression: Any, texts: Sequence[str], targets: Sequence[str]) -> None:
        self._pieces = vectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True)
        self._model = regression(C=10, max_iter=300, class_weight="balanced")
        self._model.fit(self._pieces.fit_transform(texts), targets)

    def shares(self, text: str) -> dict[str, float]:
        """The probability of each field; empty for a text without a learnt piece."""
        found = self._pieces.transform([text])
        if not found.nnz:
            return {}
        return dict(zip(self._model.classes_.tolist(), self._model.predict_proba(found)[0].tolist(), strict=True))

    def speaking(self, text: str, target: str) -> list[str]:
        """The words whose pieces suggest a field, the strongest first."""
        words = list(dict.fromkeys(word for word in text.split() if len(word) > 1))
        index = self._model.classes_.tolist().index(target)
        # for two fields the model stores one row, that of the second
        rows = self._model.coef_
        weights = rows[index] if len(rows) > 1 else (rows[0] if index else -rows[0])
        loud = dict(zip(words, (self._pieces.transform(words) @ weights).tolist(), strict=True)) if words else {}
        return sorted((word for word in words if loud[word] > 0), key=lambda word: -loud[word])


def _beside(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="learn-fields", daemon=True).start()


LIKENESS = Likeness(learn if find_spec("sklearn") else None, _beside)
"""That of this process; without the extra it never answers."""
