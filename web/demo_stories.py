"""Which reports the demonstration tells, how far each has come, and when each of its steps was done."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from casework.permissions import LOCAL_ZONE
from casework.working_time import Calendar, add_working_minutes, subtract_working_minutes


@dataclass(frozen=True)
class Story:
    """One report of `demo_reports.csv`, by its title, taken to the step `until`.

    `filed_at` is a fixed local time in the system's first years; without it the last step was done `idle` minutes before now,
    office minutes unless the case is urgent. `cooperating` is how many of the row's agencies are asked besides the lead.
    """

    title: str
    until: str
    picture: str | None = None
    filed_at: str | None = None
    idle: int = 30
    cooperating: int = 0
    complexity: str = "ordinary"
    reporter: int | None = 0
    is_redone: bool = False
    has_called: bool = True
    rating: str = "satisfied"
    rating_words: str = ""
    refusal: tuple[str, str] | None = None
    visibility: str | None = None
    camera: str | None = None
    shows_exact_place: bool = True


STORIES = (
    Story("Đèn đường hỏng nhiều ngày, đi lại buổi tối nguy hiểm", "rate", "lamp", "2022-06-06T19:20", cooperating=1),
    Story("Cột khói nghi cháy rừng thông", "publish", "smoke", "2022-11-07T13:47", cooperating=1, camera="Camera tầm cao Klong Klanh"),
    Story("Múc đất, san gạt đồi sát suối", "rate", "sand", "2023-03-14T08:05", cooperating=1, complexity="complex", is_redone=True,
          reporter=1, rating="acceptable"),
    Story("Nghi trẻ em bị bạo hành", "answer_privately", None, "2023-05-20T20:40", cooperating=1, visibility="tre_em",
          shows_exact_place=False),
    Story("Hát loa kéo quá 22 giờ gây ồn", "rate", None, idle=120, cooperating=1, complexity="simple", reporter=1,
          rating="dissatisfied", rating_words="Tuần này nhà đó vẫn hát đến khuya, chưa thấy ai nhắc lại.", shows_exact_place=False),
    Story("Ô tô đỗ sai quy định gây ùn tắc giờ cao điểm", "accept", "camera", idle=3240, camera="Camera an ninh chợ Lạc Dương"),
    Story("Nắp hố ga vỡ trước cổng trường tiểu học", "publish", "manhole", idle=2400, cooperating=1),
    Story("Đề nghị giải quyết tranh chấp ranh đất giữa hai hộ", "refuse", None, idle=700, reporter=None, refusal=(
          "khieu_nai_to_cao", "Đây là tranh chấp đất đai giữa hai hộ, được hòa giải tại UBND cấp xã theo Luật Đất đai.")),
    Story("Mùi hôi từ nơi ủ phân gà", "submit", None, idle=60, cooperating=1, reporter=1),
    Story("Biển quảng cáo che khuất tầm nhìn tại ngã ba", "redo", "sign", idle=200, cooperating=1),
    Story("Bao bì thuốc bảo vệ thực vật vứt ven suối", "approve", "trash", idle=75, reporter=None),
    Story("Đề nghị lắp gương cầu lồi tại khúc cua khuất", "accept", None, idle=900, cooperating=1),
    Story("Đốt lửa trại trong rừng thông", "distribute", "smoke", idle=12, cooperating=1, reporter=1, has_called=False),
    Story("Tường rào trường mầm non bị nứt", "distribute", "fence", idle=45),
    Story("Cống thoát nước tắc, mưa là nước tràn vào nhà", "classify", "flood", idle=20, reporter=1),
    Story("Rác sau mùa hội cỏ hồng chưa được dọn", "verify", "trash", idle=25, reporter=None),
    Story("Loa truyền thanh của thôn không phát", "file", None, idle=50),
    Story("Ổ gà sâu ngay khúc cua trên Quốc lộ 27C", "file", "pothole", idle=9, reporter=1),
)
"""Oldest first where the years are fixed. Together they leave something to do on every desk."""

WAY = ("file", "verify", "classify", "call_hotline", "distribute", "accept", "submit", "redo", "resubmit", "approve", "publish", "rate")
"""The straight way with its one loop; a story leaves out what it does not have and stops at its `until`."""

OFFICE_PACE = {"verify": 60, "refuse": 60, "classify": 10, "distribute": 10, "accept": 90, "submit": 600, "redo": 60, "resubmit": 240,
               "approve": 60, "publish": 90, "answer_privately": 90, "rate": 600}  # fmt: skip
URGENT_PACE = {"verify": 8, "classify": 4, "call_hotline": 3, "distribute": 3, "accept": 9, "submit": 150, "approve": 25, "publish": 20,
               "answer_privately": 20, "rate": 1200}  # fmt: skip
"""Minutes from the step before: office minutes, or round the clock where the case is urgent."""


def steps_of(story: Story, *, urgent: bool) -> list[str]:
    """The steps of a story in order."""
    if story.until == "refuse":
        return ["file", "refuse"]
    left_out = set()
    if not (urgent and story.has_called):
        left_out.add("call_hotline")
    if not story.is_redone:
        left_out.add("resubmit")
        if story.until != "redo":
            left_out.add("redo")
    way = [step for step in WAY if step not in left_out]
    if story.until == "answer_privately":
        return [*way[: way.index("publish")], story.until]
    return way[: way.index(story.until) + 1]


def moments_of(story: Story, *, urgent: bool, now: datetime, calendar: Calendar) -> Iterator[tuple[str, datetime]]:
    """Yield each step with its instant; the last lies at least a minute before `now`."""
    steps = steps_of(story, urgent=urgent)
    pace = URGENT_PACE if urgent else OFFICE_PACE
    minutes = [pace[step] for step in steps[1:]]
    if story.filed_at:
        moment = datetime.fromisoformat(story.filed_at).replace(tzinfo=LOCAL_ZONE)
    else:
        moment = _before(now, sum(minutes) + story.idle, urgent, calendar)
    yield steps[0], moment
    for step, length in zip(steps[1:], minutes, strict=True):
        moment = moment + timedelta(minutes=length) if urgent else add_working_minutes(moment, length, calendar)
        yield step, moment


def _before(now: datetime, minutes: int, urgent: bool, calendar: Calendar) -> datetime:
    now = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    return now - timedelta(minutes=minutes) if urgent else subtract_working_minutes(now, minutes, calendar)
