"""No text of a page escapes translation: with PSEUDO_LOCALE each translated one stands in ⟦ ⟧, and what stands outside is data.

Data are what people typed and the names in the rows, numbers, dates and codes. Labels of the rules (fields, areas, agencies,
states) exist in both languages and pass through the same marks, so they count as texts here.
"""
from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import String, select

from casework.bilingual import Bilingual
from casework.db import METADATA, db
from casework.figures.keeping import count_public_figures
from casework.permissions import actor_for
from tests import build
from tests.conftest import environment_of, running
from tests.system.journey import Journey
from tests.system.person import Page
from tests.system.routes import addresses, beside, is_left_to_others, worth_trying
from tests.system.test_canary import reveal
from tests.whole import WHOLE
from tools.translations import find_faults
from web.config import Config
from workflows.definitions.process import shipped_table

ATTRIBUTES = ("title", "alt", "placeholder", "aria-label", "aria-description", "aria-roledescription", "label", "data-guard", "data-copied")
BUTTONS = ("submit", "button", "reset")
UNREAD = {"script", "style", "template", "kbd"}
"""Names of keys stand on the keyboard in every language."""

MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
LETTERS = re.compile(r"[^\W\d_]{2,}")
"""One letter alone is a key, an initial or a sign."""

KEYWORD = re.compile(r"[a-z0-9_]+")
"""A value like to_verify: if a page shows one, a label is missing, so it does not count as data."""

OWN_NAMES = ("Tiếng Việt", "English")
"""What languages call themselves."""

IDENTIFIER = re.compile(r"\bhttps?://\S+|\b[0-9a-f]{32}\b|\b(?:[A-Z2-9]{4}-){2}[A-Z2-9]{4}\b")
"""An address, the number of a request, the secret of a report."""

PICTURES = ("photos.photo", "publishing.preview", "publishing.case_preview", "public_share.card", "filing.receipt_file",
            "studio_exports.table")  # fmt: skip
OF_THE_REPORT = ("public", "tracking.", "own_acts.", "rights_own.of_report", "inbox.", "tasks.", "cases.", "case_path.", "case_acts.",
                 "notes.", "publishing.", "assigning.", "recordings.", "search.")  # fmt: skip
"""What changes on the way of a report, and is looked at twice."""
READERS = ("guest", "reporter", "citizen", "operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator",
           "confidential_reader")  # fmt: skip
MIDWAY = READERS if WHOLE else ("reporter", "operator", "leader_PTNMT")
"""Who looks in the middle of the way, too."""
IN_THE_END = READERS if WHOLE else ("guest", "reporter", "operator", "ops_lead", "leader_PTNMT", "administrator")
"""Who looks in the end: whose pages are those of others, too, in a whole run alone."""
NO_STAFF = ("guest", "reporter", "citizen")
"""Who looks at every page for anybody; of the others each looks at a sixth of them in a test run."""


