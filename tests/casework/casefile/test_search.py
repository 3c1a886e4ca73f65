"""Who finds which case by which words, on both databases; the index and the rows it is made of."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import insert, select, text

from casework.casefile import search as casefile_search
from casework.casefile.phone_search import STREAM, LookUpRefused, look_up_phone
from casework.casefile.search import PAGE, CaseSearch, search_cases
from casework.db import db, unit_of_work
from casework.models import AgencySuccession, Area, AreaSuccession, Case, Event, SearchRow
from casework.permissions import NotAllowed
from casework.search import index as search_index
from casework.search.index import MOST_FOUND, MOST_WORDS, newest_with, words_asked
from casework.search.rows import refresh_search_rows
from casework.text import index_words
from casework.triage.acts import ClearedReport
from casework.verification.cases import check_cases
from casework.verification.search import check_search_index
from tests import build, second_centre

ORIGINAL = "Tôi là Nguyễn Văn An, thấy voi rừng ở rẫy."
HOSTILE = ("", " ", '"', "'", '" OR "1', "rac AND", "NEAR(rac suoi)", "rac*", "^rac", "words:rac", "-rac", "(", "rac)", "\\", "%", "_",
           "rac:*", "!rac", "a & b | !c", "<->", "'; DROP TABLE search_row; --", "\x00rac", "rac\u200b", "漢字 рак", "𝔯𝔞𝔠 ª ʰ ꙮ ٣ Ⅷ", "😀",
           "đ" * 300, " ".join(["rac"] * 100), "x" * 5000, " ".join(chr(97 + n % 26) * 3 for n in range(60)))


@dataclass
class Place:
    """The world all readers of this module look at, and its cases by name."""

    world: build.World
    cases: dict[str, Case]

    def found(self, who: str, words: str, **wanted: object) -> set[str]:
        names = {case.id: name for name, case in self.cases.items()}
        by = self.world.actor(who)
        result = search_cases(CaseSearch(words=words, **wanted), by=by)  # type: ignore[arg-type]
        return {names.get(hit.case.id, hit.case.code) for hit in result.hits}


def settle(world: build.World, case: Case, title: str, words: str, area: Area, agency: str) -> None:
    """Verified under a title, classified in a commune, given to one agency."""
    cleared = [ClearedReport(report=link.report, words=words) for link in case.reports]
    build.do(world, case, "verify", "operator", title=title, cleared=cleared)
    build.do(world, case, "classify", "operator", field=world.field(), urgency="normal", complexity="ordinary", area=area, village="")
    build.do(world, case, "distribute", "operator", lead=world.agencies[agency], cooperating=[])


@pytest.fixture
def place(app: Flask) -> Place:
    world = build.standard_world()
    with unit_of_work():
        newer = build.commune(world, "Xã Lạc Dương", valid_from=date(2025, 7, 1))
        older = db.session.merge(world.areas["xa da chais"])
        db.session.add(AreaSuccession(predecessor_id=older.id, successor_id=newer.id, on=date(2025, 7, 1)))
        land = build.agency(world, "DATDAI", "Phòng Đất đai cũ", "Land Office", valid_to=date(2025, 7, 1))
        db.session.add(AgencySuccession(predecessor_id=land.id, successor_id=world.agencies["PTNMT"].id, on=date(2025, 7, 1)))
    cases: dict[str, Case] = {}
    for name, title, words, area, agency in (
        ("waste", "Rác đổ ven suối", "Có đống rác lớn ven suối Đưng K’Nớ.", world.area, "PTNMT"),
        ("crab", "Đường rạc nứt", "Mặt đường nứt, xe khó đi.", older, "UBND-LAT"),
        ("forest", "Chặt rừng thông", "Cây thông bị chặt; rác bỏ lại.", newer, "HKL"),
    ):
        cases[name] = build.file_report(world, words=ORIGINAL).case
        settle(world, cases[name], title, words, area, agency)
    cases["new"] = build.file_report(world, words=ORIGINAL, by="citizen_2").case
    cases["lost"] = build.file_report(world).case
    settle(world, cases["lost"], "Rác ở chợ", "Rác chất đống ở chợ.", world.area, "HKL")
    build.do(world, cases["lost"], "accept_assignment", "officer_HKL", act="hand_back", agency=world.agencies["HKL"], reason="Của xã.")
    build.do(world, cases["lost"], "decide_hand_back", "operator", agency=world.agencies["HKL"], upheld=True, words="")
    apart = build.file_report(world).case
    settle(world, apart, "Rác nhà ông chủ tịch", "Rác của cán bộ.", world.area, "PTNMT")
    build.act(world, apart, "quarantine", "operator", reason="Tố cáo cán bộ có tên.")
    cases["apart"] = apart
    return Place(world, cases)


def who_finds_what(place: Place) -> None:
    everything = {"waste", "crab", "forest", "new", "lost"}
    waste, road = {"waste"}, {"crab"}
    table: list[tuple[str, str, set[str]]] = [
        # words of titles and cleared texts: with accents, without, beginnings, several, in any order, đ and apostrophes
        ("operator", "rác", {"waste", "forest", "lost", "crab"}), ("operator", "RAC", {"waste", "forest", "lost", "crab"}),
        ("operator", "dong rac", {"waste", "lost"}), ("operator", "suối rác", waste), ("operator", "duong", {"crab", "forest"}),
        ("operator", "Đưng K'Nớ", waste), ("operator", "dung kno", waste),
        ("operator", "không có chữ này", set()), ("operator", "ác", set()),
        # places under both names, each way, and with other words
        ("operator", "Đạ Chais", {"crab", "forest"}), ("operator", "lac duong", {"crab", "forest"}),
        ("operator", "rac da chais", {"forest", "crab"}),
        # agencies by name, of today and of before (below), whoever has or had the work; not by one common word
        ("operator", "Phòng Tài nguyên", waste), ("committee_leader", "tai nguyen va moi", waste),
        ("officer_HKL", "Phòng Tài nguyên", set()),
        ("operator", "Phòng Đất đai cũ", waste), ("operator", "phong", set()),
        # codes as words
        ("operator", "LD-2026", everything), ("operator", place.cases["crab"].code, road),
        ("operator", place.cases["crab"].code.lower(), road),
        # original words, the sender, the case set apart: nobody
        ("operator", "voi", set()), ("operator", "Nguyễn Văn An", set()), ("operator", "chủ tịch", set()), ("ops_lead", "chủ tịch", set()),
        ("operator", place.cases["apart"].code, set()), ("operator", "0912345678", set()),
        # an agency what it works on, not what it lost or what is another's
        ("officer_PTNMT", "rac", waste), ("leader_PTNMT", "rac", waste), ("officer_HKL", "rac", {"forest"}),
        ("officer_UBND-LAT", "rac", road),
        ("officer_PTNMT", place.cases["crab"].code, set()), ("officer_PTNMT", "chủ tịch", set()), ("officer_HKL", "chợ", set()),
        # committee leaders the cleared texts of their centre
        ("committee_leader", "rac", {"waste", "forest", "lost", "crab"}),
        ("committee_leader", "voi", set()), ("committee_leader", "chủ tịch", set()),
    ]  # fmt: skip
    for who, words, expected in table:
        assert place.found(who, words) == expected, (who, words)
    for who in ("administrator", "confidential_reader", "inspector", "records_clerk", "citizen", "guest"):
        with pytest.raises(NotAllowed):
            search_cases(CaseSearch(words="rac"), by=place.world.actor(who))
    for words in HOSTILE:                               # nothing typed is an operator, and nothing breaks
        assert "apart" not in place.found("operator", words)
    assert place.found("operator", "rac*") == place.found("operator", "rac AND") | place.found("operator", "rac")
    assert len(words_asked(" ".join(HOSTILE))) <= MOST_WORDS

    # filters narrow, and stand alone
    assert place.found("operator", "", state="to_verify") == {"new"}
    assert place.found("operator", "rac", state="open") == {"waste", "forest", "lost", "crab"}
    assert place.found("operator", "rac", area_ref=place.world.areas["xa lac duong"].ref) == {"forest"}
    assert place.found("operator", "rac", service_code=place.world.field().service_code, year=2026) == {"waste", "forest", "lost", "crab"}
    assert place.found("operator", "rac", year=2025) == set()
    assert place.found("officer_PTNMT", "", state="open") == waste
    assert place.found("operator", "") == set()


def exact_accents_come_first_and_pages_hold_no_case_twice(place: Place) -> None:
    by = place.world.actor("operator")
    with unit_of_work():
        for case_id in [place.cases[name].id for name in ("waste", "crab")]:
            case = db.session.get_one(Case, case_id)
            case.title = {place.cases["waste"].id: "Rạc đường", place.cases["crab"].id: "Rác đường"}[case_id]
            refresh_search_rows(case, at=build.NOON)
    titles = [hit.case.title for hit in search_cases(CaseSearch(words="rạc đường"), by=by).hits]
    assert titles[0] == "Rạc đường"
    hit = search_cases(CaseSearch(words="lạc dương chặt"), by=by).hits[0]
    assert hit.case.id == place.cases["forest"].id
    assert hit.former == ("Xã Đạ Chais",)

    with unit_of_work():                                # more than anybody looks at
        model = db.session.get_one(Case, place.cases["waste"].id)
        case = {each.key: getattr(model, each.key) for each in Case.__mapper__.column_attrs}
        many = [case | {"id": 5000 + n, "ref": f"many-{n}", "code": f"LD-2030-{n:06d}"} for n in range(MOST_FOUND + 20)]
        db.session.execute(insert(Case), many)
        row = {"centre_id": place.world.centre.id, "audience": "centre", "words": "chung mot chu", "exact_words": "chung một chữ",
               "changed_at": build.NOON}
        db.session.execute(insert(SearchRow), [row | {"case_id": each["id"], "code": each["code"]} for each in many])
    pages = [search_cases(CaseSearch(words="chung"), by=by, page=number) for number in (1, 2, 20, 99)]
    assert [(page.is_more, page.total, len(page.hits), page.has_next) for page in pages] == [
        (True, MOST_FOUND, PAGE, True), (True, MOST_FOUND, PAGE, True), (True, MOST_FOUND, PAGE, False),
        (True, MOST_FOUND, PAGE, False)]  # fmt: skip
    assert pages[0].hits[0].case.id == 5000 + MOST_FOUND + 19
    assert not {hit.case.id for hit in pages[0].hits} & {hit.case.id for hit in pages[1].hits}
    newest = newest_with(["chung"], SearchRow.id, audience="centre")
    with pytest.MonkeyPatch.context() as few:           # the index says what the newest rows say
        few.setattr(search_index, "LOOKED_AT", 10)
        assert newest_with(["chung"], SearchRow.id, audience="centre") == newest


def who_has_many_cases_finds_the_same(place: Place) -> None:
    """Among the newest of them, and by the index where those are not enough."""
    with pytest.MonkeyPatch.context() as many:
        many.setattr(casefile_search, "FEW", 0)
        for looked_at in (1, 2_500):
            many.setattr(search_index, "LOOKED_AT", looked_at)
            who_finds_what(place)
        many.setattr(search_index, "MOST_FOUND", 0)
        many.delattr(search_index, "_in_index")
        assert place.found("officer_PTNMT", "rac") == {"waste"}, "the newest is enough"
        with pytest.raises(NameError):
            place.found("officer_PTNMT", "khong co chu nay")


def a_merged_reports_code_leads_to_its_main_case(place: Place) -> None:
    main, other = place.cases["waste"], place.cases["new"]
    build.act(place.world, other, "merge", "operator", into=main, reason="Cùng một việc.")
    result = search_cases(CaseSearch(words=other.code, codes=(other.code,)), by=place.world.actor("officer_PTNMT"))
    assert [(hit.case.id, hit.by_code) for hit in result.hits] == [(main.id, other.code)]
    assert search_cases(CaseSearch(words=other.code, codes=(other.code,)), by=place.world.actor("officer_HKL")).hits == ()


def the_index_holds_what_the_rows_hold(place: Place) -> None:
    assert list(check_search_index()) == []
    assert not [finding for finding in check_cases(now=build.NOON) if finding.check.startswith("search.")]
    of_waste = select(SearchRow).where(SearchRow.case_id == place.cases["waste"].id, SearchRow.audience == "centre")
    with unit_of_work():
        row = db.session.scalars(of_waste).one()
        row.words = index_words("chữ lạ")
    assert [finding.check for finding in check_search_index()] == ["search.words"]
    assert place.found("operator", "chu la") == {"waste"}
    if db.session.get_bind().dialect.name == "sqlite":
        db.session.rollback()
        with unit_of_work():
            db.session.get_one(SearchRow, row.id).exact_words = "chữ lạ"
            taken_out = text("INSERT INTO fts_search_row (fts_search_row, rowid, words) VALUES ('delete', :id, 'chu la')")
            db.session.execute(taken_out, {"id": row.id})
            db.session.execute(text("INSERT INTO fts_search_row (rowid, words) VALUES (987654, 'ma')"))
        assert sorted(finding.check for finding in check_search_index()) == ["search.index", "search.index"]


def a_number_is_looked_up_with_a_reason_and_never_written_down(place: Place) -> None:
    world, reason = place.world, "Người gọi hỏi về phản ánh của mình."
    other = second_centre.second_world(world)
    build.file_report(other)                            # the same caller in the other centre

    def looked_up(who: str, phone: str = build.PHONE, why: str = reason) -> set[str]:
        by = (other if who.endswith("_dn") else world).actor(who.removesuffix("_dn"))
        names = {case.id: name for name, case in place.cases.items()}
        with unit_of_work():
            return {names.get(case.id, case.code[:2]) for case in look_up_phone(phone, by=by, now=build.NOON, reason=why)}

    assert looked_up("operator") == {"waste", "crab", "forest", "lost"}
    assert looked_up("ops_lead", "+84987654321") == {"new"}
    assert looked_up("operator", "+84900000000") == set()
    assert looked_up("operator_dn") == {"DN"}
    for why in ("", "vì", "x" * 301):
        with pytest.raises(LookUpRefused):
            looked_up("operator", why=why)
    for who in ("officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "confidential_reader", "guest"):
        with pytest.raises(NotAllowed):
            looked_up(who)
    events = list(db.session.scalars(select(Event).where(Event.stream == STREAM).order_by(Event.seq)))
    assert [event.payload["found"] for event in events if event.payload] == [4, 1, 0, 1]
    assert all(event.payload and event.payload["reason"] == reason and "91234" not in str(event.payload) for event in events)
    assert len({event.payload["number"] for event in events if event.payload}) == 3


@pytest.mark.exhaustive(but=2)
def test_staff_find_by_words_what_they_may_read_and_nothing_else(place: Place) -> None:
    """One world for all of it: building it takes longer than looking."""
    who_finds_what(place)
    who_has_many_cases_finds_the_same(place)
    a_number_is_looked_up_with_a_reason_and_never_written_down(place)
    the_index_holds_what_the_rows_hold(place)
    a_merged_reports_code_leads_to_its_main_case(place)
    exact_accents_come_first_and_pages_hold_no_case_twice(place)
