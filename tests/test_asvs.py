"""docs/asvs.md answers every requirement of ASVS 5.0.0, levels 1 and 2, once, and names only what is there."""
from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.mutants.mutants import MUTANTS
from tests.mutants.mutants_guards import GUARDS_GONE
from tests.test_packaging import ROOT

SECTIONS = {
    1: (2, 9, 11, 3, 2), 2: (3, 3, 4, 1), 3: (0, 2, 4, 6, 5, 0, 2), 4: (3, 1, 2, 4), 5: (1, 3, 2, 3), 6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2), 8: (2, 3, 1, 1), 9: (3, 4), 10: (2, 2, 4, 11, 5, 2, 3), 11: (2, 3, 3, 4, 1, 1), 12: (3, 2, 4), 13: (1, 5, 2, 5),
    14: (2, 4, 3), 15: (3, 3, 7), 16: (1, 5, 4, 3, 3), 17: (1, 4, 2),
}  # fmt: skip
"""Of each section of each chapter, how many requirements are of level 1 or 2: in every section they are its first."""
CHAPTER = re.compile(r"^## (\d+) .+$", re.MULTILINE)
ANSWER = re.compile(r"^- ((?:\d+\.\d+\.\d+(?:, )?)+) (yes|not applicable|\*\*no\*\*): (.+)$", re.MULTILINE)
"""Several requirements that are met in the same way and shown by the same tests stand in one answer."""
UNMET = re.compile(r"^- \*\*(\d+\.\d+\.\d+)\*\* (.+)$", re.MULTILINE)
PATH = re.compile(r"`((?:tests|casework|workflows|reports|web|deploy|docs|bin|tools)/[\w./-]*)`")
TEST = re.compile(r"`(test_\w+)`")

NAMED_ATTACKS = {
    "session fixation", "forged forms", "things sent again", "guessed addresses", "open redirects", "injected headers",
    "fields nobody asked for", "patterns that take for ever", "bombs of archives", "bombs of pictures",
}  # fmt: skip
"""Those no release goes out without."""
ATTACKS: dict[str, dict[str, tuple[str, ...]]] = {
    "session fixation": {
        "a session of before ends with signing in": ("session before sign-in goes on", "state kept over sign-in"),
        "no cookie of another host is read": ("planted cookie read", "cookie without its prefix"),
        "a proof makes the token new": ("token stays after a proof",),
        "no session is opened past the second step": ("way in past the second step",),
        "sessions end": ("session without end", "ended session goes on", "closed account goes on"),
    },
    "forged forms": {
        "the token of a form": ("forms of strangers taken",),
        "what comes without one": ("waiting report from another site", "JSON taken for a form"),
        "the browser a sign-in elsewhere began in, and its provider": (
            "sign-in elsewhere begun by a stranger", "sign-in elsewhere from another provider",
        ),
        "the browser and purpose of a passkey's challenge": ("challenge of another browser", "challenge for any purpose"),
        "the press at a hand-over": ("signed in by a page of another site", "moved to another account by a link"),
        "the signature in the address that ends e-mails": ("e-mails ended by anybody",),
    },
    "things sent again": {
        "the key of a form": ("idempotency key ignored", "step done twice"),
        "codes of an app": ("code of an app good twice",),
        "recovery codes": ("recovery code good twice",),
        "half a sign-in": ("half sign-in finished twice",),
        "passkeys": ("challenge not used up", "challenge that never runs out", "passkey that was copied", "passkey and its copy at once"),
        "codes to a contact": ("code to a contact good twice", "code to a contact good for many at once"),
        "tokens and tickets of other applications": (
            "token of an application used again", "ticket opened again", "ticket opened by many at once",
        ),
        "sign-ins elsewhere": ("sign-in elsewhere comes back again", "sign-in elsewhere comes back to many at once"),
    },
    "guessed addresses": {
        "a report opens with its secret": ("secret not compared",),
        "one's own sessions": ("anybody's session ended",),
        "what somebody ordered": (
            "somebody else's order shown", "somebody else's file given", "somebody else's order tried again",
            "somebody else's order taken back", "what a schedule made given to anybody",
        ),
        "the centre of a role": ("every centre of a role", "administrators of every centre"),
        "the desk of a step": ("desk not checked",),
        "photos": ("agencies see the centre's copy", "unpublished photo served"),
    },
    "open redirects": {
        "addresses that are not ours": ("any return address", "backslash in a return address",
                                        "past the path the program is served under", "past that path by dots"),
        "each way on": (
            "sent elsewhere after signing in", "sent elsewhere after a sign-in elsewhere", "form sent elsewhere after a proof",
            "handed over to another site",
        ),
    },
    "injected headers": {
        "no line break": ("line break in a return address",),
        "the number of a request": ("request id as it comes",),
        "our host alone": ("any host name",),
        "what every answer carries": ("sniffing allowed", "anybody loads what is private"),
    },
    "fields nobody asked for": {
        "who registers": ("every field of a form taken",),
        "reports": ("every field of a report taken",),
        "staff": ("every field of somebody new taken", "every field of a change of a person taken"),
        "rules": ("rule given to the centre a field names",),
    },
    "patterns that take for ever": {
        "patterns": ("pattern with the cube of the text",),
        "whose they are": ("pattern from what is typed",),
    },
    "bombs of archives": {
        "sizes": ("workbook that unpacks without end", "workbook unpacked before it is judged", "workbook with too many cells"),
        "numbers": ("workbook of any number of parts", "table with rows without end", "table with empty rows without end"),
    },
    "bombs of pictures": {
        "size": ("picture of any size",),
        "scans": ("picture of any number of scans",),
    },
    "bombs of documents and recordings": {
        "the reader of PDF": (
            "reader of files not shut in", "reader of files without its bound of memory", "reader of files without its bound of time",
            "reader of files without its bound of writing", "reader of files without its bound of opening",
        ),
        "the copier of recordings": (
            "copier of recordings not shut in", "copier of recordings without its bound of memory",
            "copier of recordings without its bound of time", "copier of recordings without its bound of writing",
            "copier of recordings without its bound of opening",
        ),
    },
    "bombs of XML and JSON": {
        "entities": ("workbook with entities", "model with a doctype"),
        "depth": ("JSON without a bottom",),
        "points": ("boundary with points without end",),
    },
    "calls into this network": {"addresses": ("call into the own network",), "answers": ("answer without end",)},
    "attacks nobody hears of": {"the log": ("refusals not written down",)},
}  # fmt: skip
"""Of each attack the guards against it, and of each guard the seeded faults that take it away (tests/mutants)."""

