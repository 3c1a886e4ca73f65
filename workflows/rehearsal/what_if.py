"""What if: closed cases replayed in a draft and in the live model, by the same code, with the totals of both compared.

Every case keeps its real decisions and durations. Whatever history does not know is assumed, and each assumption is stated. Runs in the
child process (workflows/sandbox.py), with plain data in and out.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from statistics import fmean, median
from typing import Any

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.working_time import Unit
from workflows.bindings import BINDINGS
from workflows.definitions.process import Element, parse
from workflows.element_settings import limit_of
from workflows.facts import FACTS
from workflows.rehearsal.assumptions import BUTTON, TIMER, Assumed
from workflows.rehearsal.automaton import NOON, Automaton
from workflows.rehearsal.lives import CaseLife
from workflows.rehearsal.meaning import ConditionMeaning
from workflows.rehearsal.office_time import OfficeTime, calendar_from_told
from workflows.rehearsal.records import Record, record_of
from workflows.rehearsal.replaying import Played, Player
from workflows.rehearsal.states import Kind
from workflows.rehearsal.stories import LONGEST_WHY, cut, label_of, shortened
from workflows.rehearsal.tracing import NotTraced, trace_case

Told = dict[str, Any]
Tell = Callable[[int, int], None]

DAY = 86_400.0
YEARS_AHEAD = 3 * 365 * DAY
WITHOUT_ANY = 3_600.0
"""Office seconds of a step for which neither a limit nor history gives a duration."""
MOST_REASONS = 20
MOST_SENTENCES = 60
MOST_ROWS = 400
"""Steps listed, and rows of who works how much."""

OTHER_VERSIONS = Bilingual(
    "Hồ sơ đã chuyển bản giữa chừng.", "The case was moved to another version on its way."
)
NOT_OVER = Bilingual("Quy trình của hồ sơ chưa kết thúc.", "The process of the case is not over.")


@dataclass(frozen=True, slots=True)
class _Case:
    life: CaseLife
    record: Record


def replay(asked: Mapping[str, Any], tell: Tell) -> Told:
    """Replay `lives` in `draft` and in `basis` (texts) and return the totals of both.

    `versions` are the texts the cases ran on, by hash; `calendar` comes from office_time; `minutes` and `outcomes` by element replace
    assumptions; `has_daily_settings` says that daily settings override the live model.
    """
    draft, basis = Automaton(parse(asked["draft"].encode())), Automaton(parse(asked["basis"].encode()))
    if draft.definition.sha256 == basis.definition.sha256:
        draft = basis
    lives, left_out = [CaseLife.from_told(each) for each in asked["lives"]], Counter[Bilingual]()
    known = {each.definition.sha256: each for each in (draft, basis)}
    known |= {sha256: Automaton(parse(xml.encode())) for sha256, xml in asked["versions"].items() if sha256 not in known}
    tell(0, 2 * len(lives))
    cases = list(_traced(lives, known, (draft, basis), left_out, tell))
    office = _office(asked["calendar"], cases)
    assumptions = _Assumptions(cases, known, office, asked.get("minutes", {}), asked.get("outcomes", {}))
    players = {
        side: Player(automaton, office, lambda element, automaton=automaton: assumptions.of(element, automaton))  # type: ignore[misc]
        for side, automaton in (("basis", basis), ("draft", draft))
    }
    sums = {"basis": _Sum(), "draft": _Sum()}
    replayed = 0
    for number, case in enumerate(cases):
        try:
            played = {side: player.play(case.record) for side, player in players.items()}
        except CaseworkError as refusal:
            left_out[refusal.text] += 1
            continue
        replayed += 1
        for side, each in played.items():
            sums[side].add(each, case.record)
        if number % 50 == 0:
            tell(len(lives) + number, 2 * len(lives))
    return {
        "found": asked["found"], "chosen": len(lives), "replayed": replayed,
        "left_out": [{"why": list(cut(why, LONGEST_WHY)), "cases": many} for why, many in left_out.most_common(MOST_REASONS)],
        "basis": sums["basis"].told(), "draft": sums["draft"].told(),
        "steps": list(islice(_steps(sums["basis"], sums["draft"], basis, draft), MOST_ROWS)),
        "work": list(islice(_work(sums["basis"], sums["draft"]), MOST_ROWS)),
        "assumptions": [list(cut(each, LONGEST_WHY)) for each in _sentences(asked, len(lives), sums, players, assumptions)],
    }  # fmt: skip


def _traced(
    lives: Sequence[CaseLife], known: Mapping[str, Automaton], sides: tuple[Automaton, Automaton], left_out: Counter[Bilingual], tell: Tell
) -> Iterator[_Case]:
    meanings: dict[str, dict[str, ConditionMeaning]] = {}
    for number, life in enumerate(lives):
        automaton = known.get(life.version)
        if number % 50 == 0:
            tell(number, 2 * len(lives))
        if automaton is None:
            left_out[OTHER_VERSIONS] += 1
            continue
        if life.processes[0].ended is None:
            left_out[NOT_OVER] += 1
            continue
        if life.version not in meanings:
            meanings[life.version] = {
                id_: ConditionMeaning([each.graphs[id_] for each in (automaton, *sides) if id_ in each.graphs], NOON)
                for id_ in automaton.graphs
            }
        try:
            yield _Case(life, record_of(life, trace_case(life, automaton, meanings[life.version])))
        except NotTraced as refusal:
            left_out[refusal.text] += 1


def _office(told: Mapping[str, Any], cases: Sequence[_Case]) -> OfficeTime:
    first = min((each.record.started for each in cases), default=0.0)
    last = max((each.record.ended for each in cases), default=0.0)
    return OfficeTime(calendar_from_told(told), first - DAY, last + YEARS_AHEAD)


# -- what history does not know ------------------------------------------------------------------------------------------


class _Assumptions:
    """How long a step takes that history does not know: as typed, else its own limit if no case passed it.

    Failing these, the median of its own passages, then of those of its role, then WITHOUT_ANY.
    """

    def __init__(
        self, cases: Sequence[_Case], known: Mapping[str, Automaton], office: OfficeTime, minutes: Mapping[str, Any],
        outcomes: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.minutes, self.outcomes, self.office = minutes, outcomes, office
        by_element: dict[str, list[float]] = defaultdict(list)
        by_role: dict[str, list[float]] = defaultdict(list)
        for case in cases:
            elements = known[case.life.version].definition.elements
            for (_, (kind, name)), passages in case.record.passages.items():
                for each in passages:
                    if kind == Kind.STEP and each.act is not None and each.until is not None:
                        worked = office.between(each.since, each.until)
                        by_element[name].append(worked)
                        by_role[elements[name].role or ""].append(worked)
        self.of_element = {name: median(each) for name, each in by_element.items()}
        self.of_role = {name: median(each) for name, each in by_role.items()}
        self._kept: dict[tuple[str, str], Assumed] = {}

    def of(self, element: str, automaton: Automaton) -> Assumed:
        """The assumption for a step of a model."""
        key = automaton.definition.sha256, element
        if key not in self._kept:
            found = automaton.definition.elements[element]
            seconds, in_office = self._seconds(found)
            self._kept[key] = Assumed(seconds, in_office, self._outcome(found))
        return self._kept[key]

    def _outcome(self, element: Element) -> str | None:
        wanted = self.outcomes.get(element.id)
        if wanted in {each.id for each in element.form.buttons}:
            return wanted
        return element.form.buttons[0].id if element.form.buttons and element.id not in BINDINGS.steps else None

    def _seconds(self, element: Element) -> tuple[float, bool]:
        if element.id in self.minutes:
            return float(self.minutes[element.id]) * 60, True
        limit = limit_of(element)
        if limit is not None and element.id not in self.of_element:
            if limit.unit == Unit.WORKING_DAYS:
                return limit.amount * self._of_a_day(), True
            return limit.length.total_seconds(), limit.unit == Unit.WORKING_HOURS
        own = self.of_element.get(element.id)
        return (own if own is not None else self.of_role.get(element.role or "", WITHOUT_ANY)), True

    def _of_a_day(self) -> float:
        return 8 * 3_600.0

    def reason(self, element: Element) -> Bilingual:
        """Why that duration is assumed."""
        if element.id in self.minutes:
            return Bilingual("như đã nhập", "as typed in")
        if limit_of(element) is not None and element.id not in self.of_element:
            return Bilingual("bằng thời hạn của bước", "its own limit")
        if element.id in self.of_element:
            return Bilingual("trung vị của chính bước này", "the median of this step itself")
        if (element.role or "") in self.of_role:
            return Bilingual("trung vị các bước khác của cùng vai trò", "the median of the other steps of its role")
        return Bilingual("không có căn cứ nào khác", "nothing else is known")


def _sentences(
    asked: Mapping[str, Any], chosen: int, sums: Mapping[str, "_Sum"], players: Mapping[str, Player], assumptions: _Assumptions
) -> Iterator[Bilingual]:
    """Every assumption in words."""
    yield Bilingual(
        "Mỗi bước được làm như đã làm và trong cùng thời gian; khi bắt đầu vào lúc khác thì cần cùng số giờ làm việc.",
        "Each step is done as it was and takes as long; where it begins at another time, as many office hours.",
    )
    yield Bilingual(
        "Điều xảy ra bên lề (xin rút, tạm dừng, viết thêm…) xảy ra sau cùng một việc và sau cùng khoảng thời gian như đã xảy ra.",
        "What happened outside the steps (a withdrawal, a hold, more words …) happens after the same step and as long after it as then.",
    )
    yield Bilingual(
        "Người làm không bận hơn: nhiều việc hơn không làm việc khác chậm lại.",
        "Nobody is busier for it: more work does not slow other work down.",
    )
    if asked.get("has_daily_settings"):
        yield Bilingual(
            "Thiết đặt hằng ngày của các phần (thời hạn, người làm, tên gọi) không được tính: cả hai bản được diễn tập như trong sơ đồ.",
            "Daily settings of elements (limits, who does them, names) do not count: both versions are rehearsed as they are drawn.",
        )
    if asked["found"] > chosen:
        yield Bilingual(
            f"Trong {asked['found']} hồ sơ của kỳ, {chosen} hồ sơ được chọn đều theo thời gian.",
            f"Of {asked['found']} cases of the period {chosen} were chosen evenly over time.",
        )
    for side in ("draft",) if players["draft"].automaton is players["basis"].automaton else ("draft", "basis"):
        where = Bilingual("", "") if side == "draft" else Bilingual("Trong bản đang áp dụng: ", "In the live version: ")
        for (element, what, button), many in sorted(sums[side].assumed.items())[:MOST_SENTENCES]:
            said = _said(element, what, button, many, players[side].automaton, assumptions)
            yield Bilingual(where.vi + said.vi, where.en + said.en)
        for name, many in sorted(sums[side].heard.items())[:MOST_SENTENCES]:
            label = FACTS[name].label if name in FACTS else cut(Bilingual(name, name))
            yield Bilingual(
                f"{where.vi}“{label.vi}”: lịch sử không có; giả định xảy ra ngay khi được chờ ({many} lần).",
                f"{where.en}“{label.en}”: history has none; it is assumed to happen as soon as it is waited for ({many} times).",
            )


def _said(element: str, what: str, button: str, many: int, automaton: Automaton, assumptions: _Assumptions) -> Bilingual:
    found, name = automaton.definition.elements[element], label_of(element, automaton)
    pressed = next((cut(each.label) for each in found.form.buttons if each.id == button), None)
    outcome = Bilingual(f", kết quả “{pressed.vi}”", f", outcome “{pressed.en}”") if pressed is not None else Bilingual("", "")
    if what == TIMER:
        return Bilingual(
            f"“{name.vi}”: lịch sử không có thời hạn này; giả định theo mô hình ({many} lượt).",
            f"“{name.en}”: history has no such time limit; it is assumed as the model says ({many} times).",
        )
    if what == BUTTON:
        return Bilingual(
            f"“{name.vi}”: kết quả đã chọn khi đó không còn{outcome.vi} ({many} lượt).",
            f"“{name.en}”: the outcome chosen then is there no more{outcome.en} ({many} times).",
        )
    assumed, why = assumptions.of(element, automaton), assumptions.reason(found)
    long = _hours(assumed)
    return Bilingual(
        f"“{name.vi}”: lịch sử không có bước này; giả định mất {long.vi} ({why.vi}){outcome.vi} ({many} lượt).",
        f"“{name.en}”: history has no such step; it is assumed to take {long.en} ({why.en}){outcome.en} ({many} times).",
    )


def _hours(assumed: Assumed) -> Bilingual:
    number = f"{assumed.seconds / 3_600:.2f}".rstrip("0").rstrip(".")
    if assumed.in_office:
        return Bilingual(f"{number.replace('.', ',')} giờ làm việc", f"{number} office hours")
    return Bilingual(f"{number.replace('.', ',')} giờ", f"{number} hours")


# -- added up ------------------------------------------------------------------------------------------------------------


class _Sum:
    """The totals of one side."""

    def __init__(self) -> None:
        self.passages: Counter[str] = Counter()
        self.work: dict[tuple[str, int | None], list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.assumed: Counter[tuple[str, str, str]] = Counter()
        self.heard: Counter[str] = Counter()
        self.answered: list[float] = []
        self.closed: list[float] = []
        self.judged = self.late = 0

    def add(self, played: Played, record: Record) -> None:
        self.passages += played.passages
        self.assumed += played.assumed
        self.heard += played.heard
        for key, (many, seconds) in played.work.items():
            self.work[key][0] += many
            self.work[key][1] += seconds
        self.answered.append((played.answered - record.started) / DAY)
        self.closed.append((played.ended - record.started) / DAY)
        if played.is_late is not None:
            self.judged += 1
            self.late += played.is_late

    def told(self) -> Told:
        return {"judged": self.judged, "late": self.late, "answered": _spread(self.answered), "closed": _spread(self.closed)}


def _spread(days: Sequence[float]) -> Told | None:
    if not days:
        return None
    ordered = sorted(days)
    # the shortest time within which nine of ten were done, as in the heat map
    return {"mean": fmean(ordered), "median": median(ordered), "p90": ordered[ceil(len(ordered) * 0.9) - 1]}


def _steps(before: _Sum, after: _Sum, basis: Automaton, draft: Automaton) -> Iterator[Told]:
    """The steps passed in either model, in the order of the draft; those that only the live one has come last."""
    ordered = dict.fromkeys(
        [*(each.id for each in draft.definition.steps), *(each.id for each in basis.definition.steps)]
    )
    for element in ordered:
        was, now = before.passages[element], after.passages[element]
        side = draft if element in draft.definition.elements else basis
        if was or now:
            yield {
                "element": shortened(element), "label": list(label_of(element, side)),
                "role": shortened(side.definition.elements[element].role or ""), "basis": was, "draft": now,
            }  # fmt: skip


def _work(before: _Sum, after: _Sum) -> Iterator[Told]:
    keys = sorted({*before.work, *after.work}, key=lambda key: (key[0], key[1] or 0))
    for role, agency in keys:
        was, now = before.work[role, agency], after.work[role, agency]
        yield {"role": shortened(role), "agency": agency, "basis": [int(was[0]), was[1] / 3_600], "draft": [int(now[0]), now[1] / 3_600]}


