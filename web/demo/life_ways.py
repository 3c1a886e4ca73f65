"""How the reports of the demonstration's year went: which deeds, how long after each other, and what people said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from web.demo.matters import Matter
from web.demo.stories import Deed, deed

HAPPY, CONTENT, UNHAPPY = "satisfied", "acceptable", "dissatisfied"


@dataclass(frozen=True)
class Way:
    """The deeds after the filing, how complex the matter was taken to be, and how many agencies cooperated."""

    deeds: tuple[str | Deed, ...]
    complexity: str = "ordinary"
    cooperating: int = 0


PRAISE = (
    "Làm nhanh, cảm ơn.", "Hôm sau là thấy có người đến.", "Rất hài lòng, bà con ai cũng mừng.", "Cán bộ gọi lại hỏi kỹ, lịch sự.",
    "Đúng hẹn.", "Cảm ơn tổ vận hành và anh em xuống tận nơi.", "Không ngờ xử lý sớm vậy.", "Đã đi lại bình thường.", "", "", "", "",
)  # fmt: skip
SO_SO = (
    "Xong rồi nhưng hơi lâu.", "Tạm được, mong làm kỹ hơn.", "Có sửa, chưa biết bền không.", "Trả lời hơi chung chung.", "", "",
)  # fmt: skip
BLAME = (
    "Mới hai hôm lại như cũ.", "Chưa thấy ai xuống, chỉ thấy trả lời.", "Chỉ làm một đoạn, còn đoạn trên vẫn vậy.",
    "Trả lời không đúng chỗ tôi báo.", "Nhắc nhở xong đâu lại vào đấy.", "Chờ quá lâu, gọi mấy lần không ai nghe.",
)  # fmt: skip
EXPLAINED = (
    "Phần còn lại thuộc đợt hai, làm trong tháng tới; Trung tâm đã báo lại Ông/Bà qua điện thoại.",
    "Đơn vị đã xử lý đúng vị trí; đoạn Ông/Bà nêu thêm được ghi nhận thành việc theo dõi.",
    "Tổ vận hành đã kiểm tra lại bằng ảnh ngày hôm nay, kết quả đúng như trả lời.",
)
REOPENED = (
    "Kiểm tra thấy tình trạng tái diễn, Trung tâm mở lại hồ sơ.", "Đơn vị mới làm một phần, Trung tâm mở lại để xử lý phần còn lại.",
)  # fmt: skip
REFUSALS = (
    ("khong_ro_noi_dung", "Nội dung chưa nêu rõ địa điểm; tổ vận hành gọi lại hai lần không liên lạc được."),
    ("khong_ro_noi_dung", "Phản ánh chưa rõ sự việc gì, đề nghị Ông/Bà gửi lại và ghi rõ."),
    ("khong_co_minh_chung", "Cần ít nhất một ảnh chụp tại chỗ để xác định vị trí."),
    ("trung_lap", "Sự việc đã có người phản ánh hôm qua và đang được xử lý."),
    ("trung_lap", "Trùng với phản ánh Ông/Bà đã gửi trước đó."),
    ("ngoai_tham_quyen", "Vị trí thuộc địa bàn xã khác, Trung tâm đã chỉ nơi tiếp nhận."),
    ("ngoai_tham_quyen", "Việc này do doanh nghiệp viễn thông giải quyết theo hợp đồng với khách hàng."),
    ("khieu_nai_to_cao", "Đây là tranh chấp giữa hai hộ, đề nghị hòa giải tại thôn trước."),
    ("da_giai_quyet", "Sự việc đã được trả lời, không có tình tiết mới."),
    ("quang_cao", "Tin quảng cáo, không phải phản ánh hiện trường."),
)
REDO = (
    "Bổ sung ảnh sau khi xử lý và ghi rõ khối lượng.", "Nêu rõ ngày hoàn thành phần còn lại.", "Trả lời đúng vị trí người dân nêu.",
    "Viết lại cho dễ hiểu, bỏ phần căn cứ dài.",
)  # fmt: skip
MORE_TIME = (
    "Chờ vật tư thay thế chuyển đến.", "Mưa kéo dài, chưa thi công được.", "Cần làm việc thêm với chủ hộ đang đi vắng.",
    "Phương tiện đang huy động cho điểm sạt khác.",
)  # fmt: skip
NOT_OURS = (
    "Tuyến này do đơn vị khác quản lý theo phân cấp.", "Đơn vị không có lực lượng tại địa bàn.", "Nội dung thuộc thẩm quyền xã.",
)  # fmt: skip
ASKED = (
    ("Ông/Bà cho biết vị trí chính xác gần nhà ai hoặc công trình nào.", "Ngay đối diện nhà văn hóa, có hàng rào màu xanh."),
    ("Sự việc xảy ra lúc mấy giờ, còn tiếp diễn không?", "Từ khoảng năm giờ chiều tới tối, hôm nào cũng vậy."),
    ("Ông/Bà có nhớ biển số hoặc đặc điểm của xe không?", "Xe ben màu xanh, tôi không kịp nhìn biển số."),
)
WITHDRAWN = (
    "Hàng xóm đã tự dọn, tôi xin rút.", "Tôi báo nhầm chỗ, xin rút lại.", "Hai nhà đã nói chuyện với nhau xong.",
)  # fmt: skip
CORRECTED = ("Đính chính khối lượng theo biên bản nghiệm thu.", "Sửa tên thôn ghi nhầm trong trả lời.")
WAITED = ("Chờ vật tư.", "Chờ trời tạnh để thi công.", "Chờ kết quả kiểm nghiệm mẫu.")
INSTRUCTED = (
    "Kiểm tra thực địa, gửi kèm ảnh sau khi xử lý.", "Xử lý trong ngày nếu được, báo lại tổ vận hành.", "Phối hợp thôn xác định vị trí.",
    "Trả lời rõ đã làm gì, bao nhiêu, còn gì.", "Ưu tiên an toàn cho người qua lại, rào chắn trước khi sửa.",
)  # fmt: skip

USUAL_LENGTHS = {"simple": (90, 600), "ordinary": (150, 1_250), "complex": (500, 2_000)}
LATE_LENGTHS = {"simple": (1_500, 2_600), "ordinary": (2_500, 4_200), "complex": (3_400, 5_200)}
URGENT_LENGTHS, URGENT_LATE = (40, 600), (1_460, 2_600)
"""Office minutes until the answer, or any minutes where it is urgent; a late one misses the case's limit."""