NGINX = ("deploy/nginx/langbiang.conf", "deploy/cluster/nginx.conf")
LOG = "/var/log/langbiang-nginx/errors.log"
OF_ONE_HOUSE = re.compile(r"proxy_connect_timeout |proxy_next_upstream |add_header Retry-After ")
"""With several machines a dead one is left sooner, who only asked is answered by another, and all of it is over sooner."""

TEXT = re.sub(r"(?<=\S)\n +(?=\S)", " ", (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8"))
"""With each point of a list in one line."""
OPENING, *CHAPTERS = CHAPTER.split(TEXT)


def numbers() -> list[str]:
    return [f"{chapter}.{section}.{place}" for chapter, counts in SECTIONS.items()
            for section, most in enumerate(counts, start=1) for place in range(1, most + 1)]  # fmt: skip


def answers(text: str = TEXT) -> list[tuple[list[str], str, str]]:
    """The numbers, the answer, and what stands behind it."""
    return [(found.split(", "), answer.strip("*"), reason) for found, answer, reason in ANSWER.findall(text)]


@cache
def names_in(path: str) -> set[str]:
    """The names of the tests of a file, those of its classes too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def in_order(number: str) -> list[int]:
    return [int(part) for part in number.split(".")]


def test_every_requirement_is_answered_once_in_its_order() -> None:
    assert len(numbers()) == 253
    assert sorted((number for found, _, _ in answers() for number in found), key=in_order) == numbers()
    firsts = [found[0] for found, _, _ in answers()]
    assert firsts == sorted(firsts, key=in_order)
    assert all(found == sorted(found, key=in_order) for found, _, _ in answers())
    for chapter, text in zip(CHAPTERS[::2], CHAPTERS[1::2], strict=True):
        assert {number.partition(".")[0] for found, _, _ in answers(text) for number in found} == {chapter}


def test_what_is_answered_yes_names_a_test_and_what_is_not_met_stands_at_the_top() -> None:
    assert not [found for found, answer, reason in answers() if answer == "yes" and not TEST.search(reason)]
    unmet = [number for found, answer, _ in answers() if answer == "no" for number in found]
    assert [number for number, _ in UNMET.findall(OPENING)] == unmet
    told = Counter(answer for found, answer, _ in answers() for _ in found)
    assert f"{told['yes']} yes, {told['not applicable']} not applicable, {told['no']} no" in " ".join(TEXT.split())


def test_that_no_component_is_past_its_time_is_said_once_an_advisory_source_was_asked() -> None:
    was_asked = re.search(r"^\d", (ROOT / "tools/audit/asked.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert [answer for found, answer, _ in answers() if "15.2.1" in found] == ["yes" if was_asked else "no"]


def test_every_file_and_test_named_is_there() -> None:
    named, tests = PATH.findall(TEXT), set(TEST.findall(TEXT))
    assert len(named) + len(tests) > 300
    assert not [path for path in named if not (ROOT / path).exists()]
    files = PATH.findall(TEXT.partition("\n## Where the tests are\n")[2])
    assert not tests - set().union(*map(names_in, files)), "each is in a file that is named"
    assert not [path for path in files if not tests & names_in(path)], "no file is named for nothing"


@pytest.mark.parametrize("name", NGINX)
def test_programs_that_call_without_tls_are_refused_and_not_led_on(name: str) -> None:
    plain, _ = servers_in(name)
    assert ("location = /hand-over/tickets", "return 403") in plain
    assert ("location /", "return 308 https://$host$request_uri") in plain


@pytest.mark.parametrize("name", NGINX)
def test_nginx_speaks_new_tls_with_strong_ciphers_alone(name: str) -> None:
    _, tls = servers_in(name)
    assert ("ssl_protocols TLSv1.2 TLSv1.3",) in tls
    assert ("ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20",) in tls


def test_one_machine_and_several_are_guarded_alike() -> None:
    """What nginx refuses, believes, waits for and writes down; one that is changed in one file is changed in the other."""
    one, several = (
        [[statement for statement in server if statement[0] != "location = /metrics" and not OF_ONE_HOUSE.match(statement[-1])]
         for server in servers_in(name)] for name in NGINX
    )  # fmt: skip
    assert one == several
    assert len(one[1]) > 30
    plain, tls = servers_in(NGINX[1])
    assert ("location = /metrics", "return 404") in tls, "of several machines each is asked by its own address"
    whole = [each[0] for each in statements_of(ROOT / NGINX[1])]
    assert {f"error_log {LOG} emerg", "user www-data", "pid /run/nginx.pid"} <= set(whole)
    assert [each[-1] for each in (*plain, *tls) if each[-1].startswith("error_log")] == [f"error_log {LOG} emerg"] * 2


def servers_in(name: str) -> list[list[tuple[str, ...]]]:
    """The statements of each server of a configuration of nginx, each with the blocks in the server it stands in."""
    found: list[list[tuple[str, ...]]] = []
    for *blocks, statement in statements_of(ROOT / name):
        if "server" in blocks:
            within = tuple(blocks[blocks.index("server") + 1:])
            if not within and statement.startswith("listen ") and "[::]" not in statement:
                found.append([])
            found[-1].append((*within, statement))
    assert len(found) == 2
    return found


def statements_of(path: Path) -> Iterator[tuple[str, ...]]:
    """Every statement, with the blocks around it."""
    blocks: list[str] = []
    text = re.sub(r"^\s*#.*$|\s#\s.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for words, end in re.findall(r"""((?:'[^']*'|"[^"]*"|[^;{}'"])*)([;{}])""", text):
        said = " ".join(words.split())
        if end == "{":
            blocks.append(said)
        elif end == "}":
            blocks.pop()
        else:
            yield (*blocks, said)


def test_every_guard_against_each_attack_is_taken_away_by_a_seeded_fault() -> None:
    """What is said of them in the document is tried there: each guard away, and a test that fails."""
    told = {name for guards in ATTACKS.values() for faults in guards.values() for name in faults}
    assert told <= {mutant.name for mutant in MUTANTS}, "a fault that is not tried any more"
    assert {mutant.name for mutant in GUARDS_GONE} <= told, "a fault that stands for no guard here"
    assert set(ATTACKS) >= NAMED_ATTACKS
    assert all(guards and all(guards.values()) for guards in ATTACKS.values())
    [words] = re.findall(r"^\*\*Guards\.\*\* (.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    assert not [attack for attack in ATTACKS if attack not in " ".join(words.split())]
