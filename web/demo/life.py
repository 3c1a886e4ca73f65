"""A year's life of the demonstration: some hundred reports of the fourteen months before today, all of which have ended.

They are invented from `demo_matters.csv`, always the same for the same day, and told by the same deeds as all others. Most take the
straight path; the rest is what a house sees in a year: late answers, redoing, extensions, hand-backs, refusals, duplicates,
withdrawals, reopened cases, calls and cameras. What is open today belongs to `fresh.py`.
"""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random

from casework.installation.seeding import Row, table_rows
from casework.local_time import LOCAL_ZONE, local_day
from casework.working_time import Calendar
from web.demo.life_ways import way_of
from web.demo.matters import ANY, COMMUNE, DRY, FIELD, OFFICE, RAIN, SIGHT, STREET, VILLAGE, VISITORS, Matter, matters
from web.demo.people import FIRST_VILLAGER, VILLAGERS
from web.demo.stories import Deed, Story, deed, moments_of

DAYS = 425
"""How far back the year reaches: fourteen months."""

SEED = 20_220_516

GREW_BY = 0.35
"""How many more reports a month brings at the end of the year than at its beginning, as more people know where to send them."""

BY_MONTH = {1: 0.9, 2: 0.7, 3: 0.95, 4: 1.0, 5: 1.1, 6: 1.1, 7: 1.2, 8: 1.2, 9: 1.25, 10: 1.15, 11: 1.0, 12: 0.95}
BY_WEEKDAY = (1.2, 1.1, 1.05, 1.0, 1.0, 0.75, 0.6)
HOURS = ((5, 1), (6, 4), (7, 8), (8, 8), (9, 7), (10, 6), (11, 4), (12, 3), (13, 4), (14, 5), (15, 6), (16, 7), (17, 8), (18, 7),
         (19, 7), (20, 5), (21, 3), (22, 1))  # fmt: skip
"""How often reports come in: by month of the year, by weekday, by hour."""

SEASONS = {ANY: frozenset(range(1, 13)), RAIN: frozenset(range(5, 11)), DRY: frozenset((12, 1, 2, 3, 4)),
           VISITORS: frozenset((1, 4, 5, 7, 12))}  # fmt: skip
IN_SEASON, OUT_OF_SEASON = 1.0, 0.15

COMMUNES = {"Thị trấn Lạc Dương": ("UBND-TTLD", 10), "Xã Lát": ("UBND-LAT", 6), "Xã Đạ Sar": ("UBND-DASAR", 7),
            "Xã Đạ Nhim": ("UBND-DANHIM", 5), "Xã Đạ Chais": ("UBND-DACHAIS", 4), "Xã Đưng K'Nớ": ("UBND-DUNGKNO", 4)}  # fmt: skip
"""The committee of each commune of the district's time, by its key, and how much its people report; today's are their successors."""

AT = {
    STREET: ("trước nhà văn hóa", "gần trường tiểu học", "đoạn qua cầu nhỏ", "ngay ngã ba đầu", "cạnh sân bóng", "trước trạm y tế",
             "gần điểm thu mua rau", "cạnh bể nước chung", "gần nhà thờ", "đoạn khúc cua", "trước tiệm tạp hóa", "cuối hẻm cụt",
             "gần trạm biến áp", "bên hông chợ nhỏ", "trước cổng trường mầm non", "đoạn dốc vào"),
    FIELD: ("sau dãy nhà kính", "bên bờ suối", "cuối đường vào rẫy", "ở bìa rừng", "gần đập nước", "bên mương tưới", "trên đồi phía sau",
            "ở con dốc xuống suối", "ở bãi đất trống", "cạnh nghĩa trang", "giáp rừng phòng hộ", "cạnh vườn hồng"),
    VILLAGE: ("ở", "ở cuối", "ở đầu", "ở xóm trên", "ở xóm dưới"),
    OFFICE: ("quầy đất đai", "quầy hộ tịch", "quầy chứng thực", "quầy xây dựng", "quầy bảo trợ xã hội", "quầy đăng ký kinh doanh"),
    SIGHT: ("trước quầy vé", "ở bãi giữ xe", "trên đường lên đỉnh", "cạnh lối đi bộ", "ở khu cắm trại", "ngay cổng vào", "cạnh hàng quán"),
}  # fmt: skip
"""The words before the name of the village, sight or nothing, by where a matter is found."""
SIGHTS = frozenset({"Khu du lịch Lang Biang", "Đồi cỏ hồng, hồ Đan Kia - Suối Vàng", "Gần hồ Đan Kia"})
COUNTER = "Bộ phận Một cửa huyện"
SINCE = ("Việc này kéo dài gần một tuần rồi.", "Tôi đi làm về thấy vậy từ hôm qua.", "Bà con đã nhắc nhau nhưng chưa ai xử lý.",
         "Chúng tôi có báo trưởng thôn từ đầu tuần.", "Cách đây một tháng đã bị một lần.", "Sáng nay tôi đi ngang thì thấy.", "",
         "Người già và trẻ nhỏ qua lại chỗ này nhiều.", "Khách ở xa tới cũng than phiền.", "")  # fmt: skip