@pytest.fixture(scope="module")
def pages(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Page]]:
    """Each kind of page, as it was given to somebody on the way of a report, redirects left out."""
    variables = environment_of(tmp_path_factory.mktemp("pseudo"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with running(Config.from_environment(variables)) as app:
        app.config["PSEUDO_LOCALE"] = True
        yield walked(app)


def walked(app: Flask) -> dict[str, Page]:
    journey = Journey(app, build.standard_world())

    def look(act: str) -> None:
        if act == "rate":
            count_public_figures(journey.now)
        looking = {"submit": MIDWAY, "rate": IN_THE_END}.get(act, ())
        found = [each for each in addresses(app) if act == "rate" or each.endpoint.startswith(OF_THE_REPORT)] if looking else []
        read = [each for each in found if each.endpoint not in PICTURES]
        for name in looking:
            account = journey.world.people.get(name)
            roles = actor_for(account, now=journey.now).roles if account is not None else ()
            tried = worth_trying(app, read, roles, number=READERS.index(name), settings=False)
            own = [each.path for each in tried if name in NO_STAFF or not is_left_to_others(app, each, READERS.index(name))]
            for path in (*own, *beside(READERS.index(name), is_stranger=name in NO_STAFF), "/reports?q=xyz"):
                journey.person(name).get(path, follows=False)

    journey.stop = look
    journey.whole()
    journey.stop = lambda act: None                     # its second rating opens nothing that was not looked at
    wrong_turns(journey)
    found: dict[str, Page] = {}
    for name, person in journey.people.items():
        for page in person.everything:
            if page.headers.get("Content-Type", "").startswith("text/html") and not 300 <= page.status < 400:
                found.setdefault(f"{name} {page.status} {page.path}", page)
    return found


def wrong_turns(journey: Journey) -> None:
    """Pages that are seen when something is not right."""
    guest, operator = journey.person("guest"), journey.person("operator")
    guest.submit(guest.get("/reports/new"), ("act", "send"), contact="12")
    guest.submit(guest.get("/track"), code="LD-2026-000001", secret="AAAA-BBBB-CCCC")
    guest.submit(guest.get("/track"))
    guest.submit(guest.get("/sign-in"), login="nobody", password="wrong")
    guest.submit(guest.get("/sign-in"))
    guest.submit(guest.get("/register"), phone="1")
    guest.get("/nowhere")
    guest.post("/healthz", {})
    guest.post("/cases/x/notes", {"words": "Đã gọi."})
    page = operator.get(f"/cases/{journey.case.ref}?tab=all")
    operator.submit(page, at="/identity", reason="x")
    operator.submit(page, at="/notes", words="")
    operator.submit(page, at="/notes", words="Đã gọi.", audience="centre")
    reveal(operator, journey)
    journey.person("reporter").submit(journey.person("reporter").get(f"/mine/{journey.code}"), at="/rating", level="dissatisfied")
    journey.rate(level="dissatisfied")
    journey.person("ops_lead").get("/inbox?view=review_rating")
    ops_lead, page = journey.opened("ops_lead")
    ops_lead.submit(page)
    ops_lead.submit(page, outcome="reopened", words="Mở lại.")
    reporter = journey.person("reporter")
    reporter.get(f"/mine/{journey.code}")
    reporter.get(f"/reports/{journey.code}")


def texts_of(page: Page) -> Iterator[tuple[str, str]]:
    """Where a text stands, and the text."""
    apart = {each for top in page.document.iterfind(".//*[@translate='no']") for each in top.iter()}
    for whole in page.document.find_class("prose"):
        if any("\n" in text for text in MARKED.findall(whole.text_content())):
            apart |= set(whole.iter())                      # one text, marked as a whole, of which each line is a paragraph
            yield "<prose>", whole.text_content()
    for element in page.document.iter():
        if not isinstance(element.tag, str) or element.tag in UNREAD or element in apart:
            continue                                    # names of a diagram's values, and words of one language, are not translated
        if element.get("class") == "avatar":
            continue                                    # initials
        for text in (element.text, *(child.tail for child in element)):
            if text and text.strip():
                yield f"<{element.tag}>", text
        for name in ATTRIBUTES:
            if element.get(name) and not (name.startswith("data-") and KEYWORD.fullmatch(element.get(name))):
                yield f"<{element.tag} {name}>", element.get(name)
        if element.tag == "input" and element.get("type") in BUTTONS and element.get("value"):
            yield "<input value>", element.get("value")


def data() -> list[str]:
    """What people typed and what rows hold that exists in one language only, the longest first."""
    db.session.rollback()
    found: set[str] = set()
    for table in METADATA.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, String) and not column.name.endswith(("_vi", "_en"))]
        for row in db.session.execute(select(*columns)) if columns else ():
            found.update(value for value in row if value and not KEYWORD.fullmatch(value))
    # agencies the table suggests that this world does not have are shown by their keys
    found |= set(re.findall(r'"([A-Z-]+)"', shipped_table().decode()))
    found |= {line for value in found for line in value.splitlines()} | {" ".join(value.split()) for value in found}
    return sorted(found, key=len, reverse=True)


