"""What must hold on every path of a model, as data: the organisation's rules that a diagram could break.

The use cases rely on these: a step that is never offered, an event nobody listens for or an end that comes too early would leave a case
stuck. `source` names the section of rules.md; "engine" marks what the events of the diagram need (workflows/facts.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from casework.bilingual import Bilingual
from casework.permissions import LEADERS, Role
from workflows.checks.ways import Mark, done, end, hears, offered, runs, stands, waits

CASE, ASSIGNMENT = "case", "assignment"


@dataclass(frozen=True, slots=True)
class PathRule:
    """Every way from `start` (None: the beginning) to one of `goals` passes one of `passing`. If `passing` is empty, no such way may exist.

    `given` limits the rule to ways with these values: the outcome of the start step by its name, or the members of a message or service.
    """

    id: str
    process_id: str
    start: Mark | None
    goals: tuple[Mark, ...]
    passing: tuple[Mark, ...]
    why: Bilingual
    source: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listener:
    """An event for `message` waits from the beginning, and again after it was heard unless the process ends."""

    message: str
    process_id: str
    why: Bilingual
    source: str = "engine"


@dataclass(frozen=True, slots=True)
class Guard:
    """A boundary event of `step` that ends its waiting: for a message, or for a moment (`message` None)."""

    id: str
    step: str
    process_id: str
    message: str | None
    why: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class RoleRule:
    id: str
    step: str
    process_id: str
    roles: frozenset[str]
    why: Bilingual
    source: str


_IN_ORDER = Bilingual("Bước sau cần kết quả của bước trước.", "The later step needs what the earlier one leaves.")
_ROUND = Bilingual(
    "Chỉ công khai khi không còn đơn vị nào đang xử lý.", "Nothing is published while an agency is still at work."
)  # fmt: skip
_OBJECTION = Bilingual(
    "Người phản ánh được đề nghị xem lại một lần trong 7 ngày sau khi bị từ chối.",
    "A reporter may object once within 7 days of a refusal.",
)
_APPROVED = Bilingual(
    "Câu trả lời của đơn vị chỉ có giá trị khi lãnh đạo đã duyệt; người viết không tự duyệt.",
    "An agency's answer counts once a leader has approved it; who wrote it does not approve it.",
)
_GOES_ON = Bilingual("Việc chưa kết thúc; hồ sơ phải được làm tiếp.", "The matter is not over; the case has to go on.")
_IS_OVER = Bilingual(
    "Việc đã xong; sự kiện vẫn còn đúng nên hồ sơ sẽ lặp lại mãi.",
    "The matter is over; what the event waits for still holds, so the case would go round for ever.",
)
_STANDS = Bilingual(
    "Hồ sơ đang đứng yên vì việc này và chỉ đi tiếp khi có người quyết định.",
    "The case stands still because of this and goes on only when somebody decides.",
)
_NO_ANSWER = Bilingual(
    "Việc của đơn vị chỉ hết khi đã duyệt trả lời, cho chuyển trả hoặc rút đơn vị; nếu không hồ sơ chờ mãi.",
    "An agency's work ends by an approved answer, a release or its removal; else the case would wait for it for ever.",
)


_NO_MORE = (waits("assignment_ended"), waits("extension_asked"))
"""Messages no longer heard once the work of an agency is over."""


def _back(message: str) -> tuple[Mark, ...]:
    return (waits(message), end())


PATH_RULES: tuple[PathRule, ...] = (
    # the way of a case
    PathRule("verified_first", CASE, None, (offered("classify"),), (done("verify"),), _IN_ORDER, "rules.md 5"),
    PathRule("classified_first", CASE, None, (offered("distribute"),), (done("classify"),), _IN_ORDER, "rules.md 5"),
    PathRule("distributed_first", CASE, None, (offered("publish"),), (done("distribute"),), _IN_ORDER, "rules.md 5"),
    PathRule("agencies_finish_first", CASE, None, (offered("publish"),), (hears("assignments_finished"),), _ROUND, "rules.md 6, answers"),
    PathRule(
        "agencies_finish_each_round", CASE, done("distribute"), (offered("publish"),), (hears("assignments_finished"),), _ROUND,
        "rules.md 6, answers",
    ),
    PathRule(
        "added_agency_is_waited_for", CASE, hears("agency_added"), (offered("publish"),), (hears("assignments_finished"),), _ROUND,
        "rules.md 5",
    ),
    PathRule(
        "without_answer_distributed_again", CASE, hears("assignments_finished"), (offered("publish"), end("closed")),
        (done("distribute"),),
        Bilingual("Chưa có câu trả lời nào để công khai.", "There is no answer to publish yet."), "rules.md 5", {"answered": False},
    ),
    PathRule("published_before_rating", CASE, None, (offered("rate"),), (done("publish"),), _IN_ORDER, "rules.md 6, rating"),
    PathRule(
        "reporter_may_rate", CASE, done("publish"), (end(),), (offered("rate"),),
        Bilingual("Người phản ánh được đánh giá mọi kết quả cuối cùng.", "The reporter may rate whatever is final."),
        "rules.md 6, rating", {"has_rater": True},
    ),
    PathRule("rated_before_review", CASE, None, (offered("review_rating"),), (done("rate"),), _IN_ORDER, "rules.md 6, rating"),
    PathRule(
        "dissatisfied_is_reviewed", CASE, done("rate"), (end(), offered("distribute")), (done("review_rating"),),
        Bilingual("Đánh giá không hài lòng phải được xem xét.", "A dissatisfied rating must be reviewed."),
        "rules.md 6, rating", {"rate": "dissatisfied"},
    ),
    PathRule(
        "reopened_is_distributed", CASE, done("review_rating"), (end(), offered("publish")), (done("distribute"),), _GOES_ON,
        "rules.md 6, reopen", {"review_rating": "reopened"},
    ),
    PathRule(
        "published_before_closing", CASE, None, (end("closed"),), (done("publish"),),
        Bilingual("Hồ sơ chỉ khép khi đã trả lời người phản ánh.", "A case is closed once its reporter has an answer."), "rules.md 5",
    ),
    PathRule(
        "rest_settled_before_closing", CASE, None, (end("closed"),), (hears("rest_settled"),),
        Bilingual("Trước khi khép còn phải gọi đường dây nóng, đọc lời bổ sung.",
                  "Before closing, the hotline must be called and the reporter's words be read."),
        "rules.md 4 and 6",
    ),
    PathRule(
        "closed_is_the_end", CASE, None, (end("!closed"),),
        tuple(hears(each) for each in ("referred", "merged", "withdrawal_asked", "quarantined", "reporter_asked", "refused")),
        Bilingual("Chỉ điểm kết thúc “closed” ghi hồ sơ là đã xong; kết thúc khác để hồ sơ mở mãi.",
                  "Only the end “closed” records that a case is over; another one would leave it open for ever."),
        "workflows/bindings.py",
    ),
    # refusal and objection
    PathRule("refusal_may_be_objected_to", CASE, hears("refused"), _back("refused"), (offered("object_to_refusal"),), _OBJECTION,
             "rules.md 6, refuse"),
    PathRule("objected_before_decision", CASE, None, (offered("decide_objection"),), (done("object_to_refusal"),), _IN_ORDER,
             "rules.md 6, refuse"),
    PathRule("objection_is_decided", CASE, done("object_to_refusal"), _back("refused"), (done("decide_objection"),), _OBJECTION,
             "rules.md 6, refuse", {"object_to_refusal": "objected"}),
    PathRule("upheld_goes_on", CASE, done("decide_objection"), (end(),), (hears("refused"),), _GOES_ON, "rules.md 6, refuse",
             {"decide_objection": "upheld"}),
    PathRule("dismissed_is_over", CASE, done("decide_objection"), (waits("refused"),), (), _IS_OVER, "engine",
             {"decide_objection": "dismissed"}),
    # what may happen at any time
    PathRule("hotline_is_called", CASE, hears("hotline_needed"), _back("hotline_needed"), (offered("call_hotline"),),
             Bilingual("Việc khẩn phải gọi đường dây nóng.", "An urgent case means a call to the hotline."), "rules.md 4"),
    PathRule("words_are_read", CASE, hears("reporter_wrote"), _back("reporter_wrote"), (done("clear_text"),),
             Bilingual("Lời người phản ánh viết thêm phải có người đọc.", "What a reporter adds must be read."), "rules.md 6"),
    PathRule("question_is_asked", CASE, hears("reporter_asked"), _back("reporter_asked"), (offered("answer_question"),),
             Bilingual("Người phản ánh phải thấy câu hỏi.", "The reporter must see the question."), "rules.md 5"),
    PathRule("question_ends", CASE, hears("reporter_asked"), _back("reporter_asked"),
             (done("answer_question"), hears("stop_waiting"), runs("end_question")), _STANDS, "engine"),
    PathRule("unanswered_is_over", CASE, runs("end_question"), (waits("reporter_asked"),), (), _IS_OVER, "engine", {"closes": True}),
    PathRule("unanswered_goes_on", CASE, runs("end_question"), (end(),), (hears("reporter_asked"),), _GOES_ON, "rules.md 4, pauses",
             {"closes": False}),
    PathRule("hold_can_be_ended", CASE, hears("held"), _back("held"), (offered("resume"),), _STANDS, "rules.md 4, pauses"),
    PathRule("hold_ends", CASE, hears("held"), _back("held"), (done("resume"), runs("end_hold")), _STANDS, "engine"),
    PathRule("referral_is_followed", CASE, hears("referred"), _back("referred"), (done("close_referral"),), _STANDS, "rules.md 5"),
    PathRule("came_back_goes_on", CASE, done("close_referral"), (end(),), (hears("referred"),), _GOES_ON, "rules.md 5",
             {"close_referral": "came_back"}),
    PathRule("referral_closed_is_over", CASE, done("close_referral"), (waits("referred"),), (), _IS_OVER, "engine",
             {"close_referral": "closed"}),
    PathRule("merge_is_waited_out", CASE, hears("merged"), _back("merged"), (hears("merge_settled"),), _STANDS, "rules.md 6, merge"),
    PathRule("split_goes_on", CASE, hears("merge_settled"), (end(),), (hears("merged"),), _GOES_ON, "rules.md 6, merge", {"split": True}),
    PathRule("merged_is_over", CASE, hears("merge_settled"), (waits("merged"),), (), _IS_OVER, "engine", {"split": False}),
    PathRule("withdrawal_is_decided", CASE, hears("withdrawal_asked"), _back("withdrawal_asked"), (done("decide_withdrawal"),),
             Bilingual("Sau khi tiếp nhận, việc rút là một đề nghị cần quyết định.",
                       "After acceptance a withdrawal is a wish to be decided."),
             "rules.md 6, withdraw", {"granted": False}),
    PathRule("withdrawn_is_over", CASE, hears("withdrawal_asked"), (waits("withdrawal_asked"), offered("decide_withdrawal")), (), _IS_OVER,
             "rules.md 6, withdraw", {"granted": True}),
    PathRule("kept_goes_on", CASE, done("decide_withdrawal"), (end(),), (hears("withdrawal_asked"),), _GOES_ON, "rules.md 6, withdraw",
             {"decide_withdrawal": "kept"}),
    PathRule("granted_is_over", CASE, done("decide_withdrawal"), (waits("withdrawal_asked"),), (), _IS_OVER, "rules.md 6, withdraw",
             {"decide_withdrawal": "granted"}),
    PathRule("quarantined_is_over", CASE, hears("quarantined"), (waits("quarantined"), offered("*")), (), _IS_OVER,
             "rules.md 6, quarantine"),
    # the work of an agency
    PathRule("accepted_first", ASSIGNMENT, None, (offered("submit_answer"),), (done("accept_assignment"),), _IN_ORDER, "rules.md 5"),
    PathRule("hand_back_is_decided", ASSIGNMENT, done("accept_assignment"), (end(), offered("submit_answer")), (done("decide_hand_back"),),
             Bilingual("Việc chuyển trả do Trung tâm quyết định.", "The centre decides about a hand-back."), "rules.md 5",
             {"accept_assignment": "hand_back"}),
    PathRule("released_is_over", ASSIGNMENT, done("decide_hand_back"), (offered("accept_assignment"), offered("submit_answer"), *_NO_MORE),
             (), _IS_OVER, "rules.md 5", {"decide_hand_back": "release"}),
    PathRule("kept_agency_works", ASSIGNMENT, done("decide_hand_back"), (end(),), (done("accept_assignment"), hears("assignment_ended")),
             _GOES_ON, "rules.md 5", {"decide_hand_back": "keep"}),
    PathRule("submitted_before_approval", ASSIGNMENT, None, (offered("approve_answer"),), (done("submit_answer"),), _IN_ORDER,
             "rules.md 6"),
    PathRule("leader_approves", ASSIGNMENT, done("submit_answer"), (end(),),
             (done("approve_answer"), hears("assignment_ended"), done("decide_hand_back")), _APPROVED, "rules.md 6, answers"),
    PathRule("work_ends_with_a_result", ASSIGNMENT, None, (end(),),
             (done("submit_answer"), hears("assignment_ended"), done("decide_hand_back")), _NO_ANSWER, "engine"),
    PathRule("redo_is_done_again", ASSIGNMENT, done("approve_answer"), (end(), offered("approve_answer")),
             (done("submit_answer"), hears("assignment_ended")), _GOES_ON, "rules.md 5", {"approve_answer": "redo"}),
    PathRule("approved_is_over", ASSIGNMENT, done("approve_answer"), (offered("accept_assignment"), offered("submit_answer"), *_NO_MORE),
             (), _IS_OVER, "rules.md 5", {"approve_answer": "approve"}),
    PathRule("taken_off_is_over", ASSIGNMENT, hears("assignment_ended"), (offered("*"), *_NO_MORE), (),
             Bilingual("Đơn vị đã được rút không còn việc; trên đường của đơn vị còn việc, tin này có thể không bao giờ tới.",
                       "An agency that was taken off has nothing more to do; on the way of one that has, this may never come."),
             "engine"),
    PathRule("extension_is_endorsed", ASSIGNMENT, hears("extension_asked"), _back("extension_asked"), (done("endorse_extension"),),
             Bilingual("Lãnh đạo đơn vị xác nhận trước khi xin gia hạn.", "An agency's leader endorses a request for time."),
             "rules.md 4, extension"),
    PathRule("endorsed_before_decision", ASSIGNMENT, None, (offered("decide_extension"),), (done("endorse_extension"),), _IN_ORDER,
             "rules.md 4, extension"),
    PathRule("endorsed_is_decided", ASSIGNMENT, done("endorse_extension"), (waits("extension_asked"),), (done("decide_extension"),),
             Bilingual("Đề nghị đã được xác nhận phải có người quyết định.", "An endorsed request must be decided."),
             "rules.md 4, extension", {"endorse_extension": "endorse"}),
)  # fmt: skip

_MAY_NEVER_COME = Bilingual(
    "Có thể không ai thêm đơn vị nào nữa; hồ sơ sẽ chờ mãi.", "Perhaps nobody ever adds an agency, and the case would wait for ever."
)
_HELD_UP = Bilingual(
    "Việc này phải tới người làm ngay; điều đang chờ có thể chỉ đến sau khi việc đó xong.",
    "It has to come to somebody at once; what is waited for may come only when that is done.",
)
_AT_ONCE = {
    "hotline_needed": offered("call_hotline"), "reporter_wrote": offered("clear_text"), "reporter_asked": offered("answer_question"),
    "refused": offered("object_to_refusal"), "held": offered("resume"), "referred": offered("close_referral"),
    "merged": waits("merge_settled"), "withdrawal_asked": offered("decide_withdrawal"), "extension_asked": offered("endorse_extension"),
}  # fmt: skip
"""What follows at once when a listening event has heard its message."""
_NOT_HEARD = (stands("assignments_finished"), stands("agency_added"), stands("quarantined"))
"""Messages that are not heard while a case is on hold or over, or that may never come."""

PATH_RULES += (
    PathRule("agency_may_not_be_added", CASE, done("*"), (stands("agency_added"),), (), _MAY_NEVER_COME, "engine"),
    PathRule("begins_without_agency", CASE, hears("agency_added"), (offered("verify"),), (), _MAY_NEVER_COME, "engine"),
    PathRule("quarantine_may_not_come", CASE, done("*"), (stands("quarantined"),), (),
             Bilingual("Hiếm khi có hồ sơ được tách riêng; những hồ sơ khác sẽ chờ mãi.",
                       "Few cases are ever set apart; all others would wait for ever."), "engine"),
    *(PathRule(f"{message}_at_once", ASSIGNMENT if message == "extension_asked" else CASE, hears(message), (stands("*"),), (mark,),
               _HELD_UP, "engine") for message, mark in _AT_ONCE.items()),
    *(PathRule(f"{message}_waits_for_nothing_else", CASE, hears(message), _NOT_HEARD, (), _STANDS, "engine")
      for message in (*_AT_ONCE, "quarantined") if message != "extension_asked"),
)  # fmt: skip

LISTENERS = (
    Listener("hotline_needed", CASE, Bilingual("Hồ sơ có thể trở thành khẩn bất cứ lúc nào.", "A case may become urgent at any time.")),
    Listener("referred", CASE, Bilingual("Hồ sơ có thể được chuyển cơ quan khác.", "A case may be referred to another body.")),
    Listener("merged", CASE, Bilingual("Hồ sơ có thể được gộp vào hồ sơ khác.", "A case may be merged into another one.")),
    Listener("withdrawal_asked", CASE, Bilingual("Người phản ánh có thể xin rút.", "The reporter may wish to withdraw."), "rules.md 6"),
    Listener("reporter_wrote", CASE, Bilingual("Người phản ánh có thể viết thêm đến khi khép.",
                                               "The reporter may write until the case is closed."), "rules.md 6"),
    Listener("quarantined", CASE, Bilingual("Hồ sơ có thể được tách riêng ở mọi trạng thái.",
                                            "A case may be set apart in any state."), "rules.md 6"),
    Listener("reporter_asked", CASE, Bilingual("Trung tâm có thể hỏi người phản ánh.", "The centre may ask the reporter.")),
    Listener("refused", CASE, Bilingual("Việc từ chối luôn phải tới người phản ánh.", "A refusal always reaches the reporter."),
             "rules.md 6, refuse"),
    Listener("held", CASE, Bilingual("Tổ trưởng có thể tạm dừng hồ sơ.", "The operations lead may put a case on hold.")),
    Listener("assignment_ended", ASSIGNMENT, Bilingual("Đơn vị có thể được rút bất cứ lúc nào.",
                                                       "An agency may be taken off at any time.")),
    Listener("extension_asked", ASSIGNMENT, Bilingual("Đơn vị có thể xin gia hạn.", "An agency may ask for more time.")),
)  # fmt: skip

GUARDS = (
    Guard("added_agency_stops_publication", "publish", CASE, "agency_added", _ROUND, "rules.md 5"),
    Guard("hotline_may_be_dropped", "call_hotline", CASE, "hotline_dropped",
          Bilingual("Khi hồ sơ không còn khẩn thì không cần gọi nữa.",
                    "Once a case is no longer urgent nobody needs to call."), "rules.md 4"),
    Guard("question_may_be_dropped", "answer_question", CASE, "stop_waiting", _STANDS, "rules.md 5"),
    Guard("question_has_a_last_day", "answer_question", CASE, None, _STANDS, "rules.md 4, pauses"),
    Guard("objection_has_a_last_day", "object_to_refusal", CASE, None,
          Bilingual("Không ai đề nghị thì việc từ chối phải có hạn chót.", "If nobody objects, a refusal must become final."),
          "rules.md 6, refuse"),
    Guard("hold_has_a_last_day", "resume", CASE, None, _STANDS, "rules.md 4, pauses"),
    Guard("rating_has_a_last_day", "rate", CASE, None,
          Bilingual("Nhiều người không đánh giá; hồ sơ vẫn phải khép.", "Many never rate; the case must close all the same."),
          "rules.md 4, rating"),
)  # fmt: skip

APPROVER = RoleRule("approver_is_a_leader", "approve_answer", ASSIGNMENT, LEADERS, _APPROVED, "rules.md 6, answers")
AUTHOR = RoleRule("author_is_an_officer", "submit_answer", ASSIGNMENT, frozenset({Role.OFFICER}), _APPROVED, "rules.md 6, answers")

EVENTS = {CASE: ("assignments_finished", "rest_settled", "merge_settled"), ASSIGNMENT: ()}
"""Messages a process waits for on its way, in addition to those of LISTENERS."""
SERVICES = {CASE: ("end_question", "end_hold"), ASSIGNMENT: ()}
"""Services that end a pause of a case when its last day is over."""
ENDS = {CASE: ("closed",), ASSIGNMENT: ()}
