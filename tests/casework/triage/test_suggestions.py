"""What the words of a report speak for: with the reason, and nothing where nothing is clear."""
from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import resources

import pytest
from flask import Flask
from rapidfuzz.fuzz import token_set_ratio

from casework.db import db, unit_of_work
from casework.installation import seeding
from casework.models import Case, Centre, Field, ReportText, SuggestionRule
from casework.triage import classifier as likeness
from casework.triage import suggestions as suggesting
from casework.triage.classifier import Likeness, closed_cases
from casework.triage.suggestions import PlaceSuggestion, Suggestion, suggestions_for, words_in
from tests import build
from tests.second_centre import second_world

DISTRICT = datetime(2023, 3, 1, 3, 0, tzinfo=UTC)
"""When the district was still there; build.NOON is after the reorganisation."""


@pytest.fixture
def centre(sqlite_app: Flask) -> Centre:
    with unit_of_work():
        seeding.install_rules(build.NOON)
        return seeding.install_centre(build.NOON)


def case_in(centre: Centre, **columns: object) -> Case:
    return Case(centre_id=centre.id, **columns)


FIELDS = [
    ("Đèn đường hỏng, hẻm không sáng mấy hôm nay", "do_thi", ("Đèn đường", "không sáng", "hẻm")),
    ("Duong vao thon bi xoi lo, xe khong di duoc", "giao_thong_an_ninh", ("xe khong di duoc", "bi xoi", "Duong vao thon")),
    ("Cháy rừng thông, khói nhiều", "rung_dat_moi_truong", ("Cháy rừng", "rừng thông", "khói")),
    ("Chủ sạp không niêm yết giá, nói thách", "kinh_te", ("niêm yết giá", "nói thách", "sạp")),
    ("Loa truyền thanh không phát", "van_hoa_thong_tin_du_lich", ("Loa truyền thanh",)),
    ("Trạm y tế hết thuốc", "khac", ("Trạm y tế", "hết thuốc")),
    ("Chân thành cảm ơn trung tâm", None, ()),
    ("Người già cả trong xóm buồn", None, ()),                             # not "giá cả"
    ("Đèn đường hỏng, ổ gà sâu, trạm y tế hết thuốc", None, ()),           # of everything something
    ("", None, ()),
]


def test_fields_are_suggested_with_the_words_that_spoke_or_not_at_all(centre: Centre) -> None:
    for text, field, words in FIELDS:
        found = suggestions_for(case_in(centre), text, now=build.NOON).field
        assert (found.target if found else None) == field, text
        if found:
            assert set(found.words) <= set(words) | {word for word in found.words if len(found.words) > len(words)}, (text, found)
            assert words[0] in found.words, (text, found)


URGENT = [("Cột khói trắng bốc lên từ đồi", True), ("Dây điện đứt rơi xuống vườn", True), ("Đất sạt xuống sát vách nhà", True),
          ("Chó dại cắn người", True), ("Đèn đường hỏng", False), ("Nộp hồ sơ bị yêu cầu bổ sung giấy", False)]


def test_danger_is_said_with_its_words(centre: Centre) -> None:
    for text, is_urgent in URGENT:
        found = suggestions_for(case_in(centre), text, now=build.NOON).urgent
        assert (found is not None) == is_urgent, text
        assert not found or all(word.lower() in text.lower() for word in found.words)


def test_the_reports_of_the_demonstration_are_mostly_told_right_and_hardly_ever_wrong(centre: Centre) -> None:
    rows = list(csv.DictReader(resources.files("casework").joinpath("seed_data/demo_reports.csv").read_text("utf-8").splitlines()))
    codes = {field.name_vi: field.service_code for field in db.session.query(Field)}
    told: Counter[str] = Counter()
    for row in rows:
        found = suggestions_for(case_in(centre), f"{row['title']}. {row['description']}", now=build.NOON)
        right = codes[row["field"]]
        told["unclear" if found.field is None else "right" if found.field.target == right else "wrong"] += 1
        told["missed" if row["urgency"] == "Khẩn" and found.urgent is None else "seen"] += 1
        told["false alarm" if row["urgency"] != "Khẩn" and found.urgent is not None else "quiet"] += 1
    assert told["right"] >= 44, told
    assert told["wrong"] + told["missed"] + told["false alarm"] <= 3, told


PLACES = [
    (DISTRICT, "Đường vào thôn Đông Mang bị xói", ("Xã Đạ Chais", "Thôn Đông Mang", None)),
    (build.NOON, "Duong vao thon Dong Mang bi xoi", ("Xã Lạc Dương", "Thôn Đông Mang", None)),
    (build.NOON, "ở xã Đa Chais bị cúp điện", ("Xã Lạc Dương", None, "Xã Đạ Chais")),
    (build.NOON, "ở xã Đưng KNớ và thôn K'Nớ 2", ("Xã Đam Rông 4", "Thôn K'Nớ 2", "Xã Đưng K'Nớ")),
    (build.NOON, "Thôn 1 xã Đạ Sar mất nước", ("Xã Lạc Dương", "Thôn 1", "Xã Đạ Sar")),
    (build.NOON, "Thôn 1 mất nước", None),                                 # of two communes
    (build.NOON, "giữa xã Lát và xã Đạ Sar", None),
    (build.NOON, "chờ một lát rồi về", None),                              # "Lát" alone is a word like others
    (build.NOON, "ngay Quốc lộ 27C chỗ khúc cua", (None, "Quốc lộ 27C", None)),
    (build.NOON, "trên đường. Camera ghi lại", None),
]