def way_of(chance: Random, matter: Matter, lead: str, others: Sequence[str], *, is_camera: bool) -> Way:
    """Draw one of the ways a house's cases go."""
    if matter.visibility is not None:
        return Way(_Course(chance, matter).private(), "complex", 1)
    [tell] = chance.choices([way for way, _ in WAYS], [often for _, often in WAYS])
    if is_camera or (matter.is_urgent and tell not in (_straight, _late, _refused)):
        tell = _straight
    return tell(_Course(chance, matter, lead, tuple(others), is_camera=is_camera))


@dataclass
class _Course:
    """The chances of one case, and its deeds piece by piece."""

    chance: Random
    matter: Matter
    lead: str = ""
    others: tuple[str, ...] = ()
    is_camera: bool = False

    def taken(self) -> tuple[Deed, ...]:
        return (*self.sorted_out(), self.distributed(), self.accepted())

    def sorted_out(self) -> tuple[Deed, ...]:
        if self.matter.is_urgent:
            hotline = (deed("call_hotline", after=self._minutes(2, 6)),)
            return deed("verify", after=self._minutes(4, 22)), deed("classify", after=self._minutes(2, 8)), *hotline
        return deed("verify", after=self._minutes(10, 150)), deed("classify", after=self._minutes(4, 25))

    def distributed(self, *agencies: str) -> Deed:
        after = self._minutes(2, 7) if self.matter.is_urgent else self._minutes(5, 40)
        return deed("distribute", *agencies, after=after, instructions=self.chance.choice(INSTRUCTED))

    def accepted(self) -> Deed:
        return deed("accept", after=self._minutes(6, 25) if self.matter.is_urgent else self._minutes(25, 200))

    def answered(self, complexity: str, *, late: bool = False) -> tuple[Deed, ...]:
        if self.matter.is_urgent:
            return self.submitted(*(URGENT_LATE if late else URGENT_LENGTHS)), *self.approved()
        return self.submitted(*(LATE_LENGTHS if late else USUAL_LENGTHS)[complexity]), *self.approved()

    def submitted(self, least: int, most: int) -> Deed:
        return deed("submit", after=self._minutes(least, most))

    def approved(self) -> tuple[Deed, ...]:
        urgent = self.matter.is_urgent
        approve, publish = ((10, 50), (8, 40)) if urgent else ((20, 220), (15, 160))
        return deed("approve", after=self._minutes(*approve)), deed("publish", after=self._minutes(*publish))

    def rated(self, *, unhappy: bool = False) -> tuple[Deed, ...]:
        """Half of the citizens rate, most of them well; nobody does what a camera saw."""
        if self.is_camera or (not unhappy and self.chance.random() > 0.5):
            return ()
        if not unhappy:
            level, words = (HAPPY, PRAISE) if self.chance.random() < 0.74 else (CONTENT, SO_SO)
            return (deed("rate", level=level, words=self.chance.choice(words), after=self._minutes(40, 5_000)),)
        return (deed("rate", level=UNHAPPY, words=self.chance.choice(BLAME), after=self._minutes(200, 5_000)),)

    def private(self) -> tuple[Deed, ...]:
        return (*self.taken(), self.submitted(*USUAL_LENGTHS["ordinary"]), deed("approve"), deed("answer_privately"), *self.rated())

    def complexity(self) -> str:
        [found] = self.chance.choices(("simple", "ordinary", "complex"), (34, 50, 16))
        return str(found)

    def _minutes(self, least: int, most: int) -> int:
        return self.chance.randint(least, most)


