"""How much of a case's title another person's words repeat: whether two people near an incident report the same one.

Title and words are compared word by word. Filler words do not count, nor do kinds of places: both people are in the same place, so both
mention the school, the market or the bend even if they report different things.
"""

from collections.abc import Sequence

from casework.triage.suggestions import Word, is_plain, words_in

LEAST_SHARED = 2
"""In words: a single one is chance."""

_EMPTY_WORDS = (
    # question words and quantities
    "ai anh bà bác bạn các cái cả cháu chị chiếc con chúng dân em gì hộ họ mình mọi mỗi một mấy nào này nhà nhiều ít người những nó "
    "ông tôi tụi vài hai ba bốn năm sáu bảy tám chín mười lớn nhỏ to cao sâu rộng dài "
    # words of time
    "bữa buổi chiều đang đã đêm giờ hôm lâu lúc luôn mai mới nay ngày ngay qua rồi sáng sau sắp sẽ suốt tháng thường tối trưa trước "
    "tuần "
    # conjunctions
    "bằng bị bởi càng cần chắc chỉ cho chưa có còn của cũng cùng do để đến đều đi điều đó đợt được hay hẳn hết hoặc hơn không khi là "
    "lại lắm làm lên liền mà nếu nên nhưng như ở phải quá ra rằng rất ta tại tận theo thì thế thôi tới từ và vào vậy vẫn về vì việc "
    "vô với xong xuống "
    # words in every report
    "báo đề gấp giải giùm giúp hại hiểm kiểm mong muốn nghe nghi nghị nguy nhờ nhắc nhở phản quyết sợ thấy tra xin xử lý yêu cầu "
    # kinds of places, and positions relative to them
    "bên bờ cạnh chỗ chợ cổng cua cuối cửa đâu đầu điểm đoạn dưới đường gần giữa hẻm huyện khu khúc làng lộ mép ngã ngoài nơi phía "
    "phố phường quanh quốc sát thị thôn tổ trấn trên trong trung tâm trường tỉnh ven vực xã xóm "
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_SAME = ("vỡ bể", "hỏng hư", "tắc nghẹt", "biển bảng", "té ngã", "lợn heo", "thối hôi", "đỗ đậu", "dùng xài", "múc xúc cuốc")
"""Synonyms: northern and southern words, or people's and offices'."""
_GROUPS = {written: words_in(group)[0] for group in _SAME for written in group.split()}
_BARE_EMPTY = frozenset(word.bare for word in words_in(_EMPTY_WORDS))


def share_said_again(title: str, said: Sequence[Word]) -> int:
    """Return the per cent of a title's meaning the words repeat; 0 where they share fewer than LEAST_SHARED words."""
    telling, again = _compared(title, said)
    shared = len(telling.keys() & again)
    return round(100 * shared / len(telling)) if shared >= LEAST_SHARED else 0


def said_again(title: str, said: Sequence[Word]) -> tuple[str, ...]:
    """The words of a title that are said again, as it writes them."""
    telling, again = _compared(title, said)
    return tuple(written for key, written in telling.items() if key in again)


def _compared(title: str, said: Sequence[Word]) -> tuple[dict[tuple[str, str], str], set[tuple[str, str]]]:
    """The telling words of a title, by what they mean, and what is said."""
    told = words_in(title)
    # a word typed without accents may mean several words
    bare = is_plain(told) or is_plain(said)
    telling = {_key(word, bare=bare): word.written for word in reversed(told) if not _is_empty(word, bare=is_plain(told))}
    return dict(reversed(telling.items())), {_key(word, bare=bare) for word in said}


def _is_empty(word: Word, *, bare: bool) -> bool:
    return word.bare.isdigit() or (word.bare in _BARE_EMPTY if bare else word.written.lower() in _EMPTY)


def _key(word: Word, *, bare: bool) -> tuple[str, str]:
    same = _GROUPS.get(word.written.lower(), word)
    return same.bare, "" if bare else same.accents