WISHES = ("Nhờ Trung tâm cho người xuống xem.", "Mong được xử lý sớm.", "Xin cảm ơn trước.", "Đề nghị cơ quan kiểm tra giúp bà con.", "",
          "Có gì xin nhắn lại cho tôi biết.", "Mong sớm có người tới.", "Kính mong quan tâm.")  # fmt: skip

CAMERAS = {"Thôn Klong Klanh": "Camera tầm cao Klong Klanh", "Thôn Đông Mang": "Camera tầm cao Đông Mang",
           "Khu vực chợ Lạc Dương": "Camera an ninh chợ Lạc Dương",
           "Khu vực đèo giáp Khánh Hòa": "Camera giám sát đèo Quốc lộ 27C"}  # fmt: skip
"""The camera that sees each place."""
SEEN = "Lúc {at:%H giờ %M} camera ghi nhận {what}. Tổ vận hành đã xem lại hình và lưu ảnh."
"""What an operator writes down before a camera's picture."""

MOST_PLACES = 12
AROUND_METRES = 250
METRES_A_DEGREE = 110_000


def life(number: int, *, now: datetime, calendar: Calendar) -> list[Story]:
    """As many stories, oldest first, each over before `now`."""
    chance, told = Random(SEED), _Told(now, calendar)
    while len(told.stories) < number:
        filed_at = _instant(chance, now)
        story = _story(chance, filed_at, told.titles)
        if story is not None and told.takes(story) and chance.random() < DOUBLED:
            told.doubles(story, chance)
    # a double comes right after its first, and is the one to leave out
    return sorted(told.stories[:number], key=lambda story: story.filed_at or "")


DOUBLED = 0.12
"""How many reports are sent a second time by somebody else and merged into the first."""


class _Told:
    """The stories so far, and the titles taken."""

    def __init__(self, now: datetime, calendar: Calendar) -> None:
        self.now, self.calendar = now - timedelta(hours=3), calendar
        self.stories: list[Story] = []
        self.titles = {row["title"] for row in table_rows("demo_reports.csv")}

    def takes(self, story: Story) -> bool:
        """Keep a story that is over by now; one that would still be open is left out."""
        *_, (_, last) = self._moments(story)
        if last >= self.now:
            return False
        self.stories.append(story)
        self.titles.add(story.title)
        return True

    def doubles(self, story: Story, chance: Random) -> None:
        """Let somebody else report the same a little later, if the first is still being worked on when that is noticed."""
        found = {each.step: moment for each, moment in self._moments(story)}
        second = _double(chance, story)
        *_, (_, noticed) = self._moments(second)
        if not story.is_urgent and "submit" in found and found["verify"] < noticed < found["submit"]:
            self.takes(second)

    def _moments(self, story: Story) -> list[tuple[Deed, datetime]]:
        return list(moments_of(story, urgent=story.is_urgent, now=self.now, calendar=self.calendar))


def _instant(chance: Random, now: datetime) -> datetime:
    """When a report comes in; in season and on weekdays more do."""
    first, most = local_day(now) - timedelta(days=DAYS), (1 + GREW_BY) * max(BY_MONTH.values()) * max(BY_WEEKDAY)
    while True:
        gone = chance.randrange(DAYS)
        day = first + timedelta(days=gone)
        if chance.random() * most < BY_MONTH[day.month] * BY_WEEKDAY[day.weekday()] * (1 + GREW_BY * gone / DAYS):
            [hour] = chance.choices([hour for hour, _ in HOURS], [often for _, often in HOURS])
            return datetime.combine(day, time(hour, chance.randrange(60)), LOCAL_ZONE)