def outside_marks(text: str, known: list[str]) -> str:
    """What is left of a text when marks and data have been taken out."""
    text = IDENTIFIER.sub(" ", text)
    while (less := MARKED.sub(" ", text)) != text:
        text = less
    for value in (*OWN_NAMES, *known):
        if len(value) > 1:
            text = text.replace(value, " ")
    return " ".join(text.split())


def typed() -> list[str]:
    """What this journey's people typed that is sealed in the rows, or that the pages cut up to mark or compare it."""
    from tests.system import canary

    whole = [canary.WORDS, canary.ADDED, canary.ANSWERED, canary.ASKED, canary.SAID, canary.EXTRA, canary.FULL_NAME, canary.PHONE,
             canary.EMAIL, "Gần mốc nào?", canary.VILLAGE, f"Trước {canary.HOUSE}", "Chưa dọn hết bờ bên kia.", "Đã gọi."]  # fmt: skip
    words = {word for text in (*whole, *build.ANSWER.values(), *data()) if " " in text for word in text.replace("-", " ").split()}
    return sorted({*whole, *words}, key=len, reverse=True)


PERSONAL = {"<h1>", "<a>", "<mark>", "<ins>", "<del>", "<span>", "<blockquote>", "<p>", "<dd>", "<textarea>", "<td>", "<li>"}


def test_every_text_of_every_page_is_translated(pages: dict[str, Page]) -> None:
    known, pieces = data(), typed()
    beyond_data = cache(lambda text: outside_marks(text, known))            # most texts stand on many pages
    beyond_words = cache(lambda text: outside_marks(text, pieces))
    faults: dict[str, str] = {}
    for name, page in pages.items():
        for place, text in texts_of(page):
            rest = beyond_data(text)
            if rest and LETTERS.search(rest) and not (place in PERSONAL and not LETTERS.search(beyond_words(rest))):
                faults.setdefault(f"{place} {rest}", f"{name}: {place} {rest!r}")
    assert not faults, f"{len(faults)} texts without a translation:\n" + "\n".join(faults.values())


def test_enough_was_looked_at(pages: dict[str, Page]) -> None:
    """Every kind of page, the refusals among them, came by."""
    kinds = {re.sub(r"[A-Z]{2}-\d{4}-\d{6}|/[\w-]{16}(?=/|$)", "…", f"{page.status} {page.path.split('?')[0]}") for page in pages.values()}
    assert len(kinds) >= 30, sorted(kinds)
    assert {200, 401, 403, 404, 405, 409, 422} <= {page.status for page in pages.values()}


def test_marks_are_seen_where_they_are(pages: dict[str, Page]) -> None:
    """The control: the pages do hold marks, and an unmarked text is one."""
    assert all("⟦" in page.text for page in pages.values())
    assert outside_marks("Gửi ⟦Send⟧ LD-2026-000001 ⟦⟦a⟧ b⟧", ["LD-2026-000001"]) == "Gửi"


@pytest.mark.exhaustive
def test_the_catalogue_is_complete() -> None:
    assert list(find_faults()) == []


def test_every_row_the_product_ships_has_both_languages() -> None:
    tables = [file for file in resources.files("casework").joinpath("seed_data").iterdir() if file.name.endswith(".csv")]
    rows = [(file.name, number, row) for file in tables
            for number, row in enumerate(csv.DictReader(file.read_text(encoding="utf-8").splitlines()), 2)]
    assert [f"{file}:{number} {name}" for file, number, row in rows for name in row
            if name.endswith("_vi") and bool(row[name]) != bool(row[f"{name[:-3]}_en"])] == []


def test_every_label_in_the_code_has_both_languages() -> None:
    from casework import permissions, states
    from casework.reporters import next_steps

    for module in (states, next_steps, permissions):
        for value in vars(module).values():
            for label in value.values() if isinstance(value, dict) else ():
                for words in label if isinstance(label, tuple) and not isinstance(label, Bilingual) else (label,):
                    assert not isinstance(words, Bilingual) or (words.vi and words.en), words
