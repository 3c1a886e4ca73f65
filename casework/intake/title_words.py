"""How much of a case's title somebody else's words say again: whether two people tell of the same incident, where both are near it.

Title and words are compared word by word. What says nothing of the matter does not count, and neither does what names a kind of place:
whoever is asked stands in the same place, so the school, the market or the bend is told of both when only one of them is broken.
"""

from collections.abc import Sequence

from casework.triage.suggestions import Word, is_plain, words_in

LEAST_SHARED = 2
"""Words: one alone is chance."""

_EMPTY_WORDS = (
    # who, what, how many and how much
    "ai anh bà bác bạn các cái cả cháu chị chiếc con chúng dân em gì hộ họ mình mọi mỗi một mấy nào này nhà nhiều ít người những nó "
    "ông tôi tụi vài hai ba bốn năm sáu bảy tám chín mười lớn nhỏ to cao sâu rộng dài "
    # when
    "bữa buổi chiều đang đã đêm giờ hôm lâu lúc luôn mai mới nay ngày ngay qua rồi sáng sau sắp sẽ suốt tháng thường tối trưa trước "
    "tuần "
    # what joins a sentence
    "bằng bị bởi càng cần chắc chỉ cho chưa có còn của cũng cùng do để đến đều đi điều đó đợt được hay hẳn hết hoặc hơn không khi là "
    "lại lắm làm lên liền mà nếu nên nhưng như ở phải quá ra rằng rất ta tại tận theo thì thế thôi tới từ và vào vậy vẫn về vì việc "
    "vô với xong xuống "
    # what every report says
    "báo đề gấp giải giùm giúp hại hiểm kiểm mong muốn nghe nghi nghị nguy nhờ nhắc nhở phản quyết sợ thấy tra xin xử lý yêu cầu "
    # where: kinds of places, and where a thing stands to them
    "bên bờ cạnh chỗ chợ cổng cua cuối cửa đâu đầu điểm đoạn dưới đường gần giữa hẻm huyện khu khúc làng lộ mép ngã ngoài nơi phía "
    "phố phường quanh quốc sát thị thôn tổ trấn trên trong trung tâm trường tỉnh ven vực xã xóm "
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_SAME = ("vỡ bể", "hỏng hư", "tắc nghẹt", "biển bảng", "té ngã", "lợn heo", "thối hôi", "đỗ đậu", "dùng xài", "múc xúc cuốc")
"""What is said one way in the north and another in the south, or by people and by offices."""
_GROUPS = {written: words_in(group)[0] for group in _SAME for written in group.split()}
_BARE_EMPTY = frozenset(word.bare for word in words_in(_EMPTY_WORDS))


def share_said_again(title: str, said: Sequence[Word]) -> int:
    """Return per cent of what a title tells that the words said tell as well; 0 where they share fewer than LEAST_SHARED words."""
    told = words_in(title)
    # in a text typed without accents a word may mean every one
    bare = is_plain(told) or is_plain(said)
    again = {_key(word, bare=bare) for word in said}
    telling = {_key(word, bare=bare) for word in told if not _is_empty(word, bare=is_plain(told))}
    shared = len(telling & again)
    return round(100 * shared / len(telling)) if shared >= LEAST_SHARED else 0


def _is_empty(word: Word, *, bare: bool) -> bool:
    return word.bare.isdigit() or (word.bare in _BARE_EMPTY if bare else word.written.lower() in _EMPTY)


def _key(word: Word, *, bare: bool) -> tuple[str, str]:
    same = _GROUPS.get(word.written.lower(), word)
    return same.bare, "" if bare else same.accents