def test_places_are_found_by_their_names_of_today_and_before(centre: Centre) -> None:
    for now, text, expected in PLACES:
        found = suggestions_for(case_in(centre), text, now=now).place
        told = (found.area and found.area.name_vi, found.village, found.former and found.former.name_vi) if found else None
        assert told == expected, text
    here = case_in(centre, latitude=12.18, longitude=108.70, placed_at=build.NOON)
    found = suggestions_for(here, "Không có gì", now=build.NOON).place
    assert found is not None
    assert (found.area and found.area.name_vi, found.by_position) == ("Xã Lạc Dương", True)
    on_the_border = case_in(centre, latitude=12.03, longitude=108.45, placed_at=build.NOON)      # in the boxes of two
    assert suggestions_for(on_the_border, "Không có gì", now=build.NOON).place is None


def test_a_centre_has_phrases_of_its_own_and_ended_ones_say_nothing(app: Flask) -> None:
    world = build.standard_world()
    other, since = second_world(world), date(2020, 1, 1)
    with unit_of_work():
        for phrase, field, weight, ended in (("ổ gà", "khac", 9, None), ("xe công nông", "kinh_te", 9, date(2026, 3, 1))):
            db.session.add(SuggestionRule(kind="field", target=field, phrase=phrase, weight=weight, centre_id=world.centre.id,
                                          valid_from=since, valid_to=ended))
    for centre, target in ((world.centre, "khac"), (other.centre, "giao_thong_an_ninh")):
        assert suggestions_for(case_in(centre), "Ổ gà", now=build.NOON).field == Suggestion(target, ("Ổ gà",))
    assert suggestions_for(case_in(world.centre), "xe công nông", now=build.NOON).field is None


def test_words_are_counted_once_looked_at_to_a_limit_and_compared_in_no_time() -> None:
    assert len(words_in("ổ gà " * 10_000)) == suggesting.MOST_WORDS


class Nearest:
    """The smallest thing that learns: a text is like the field of the texts it shares words with."""

    def __init__(self, texts: Sequence[str], targets: Sequence[str]) -> None:
        self.known = list(zip(texts, targets, strict=True))

    def shares(self, text: str) -> dict[str, float]:
        best: dict[str, float] = {}
        for known, target in self.known:
            best[target] = max(best.get(target, 0), token_set_ratio(text, known) ** 4)
        whole = sum(best.values())
        return {target: weight / whole for target, weight in best.items()} if max(best.values(), default=0) > 60**4 else {}

    def speaking(self, text: str, target: str) -> list[str]:
        own = {word for known, each in self.known if each == target for word in known.split()}
        return [word for word in text.split() if word in own]


def learnt_from(world: build.World, monkeypatch: pytest.MonkeyPatch) -> Likeness:
    """Closed cases of two fields, learnt at once."""
    monkeypatch.setattr(likeness, "LEAST_LEARNT", 4)
    monkeypatch.setattr(likeness, "LEAST_OF_A_FIELD", 2)
    for words, code in (("Lông gà bay khắp xóm", "rung_dat_moi_truong"), ("Cột mốc ngã đổ", "do_thi")):
        for _ in range(2):
            case = build.file_report(world).case
            with unit_of_work():
                case.field_id, case.title, case.state = world.field(code).id, words, "closed"
                case.main_report.texts.append(ReportText(kind="cleared", body=words, written_at=build.NOON))
    return Likeness(Nearest, lambda begin: begin())


def test_where_no_rule_speaks_a_text_is_compared_with_the_closed_cases_of_the_centre(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build.standard_world()
    model = learnt_from(world, monkeypatch)
    texts, targets = closed_cases(world.centre.id)
    assert sorted(targets) == ["do_thi", "do_thi", "rung_dat_moi_truong", "rung_dat_moi_truong"]
    assert set(texts) == {"long ga bay khap xom long ga bay khap xom", "cot moc nga do cot moc nga do"}
    monkeypatch.setattr(suggesting, "LIKENESS", model)
    case = case_in(world.centre)
    found = suggestions_for(case, "Lông gà, bay khắp thôn", now=build.NOON).field
    assert found == Suggestion("rung_dat_moi_truong", ("Lông", "gà", "bay"), by_likeness=True)
    assert suggestions_for(case, "Chúc mừng năm mới", now=build.NOON).field is None       # about something else
    assert suggestions_for(case, "Ổ gà, lông gà bay", now=build.NOON).field == Suggestion("giao_thong_an_ninh", ("Ổ gà",))  # a rule speaks


def test_what_may_not_be_public_is_not_learnt_and_a_day_is_learnt_once(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world, begun = build.standard_world(), []
    learnt_from(world, monkeypatch)
    model = Likeness(Nearest, lambda begin: begun.append(begin))
    for day in (0, 0, 1):
        assert model.field_of(world.centre.id, "Lông gà", now=datetime(2026, 3, 2 + day, 3, tzinfo=UTC)) is None   # still learning
    assert len(begun) == 2
    assert Likeness(None, lambda begin: begun.append(begin)).field_of(world.centre.id, "Lông gà", now=build.NOON) is None
    with unit_of_work():
        for case in db.session.query(Case):
            case.quarantined_at = build.NOON
    assert closed_cases(world.centre.id) == ([], [])


def test_nothing_is_suggested_where_there_is_nothing_to_go_by(sqlite_app: Flask) -> None:
    with unit_of_work():
        centre = build.centre()
    found = suggestions_for(case_in(centre), "Ổ gà ở thôn Đông Mang", now=build.NOON)
    assert (found.field, found.urgent, found.place) == (None, None, None)
    assert PlaceSuggestion(None, None, ()).former is None