def _story(chance: Random, filed_at: datetime, taken: set[str]) -> Story | None:
    [matter] = chance.choices(matters(), [_often(each, local_day(filed_at)) for each in matters()])
    is_camera = matter.is_seen_by_camera and chance.random() < FILMED
    place = chance.choice([each for each in _places() if is_camera == (each["village"] in CAMERAS) and _suits(each, matter, is_camera)])
    which, at = chance.randrange(len(matter.titles)), _at(chance, matter, place, is_camera)
    title, told = matter.titles[which].format(at=at), matter.told[which].format(at=at)
    if title in taken:
        return None
    words = " ".join(part for part in (told, chance.choice(SINCE), chance.choice(WISHES)) if part)
    lead, *others = (COMMUNES[place["commune"]][0] if key == COMMUNE else key for key in matter.agencies)
    north, east = (chance.uniform(-AROUND_METRES, AROUND_METRES) / METRES_A_DEGREE for _ in range(2))
    way = way_of(chance, matter, lead, others, is_camera=is_camera)
    row: Row = {
        "field": matter.field, "urgency": "Khẩn" if matter.is_urgent else "Bình thường", "commune": place["commune"],
        "village": place["village"], "title": title, "description": SEEN.format(what=_inside(title), at=filed_at) if is_camera else words,
        "lead_agency": lead, "cooperating_agencies": "; ".join(others), "answer": matter.answers[which],
        "source": "camera" if is_camera else "citizen", "lat": f"{float(place['lat']) + north:.6f}",
        "lon": f"{float(place['lon']) + east:.6f}",
    }  # fmt: skip
    return Story(
        title, way.deeds, filed_at=filed_at.isoformat(timespec="minutes")[:16], complexity=way.complexity, cooperating=way.cooperating,
        reporter=None if is_camera else _sender(chance), visibility=matter.visibility, shows_exact_place=matter.visibility is None,
        camera=CAMERAS[place["village"]] if is_camera else None, is_call=not is_camera and chance.random() < CALLED, row=row,
    )  # fmt: skip


def _double(chance: Random, story: Story) -> Story:
    merged = deed("merge", after=15, into=story.title, reason="Cùng một chỗ, cùng sự việc; các đơn vị kiểm tra và trả lời chung.")
    filed_at = datetime.fromisoformat(story.filed_at or "") + timedelta(minutes=chance.randint(40, 200))
    return replace(
        story, title=f"Lại thấy {_inside(story.title)}", way=(deed("verify", after=200), "classify", merged),
        filed_at=filed_at.isoformat(timespec="minutes"), reporter=_sender(chance), camera=None, is_call=False, cooperating=0,
        row={**(story.row or {}), "description": f"Tôi cũng gặp chuyện này: {_inside((story.row or {}).get('description') or '')}"},
    )  # fmt: skip


FILMED, CALLED = 0.35, 0.14
"""How many of what cameras see were seen by one, and how many others were told by telephone."""


def _often(matter: Matter, filed_on: date) -> float:
    return matter.often * (IN_SEASON if filed_on.month in SEASONS[matter.season] else OUT_OF_SEASON)


def _suits(place: Row, matter: Matter, is_camera: bool) -> bool:
    """Whether a matter is found in a place; what is outside any village is a sight, the counter, or seen by a camera."""
    if is_camera:
        return True
    if matter.where in (SIGHT, OFFICE):
        return (place["village"] in SIGHTS) if matter.where == SIGHT else place["village"] == COUNTER
    return str(place["village"]).startswith(("Thôn", "Tổ dân phố"))


def _at(chance: Random, matter: Matter, place: Row, is_camera: bool) -> str:
    if is_camera:
        return f"tại {_inside(place['village'])}"
    found = chance.choice(AT[matter.where])
    return found if matter.where == OFFICE else f"{found} {_inside(place['village'])}"


@cache
def _places() -> tuple[Row, ...]:
    """A row of the reports' table for each place that is named there, as often as its commune's people report."""
    rows = {(row["commune"], row["village"]): row for row in table_rows("demo_reports.csv")}
    number = Counter(commune for commune, _village in rows)
    return tuple(row for row in rows.values() for _ in range(COMMUNES[row["commune"]][1] * MOST_PLACES // number[row["commune"]]))


def _inside(village: str) -> str:
    """The name inside a sentence: "thôn 3", "khu vực chợ Lạc Dương"."""
    return village[:1].lower() + village[1:]


def _sender(chance: Random) -> int:
    """Some people report more than others."""
    return FIRST_VILLAGER + int(VILLAGERS * chance.random() ** 1.6)
