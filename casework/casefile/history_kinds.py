"""Which part of a case's history an event belongs to; what one looks for in it is a decision, a message or a limit."""

from enum import StrEnum


class HistoryKind(StrEnum):
    """A part of the history."""

    DECISIONS = "decisions"
    MESSAGES = "messages"
    LIMITS = "limits"


OF_KIND: dict[HistoryKind, frozenset[str]] = {
    HistoryKind.DECISIONS: frozenset({
        "verify", "refuse", "classify", "distribute", "decide_hand_back", "approve_answer", "redo_answer", "publish", "answer_privately",
        "review_rating", "reopen", "close", "decide_objection", "decide_withdrawal", "endorse_extension", "decide_extension", "merge",
        "split", "quarantine", "hand_over", "refer", "close_referral", "take_back", "hold", "resume", "direct", "pass_on", "add_agency",
        "remove_agency", "change_lead", "close_without_answer", "correct_publication", "unpublish", "do_step", "suspend_case",
        "resume_case", "move_token", "edit_variable", "restore_state", "reorganise", "undo_reorganise", "move_case", "undo_move_case",
    }),
    HistoryKind.MESSAGES: frozenset({
        "file_report", "ask_reporter", "answer_question", "stop_waiting", "end_question", "write_to_centre", "clear_text", "rate",
        "object_to_refusal", "withdraw_report", "call_hotline", "hand_back", "request_extension", "remind", "progress_note", "write_note",
        "direct", "finish_directive", "reveal_identity", "export_identity", "fetch_output", "submit_answer", "apologise",
        "write_letter", "print_case_file", "transcribe", "block_sender", "lift_block", "confirm_contact",
    }),
    HistoryKind.LIMITS: frozenset({
        "classify", "distribute", "add_agency", "change_lead", "hold", "resume", "ask_reporter", "answer_question", "stop_waiting",
        "end_question", "refer", "take_back", "merge", "decide_objection", "request_extension", "endorse_extension", "decide_extension",
        "recount_due", "apologise",
    }),
}  # fmt: skip

ABOUT_LIMITS = frozenset({"hold", "refer", "ask_reporter", "request_extension", "endorse_extension", "decide_extension", "recount_due",
                          "apologise"})  # fmt: skip
"""Of the last kind: those that speak of a limit even where none has moved."""

MAY_MOVE = OF_KIND[HistoryKind.LIMITS] - {
    "hold", "refer", "ask_reporter", "request_extension", "endorse_extension", "recount_due", "apologise",
}  # fmt: skip
"""Acts by which the day of the answer can move. Those recorded before their events told it (`due`) are found by what senders were told."""