def _straight(course: _Course) -> Way:
    complexity = course.complexity()
    return Way((*course.taken(), *course.answered(complexity), *course.rated()), complexity, _cooperating(course, complexity))


def _late(course: _Course) -> Way:
    complexity = course.complexity()
    return Way((*course.taken(), *course.answered(complexity, late=True), *course.rated()), complexity, _cooperating(course, complexity))


def _refused(course: _Course) -> Way:
    reason, words = course.chance.choice(REFUSALS)
    return Way((deed("refuse", reason=reason, words=words, after=course.chance.randint(8, 200)),))


def _redone(course: _Course) -> Way:
    again = deed("submit_again", after=course.chance.randint(60, 420))
    answered = course.submitted(*USUAL_LENGTHS["simple"]), deed("redo", words=course.chance.choice(REDO)), again, *course.approved()
    return Way((*course.taken(), *answered, *course.rated()))


def _extended(course: _Course) -> Way:
    asked = deed("request_extension", course.lead, after=course.chance.randint(200, 420), days=course.chance.randint(2, 4),
                 reason=course.chance.choice(MORE_TIME))  # fmt: skip
    granted = course.chance.random() < 0.8
    words = "Đồng ý gia hạn một lần." if granted else "Không gia hạn, việc có thể làm ngay."
    decided = deed("decide_extension", course.lead, after=90, granted=granted, words=words)
    return Way((*course.taken(), asked, deed("endorse_extension", course.lead), decided, *course.answered("complex"), *course.rated()))


def _handed_back(course: _Course) -> Way:
    if not course.others:
        return _straight(course)
    back = deed("hand_back", course.lead, after=course.chance.randint(30, 180), reason=course.chance.choice(NOT_OURS))
    decided = deed("decide_hand_back", course.lead, upheld=True)
    other = course.distributed(course.others[0])
    first = *course.sorted_out(), course.distributed(course.lead), back, decided
    return Way((*first, other, course.accepted(), *course.answered("ordinary"), *course.rated()))


def _explained(course: _Course) -> Way:
    review = deed("review", outcome="explained", words=course.chance.choice(EXPLAINED), after=course.chance.randint(60, 600))
    return Way((*course.taken(), *course.answered("ordinary"), *course.rated(unhappy=True), review))


def _reopened(course: _Course) -> Way:
    review = deed("review", outcome="reopened", words=course.chance.choice(REOPENED), after=course.chance.randint(60, 400))
    again = course.distributed(), course.accepted(), *course.answered("simple"), *course.rated()
    return Way((*course.taken(), *course.answered("simple"), *course.rated(unhappy=True), review, *again))


def _asked(course: _Course) -> Way:
    question, words = course.chance.choice(ASKED)
    ask = deed("ask_reporter", words=question, when_unanswered="continue", working_days=3, after=course.chance.randint(10, 90))
    answer = deed("answer_question", words=words, after=course.chance.randint(20, 1_000))
    return Way((ask, answer, *course.taken(), *course.answered("ordinary"), *course.rated()))


def _withdrawn(course: _Course) -> Way:
    withdraw = deed("withdraw", after=course.chance.randint(100, 900), reason=course.chance.choice(WITHDRAWN))
    return Way((*course.taken(), withdraw, deed("decide_withdrawal", granted=True)))


def _corrected(course: _Course) -> Way:
    correct = deed("correct", after=course.chance.randint(60, 400), words=course.chance.choice(CORRECTED))
    return Way((*course.taken(), *course.answered("ordinary"), correct, *course.rated()))


def _held(course: _Course) -> Way:
    hold = deed("hold", after=course.chance.randint(60, 300), days=3, words=course.chance.choice(WAITED))
    resume = deed("resume", after=course.chance.randint(400, 900))
    return Way((*course.taken(), hold, resume, *course.answered("ordinary"), *course.rated()))


def _objected(course: _Course) -> Way:
    refuse = deed("refuse", reason="khong_co_minh_chung", words="Chưa có ảnh để xác định vị trí.", after=course.chance.randint(20, 200))
    objected = deed("object", after=course.chance.randint(100, 900), words="Chỗ này ai trong thôn cũng biết, cán bộ xuống là thấy.")
    upheld = deed("decide_objection", upheld=True, words="Thông tin bổ sung đủ để kiểm tra, Trung tâm tiếp nhận.")
    return Way((refuse, objected, upheld, *course.taken(), *course.answered("ordinary"), *course.rated()))


def _cooperating(course: _Course, complexity: str) -> int:
    wanted = {"simple": 0, "ordinary": int(course.chance.random() < 0.25), "complex": 1}[complexity]
    return min(wanted, len(course.others))


WAYS: tuple[tuple[Callable[[_Course], Way], float], ...] = (
    (_straight, 50), (_late, 6), (_refused, 20), (_redone, 4), (_extended, 3), (_handed_back, 2), (_explained, 3), (_reopened, 2),
    (_asked, 3), (_withdrawn, 2.5), (_corrected, 1), (_held, 1.5), (_objected, 1),
)  # fmt: skip
"""The ways, and how many of a hundred cases go each."""
