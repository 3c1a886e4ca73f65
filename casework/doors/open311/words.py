"""What a request says in words, for both columns, in both languages."""

from casework.bilingual import Bilingual
from casework.doors.open311.cases import RequestRow
from casework.local_time import local_day

LONGEST = 4_000
SHORTENED = "…"

NOTICES: dict[str, Bilingual] = {
    "0": Bilingual("Trung tâm sẽ đọc phản ánh và quyết định có tiếp nhận hay không.",
                   "The centre will read the report and decide whether it takes it on."),
    "1": Bilingual("Trung tâm sẽ phân loại và giao cho đơn vị xử lý.", "The centre will classify it and pass it to an agency."),
    "2": Bilingual("Đơn vị được giao đang xử lý; câu trả lời sẽ được công khai.",
                   "An agency is working on it; its answer will be published."),
    "4": Bilingual("Câu trả lời đã được công khai.", "The answer has been published."),
}  # fmt: skip
"""What happens next, by the step of the public bar: the state behind it is not public."""


def notice_of(row: RequestRow) -> Bilingual:
    return NOTICES.get(row.progress.step, NOTICES["2"])


def notes_of(row: RequestRow, *, code: str, page: str) -> Bilingual:
    """The words of the state: of a closed one what was answered, cut with the address of its `page`; of an open one the step of the bar."""
    both = [row.own_words.in_language(language) if row.own_words else _in(language, row, page) for language in ("vi", "en")]
    if code != row.code:
        both = [f"Đã gộp với {row.code}. {both[0]}", f"Merged with {row.code}. {both[1]}"]
    return Bilingual(*both)


def _in(language: str, row: RequestRow, page: str) -> str:
    if row.is_closed and row.published is not None:
        whole = row.published.summary or "\n\n".join(
            f"{each.agency.in_language(language)}: {each.text}" for each in row.published.answers
        )
        return cut(whole, page)
    label = f"{row.progress.label.in_language(language)}."
    if row.paused_for is None:
        return label
    until = f" {'đến' if language == 'vi' else 'until'} {local_day(row.paused_until):%d/%m/%Y}" if row.paused_until else ""
    reason = f": {row.held_reason.rstrip(' .')}" if row.held_reason else ""
    return f"{label} {'Tạm dừng' if language == 'vi' else 'Paused'}{until}{reason}."


def cut(words: str, page: str) -> str:
    """Words of at most LONGEST signs; longer ones end with the address of the page that has all."""
    if len(words) <= LONGEST:
        return words
    tail = f"{SHORTENED} {page}"
    return words[: LONGEST - len(tail)] + tail


def place_of(row: RequestRow) -> Bilingual | None:
    """Where it is, as the public may read it, from the nearest to the widest."""
    place = row.published.place if row.published is not None else None
    both = [
        ", ".join(part for part in (place, row.village, *(each.in_language(language) for each in (row.area, row.province) if each)) if part)
        for language in ("vi", "en")
    ]
    return Bilingual(*both) if both[0] else None
