"""What every template keeps to, read from its source: also the pages no other test opens. No page is made here, so it costs nothing."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("benchmark", "casework", "reports", "workflows", "web")

TAG = r"(?:[^>{]|\{\{.*?\}\}|\{%.*?%\}|\{(?![{%]))*>"
"""The rest of a tag, with what the template puts into it."""
FORM = re.compile(rf"(<form\b{TAG})(.*?)</form>", re.DOTALL)
FIELD = re.compile(rf"<(?:input|select|textarea)\b{TAG}", re.DOTALL)
LABEL = re.compile(r"<label\b.*?</label>", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
SAYS_NOTHING = re.compile(r'type="(?:hidden|submit|button|reset)"')
TOKEN = re.compile(r'csrf_token\(\)|\.csrf_token\b|\.hidden_tag\(\)|name="csrf_token"')
CALL = re.compile(r"\b(\w+)\(")
MACRO = re.compile(r"\{%-?\s*macro (\w+)\(.*?%\}(.*?)\{%-?\s*endmacro", re.DOTALL)

NO_TOKEN = {"accounts/unsubscribe.html", "areas/followed.html"}
"""Mail programs send it by themselves (RFC 8058): what stands in its address is the proof."""

PRESSED_AGAIN = {
    "accounts/again.html": 1, "accounts/messages.html": 1, "accounts/sessions.html": 1, "accounts/_offered.html": 1, "cases/beside.html": 1,
    "accounts/blocked.html": 1, "cases/head.html": 2, "cases/history.html": 1, "citizen_base.html": 1, "components/passkeys.html": 1,
    "errors/_kept.html": 1, "reporters/mine.html": 1, "inbox/filters.html": 3, "inbox/inbox.html": 1, "inbox/parts.html": 3,
    "mail_in/letter.html": 1,
    "field/desk.html": 1, "incidents/incident.html": 2, "incidents/incidents.html": 2, "offline/queue.html": 1, "rights/own.html": 1,
    "rights/request.html": 1, "rights/what_stays.html": 1, "cases/search.html": 1, "staff_base.html": 1, "statistics/figures.html": 1,
    "studio/heat.html": 1, "studio/studio.html": 2, "steps/layout.html": 1,
}  # fmt: skip
"""Forms without the mark that lets a button work once: what they do twice is what they do once (looking, filtering, taking, putting back,
signing out, a file), and what is recorded is recorded once by the token of the page all the same (web/sent_forms.py)."""

UNESCAPED = {
    "web/templates/public/report.html": 1, "web/templates/accounts/code_app.html": 1, "web/templates/filing/receipt.html": 1,
    "web/templates/rights/copy.html": 1,
    "web/reporting/pages.py": 1, "web/documents/writing.py": 2, "web/documents/printing.py": 1,
    "reports/official.py": 1, "reports/sheets.py": 1, "web/http/folding.py": 1,
}  # fmt: skip
"""Where something is put into a page as it is, and how often: QR codes we draw, a break between escaped lines, letters that were made
of escaped words already, and the texts of our catalogue. Nothing that anybody typed; whoever adds one asks how its words were escaped."""
IN_SCRIPTS = {"web/static/js/wallboard.js": 1, "web/static/js/map-base.js": 1}
"""A page of ours asked again, and words escaped by reading them back."""


@cache
def templates() -> dict[str, str]:
    """The source of each template by its name, without comments."""
    folder = ROOT / "web/templates"
    sources = ((path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html")))
    return {name: COMMENT.sub("", source) for name, source in sources}


def forms() -> Iterator[tuple[str, str, str]]:
    """Each form that changes something: its template, its tag and what stands in it."""
    for name, source in templates().items():
        for tag, inner in FORM.findall(source):
            if 'method="get"' not in tag and "method=" in tag:
                yield name, tag, inner


@cache
def macros_with_token() -> frozenset[str]:
    """The macros that put the token down for the form they are called in, by themselves or by another one."""
    bodies = [(found[1], FORM.sub("", found[2])) for source in templates().values() for found in MACRO.finditer(source)]
    known: frozenset[str] = frozenset()
    while more := {name for name, body in bodies if TOKEN.search(body) or known & set(CALL.findall(body))} - known:
        known |= more
    return known


def test_every_form_that_changes_something_carries_the_token_of_its_page() -> None:
    found = list(forms())
    assert len(found) > 190, "the forms are not found any more"
    without = [(name, tag[:120]) for name, tag, inner in found
               if name not in NO_TOKEN and not TOKEN.search(inner) and not macros_with_token() & set(CALL.findall(inner))]
    assert without == [], "put hidden_fields(form) first into the form, or the hidden input csrf_token"


def test_every_field_is_named_by_a_label_that_a_screen_reader_finds() -> None:
    seen, without = 0, []
    for name, source in templates().items():
        labels = [found.span() for found in LABEL.finditer(source)]
        for field in FIELD.finditer(source):
            if SAYS_NOTHING.search(field[0]):
                continue
            seen += 1
            own = re.search(r'\bid="([^"]*)"', field[0])
            is_named = "aria-label" in field[0] or any(start <= field.start() < end for start, end in labels)
            if not is_named and not (own and f'for="{own[1]}"' in source):
                without.append((name, field[0][:120]))
    assert seen > 200, "the fields are not found any more"
    assert without == [], "give each a <label for=…>, or stand it in its label"


def test_a_form_is_sent_once_however_often_its_button_is_pressed() -> None:
    again = Counter(name for name, tag, _inner in forms() if "data-once" not in tag)
    assert again == PRESSED_AGAIN, "give the form data-once"


def test_nothing_is_shown_unescaped_outside_the_named_places() -> None:
    found: Counter[str] = Counter()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.*")):
            if path.suffix in (".html", ".py", ".txt", ".xml"):
                source = path.read_text(encoding="utf-8")
                kept = re.findall(r"\|\s*safe\b|\bMarkup\(|\{%-?\s*autoescape|\bdo_mark_safe\b", source)
                if kept:
                    found[path.relative_to(ROOT).as_posix()] = len(kept)
    assert found == UNESCAPED, "let Jinja escape it"


def test_every_set_of_templates_escapes_by_itself() -> None:
    made = {path.relative_to(ROOT).as_posix(): source for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))
            for source in re.findall(r"\bEnvironment\((?:[^()]|\([^()]*\))*\)", path.read_text(encoding="utf-8"))}  # fmt: skip
    assert len(made) > 3, "they are not found any more"
    assert [name for name, source in made.items() if "autoescape=True" not in source] == []
    # Flask escapes in templates by the ends of their names
    assert {path.suffix for path in (ROOT / "web/templates").rglob("*.*")} <= {".html", ".xml", ".txt"}


def test_no_script_writes_text_into_a_page_as_markup() -> None:
    writes = re.compile(r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment)\b")
    found: Counter[str] = Counter()
    for path in sorted((ROOT / "web/static/js").rglob("*.js")):
        if "vendor" not in path.parts and (kept := writes.findall(path.read_text(encoding="utf-8"))):
            found[path.relative_to(ROOT).as_posix()] = len(kept)
    assert found == IN_SCRIPTS, "set textContent"


ROW_OF_ACTS = re.compile(
    r"\{%-? call form_acts\(\) -?%\}.*?\{%-? endcall|<div class=\"(?:actionbar|bulkbar)[ \"].*\Z|\{% block acts %\}.*?\{% endblock",
    re.DOTALL,
)  # fmt: skip
FILLED = re.compile(r"<button class=\"btn [^\"]*\bbtn-primary\b|\{\{ (?:submit|choose_first)\(")
OTHERWISE = re.compile(r"\{%-? (?:else|elif).*?\{%-? endif", re.DOTALL)
FILLED_IN = re.compile(r"\bform_field\(|\bchoice_field\(|\breason(?:_field)?\(|<(?:select|textarea)\b|<input\b(?![^>]*type=.hidden)")
OF_CITIZENS = ("public/", "reporters/", "filing/", "errors/", "offline/", "rights/own.html", "accounts/", "wallboard/",
               "links/code.html", "links/reply.html")  # fmt: skip


def staff_forms() -> Iterator[tuple[str, str]]:
    """Forms of staff with something to fill in and a filled button. One that only looks or narrows keeps it behind its field; signing in
    and citizens' forms have it as wide as the form."""
    for name, _tag, inner in forms():
        source = templates()[name]
        is_of_staff = not name.startswith(OF_CITIZENS) and "citizen_base.html" not in source and "w-full" not in inner
        if is_of_staff and FILLED.search(inner) and FILLED_IN.search(inner):
            yield name, inner


def test_every_form_of_staff_ends_with_one_row_of_acts_and_one_filled_button_last_in_it() -> None:
    found = list(staff_forms())
    assert len(found) > 40, "the forms are not found any more"
    outside = [name for name, inner in found if FILLED.search(ROW_OF_ACTS.sub("", inner))]
    assert not outside, f"a filled button beside the row of acts: {outside}"
    rows = [(name, FILLED.split(OTHERWISE.sub("", row[0]))) for name, inner in found for row in ROW_OF_ACTS.finditer(inner)]
    assert not [name for name, parts in rows if len(parts) > 2], "one filled button a form"
    assert not [name for name, parts in rows if len(parts) == 2 and "<button" in parts[1]], "it stands last"
