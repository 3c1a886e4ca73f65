"""bin/audit: what is accepted has a reason and a day and runs out, and that nobody could be asked is said and lets no release pass."""
from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.test_packaging import ROOT

TODAY = date(2026, 3, 2)
PINS = {"flask": "3.1.0", "lxml": "6.0.0"}
FAULT = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-0001"], "fix_versions": ["6.0.1"]}


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program, with two pins and lists of its own."""
    program = loaded()
    for name in ("CONSTRAINTS", "ACCEPTED", "ASKED", "BILL"):
        monkeypatch.setattr(program, name, tmp_path / f"{name.lower()}.txt")
    monkeypatch.setattr(program, "ROOT", tmp_path)
    program.CONSTRAINTS.write_text("".join(f"{name}=={version}\n" for name, version in PINS.items()), encoding="utf-8")
    program.ACCEPTED.write_text("# what is let be\n", encoding="utf-8")
    program.ASKED.write_text("# when it was asked\n", encoding="utf-8")
    program.SOURCE = program.ASKED.as_uri()             # it answers
    return program


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_check", ROOT / "tools/audit/check.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def told(*faults: dict[str, Any], about: tuple[str, ...] = tuple(PINS)) -> list[dict[str, Any]]:
    return [{"name": name, "version": PINS[name], "vulns": list(faults) if name == "lxml" else []} for name in about]


def silence(check: Any, answered: list[dict[str, Any]], today: date = TODAY) -> list[str]:
    return check.what_is_not_known(answered, today)


def test_a_published_fault_is_told_until_it_is_accepted_by_any_of_its_numbers(check: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.advisories(told(FAULT), {}) == ["lxml 6.0.0: PYSEC-2026-1, mended in 6.0.1"]
    for number in ("PYSEC-2026-1", "CVE-2026-0001"):
        accepted, faults = check.accepted_faults(f"{number} 2026-03-09 No XSLT is run here.", TODAY)
        assert (check.advisories(told(FAULT), accepted), faults) == ([], [])
        assert f"Accepted until 2026-03-09: {number}, No XSLT is run here." in capsys.readouterr().out
    accepted, _ = check.accepted_faults("PYSEC-1999-1 2026-03-09 Long ago.", TODAY)
    assert check.advisories(told(FAULT), accepted) != []
    assert "PYSEC-1999-1. Its line can go." in capsys.readouterr().out


@pytest.mark.parametrize(("line", "words"), [
    ("CVE-2026-0001", "no day or no reason"), ("CVE-2026-0001 it does not concern us", "no day or no reason"),
    ("CVE-2026-0001 2026-03-09", "no day or no reason"), ("CVE-2026-0001 2026-02-30 No such day.", "no day or no reason"),
    ("CVE-2026-0001 2026-03-01 It was so until yesterday.", "was accepted until 2026-03-01"),
    ("CVE-2026-0001 2026-06-01 For ever and a day.", "nothing is for more than 90 days"),
])  # fmt: skip
def test_an_acceptance_without_a_reason_and_a_day_or_past_its_day_fails_and_accepts_nothing(check: Any, line: str, words: str) -> None:
    accepted, [fault] = check.accepted_faults(f"# a heading\n\n{line}\n", TODAY)
    assert (accepted, words in fault) == ({}, True)
    assert check.advisories(told(FAULT), accepted) != []


def test_that_nobody_could_be_asked_is_said(check: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert silence(check, told()) == []
    assert "Audited 2 packages." in capsys.readouterr().out
    [fault] = silence(check, [])
    assert "no advisory source could be asked; never asked about these pins" in fault
    assert "Not audited" in capsys.readouterr().out
    [fault] = silence(check, told(about=("flask",)))
    assert "1 of 2 packages" in fault, "some answers are not all"


@pytest.mark.parametrize(("option", "ends"), [([], 0), (["--release"], 1)])
def test_without_a_network_the_tests_go_on_and_a_release_does_not(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: list[str], ends: int
) -> None:
    monkeypatch.setattr(check, "faults_of_packages", list)
    monkeypatch.setattr("sys.argv", ["check.py", "--tools", str(tmp_path), *option])
    assert check.main() == ends
    assert "Not audited: no advisory source could be asked" in capsys.readouterr().out


def test_a_machine_that_could_ask_speaks_for_those_that_cannot_a_week_long_and_of_those_pins_alone(check: Any) -> None:
    check.ASKED.write_text(f"{check.heading(check.ASKED)}{TODAY} {check.digest_of_pins()}\n", encoding="utf-8")
    assert silence(check, []) == []
    assert silence(check, [], today=TODAY + timedelta(days=7)) == []
    assert "last asked about on 2026-03-02" in silence(check, [], today=TODAY + timedelta(days=8))[0]
    assert silence(check, [], today=TODAY - timedelta(days=1)), "a day to come is no day it was asked on"
    check.CONSTRAINTS.write_text("flask==3.1.1\nlxml==6.0.0\n", encoding="utf-8")
    assert "never asked about these pins" in silence(check, [])[0]


@pytest.mark.parametrize(("says", "ends", "kept"), [(told(), 0, True), (told(about=("flask",)), 0, False), (told(FAULT), 1, True)])
def test_the_day_is_kept_when_every_pin_was_asked_about_and_only_then(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: list[dict[str, Any]], ends: int, kept: bool
) -> None:
    tool(tmp_path, "pip-audit", f"cat <<'END'\n{json.dumps({'dependencies': says})}\nEND")
    monkeypatch.setattr(check, "faults_of_packages", list)
    monkeypatch.setattr("sys.argv", ["check.py", "--tools", str(tmp_path), "--keep"])
    assert check.main() == ends
    day, digest = check.last_asked()
    assert ((day is not None), digest) == (kept, check.digest_of_pins() if kept else "")
    assert check.ASKED.read_text(encoding="utf-8").startswith("# when it was asked\n")


def tool(tools: Path, name: str, script: str) -> None:
    """A program in place of one of the audit's."""
    (tools / "bin").mkdir(exist_ok=True)
    (tools / "bin" / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (tools / "bin" / name).chmod(0o700)


def test_where_nothing_answers_it_is_given_up_before_each_pin_is_asked_about_and_said(
    check: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool(tmp_path, "pip-audit", f"touch {tmp_path}/asked")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        check.SOURCE, check.FIRST_ANSWER_SECONDS = f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.2
        assert check.answers(tmp_path) == []
    assert not (tmp_path / "asked").exists()
    [said] = capsys.readouterr().out.splitlines()
    assert said == f"{check.SOURCE} does not answer (waited for at most 0.2 seconds), so advisories are not asked for."
    assert loaded().FIRST_ANSWER_SECONDS <= 10


def test_nobody_waits_for_a_name_that_is_looked_up_in_vain_nor_for_a_refusal(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = threading.Event()

    def refuse(*_: object, **__: object) -> None:
        given_up.wait(60)
        raise ConnectionRefusedError

    check.FIRST_ANSWER_SECONDS = 0.2
    monkeypatch.setattr(check, "urlopen", refuse)
    began = time.monotonic()
    assert not check.is_answered()
    assert time.monotonic() - began < 30, "a time limit on each step of the request would have let it go on"
    given_up.set()
    check.FIRST_ANSWER_SECONDS = 60
    assert not check.is_answered()
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("name", ["pip-audit", "cyclonedx-py"])
def test_a_slow_machine_fails_no_run_whichever_tool_takes_too_long(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for each in ("pip-audit", "cyclonedx-py"):
        tool(tmp_path, each, "exec sleep 60" if each == name else "exit 1")
    check.BILL.write_text("of yesterday", encoding="utf-8")
    monkeypatch.setattr(check, "SECONDS", 0.2)
    monkeypatch.setattr(check, "faults_of_packages", list)
    monkeypatch.setattr("sys.argv", ["check.py", "--tools", str(tmp_path)])
    assert check.main() == 0
    said = capsys.readouterr().out
    assert ("Advisories were not told within 0.2 seconds." in said) is (name == "pip-audit")
    assert ("No bill of materials: it was not written within 0.2 seconds." in said) is (name == "cyclonedx-py")
    assert not check.BILL.exists(), "one of yesterday would pass for today's"


@pytest.mark.parametrize(("option", "compared"), [([], "--no-validate"), (["--release"], "--validate")])
def test_the_bill_is_compared_with_its_schema_before_a_release(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: list[str], compared: str
) -> None:
    tool(tmp_path, "cyclonedx-py", f"""echo "$@" > {tmp_path}/given; echo '{{"components": [1, 2]}}' > {check.BILL}""")
    monkeypatch.setattr(check, "faults_of_packages", list)
    monkeypatch.setattr("sys.argv", ["check.py", "--tools", str(tmp_path), *option])
    check.main()
    assert compared in (tmp_path / "given").read_text(encoding="utf-8").split()
    assert "2 components in" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "does"), [
    ([], {"the tests", "the code", "advisories"}),
    (["--changed"], {"the tests", "the code"}),
    (["--changed", "HEAD~3"], {"the tests", "the code"}),
    (["tests/test_audit.py", "-k", "pins"], {"the tests"}),
])  # fmt: skip
def test_a_run_of_some_files_does_nothing_else_and_advisories_are_asked_for_by_the_run_of_everything_alone(
    tmp_path: Path, arguments: list[str], does: set[str]
) -> None:
    """The script itself, with programs that note what they are given and do nothing."""
    for name in ("bin", "var", ".venv/bin"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(ROOT / "bin/test", tmp_path / "bin")
    (tmp_path / "bin/_environment.sh").write_text(
        f"set -eu\nROOT={tmp_path}\nPDF_PACKAGES=; TEST_PACKAGES=\nsay() {{ :; }}\nfail() {{ exit 1; }}\n"
        "missing_packages() { :; }\nneed_packages() { :; }\nneed_requirements() { :; }\nneed_apart_for_tests() { :; }\n",
        encoding="utf-8")  # fmt: skip
    for name in ("bin/audit", *(f".venv/bin/{each}" for each in ("python", "ruff", "mypy", "lint-imports"))):
        (tmp_path / name).write_text(f"#!/bin/sh\necho \"$@\" >> {tmp_path}/var/{Path(name).name}.said\n"
                                     f"case $* in *tests.changed*) echo tests/test_it.py > {tmp_path}/var/changed.txt ;; esac\n",
                                     encoding="utf-8")  # fmt: skip
        (tmp_path / name).chmod(0o700)
    done = subprocess.run(["bin/test", *arguments], cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path)}, timeout=60, check=False)
    assert done.returncode == 0
    told = (tmp_path / "var/python.said").read_text(encoding="utf-8")
    done_by = {"the tests": "-m pytest" in told, "the code": "tools/translations.py --check" in told,
               "advisories": (tmp_path / "var/audit.said").exists()}  # fmt: skip
    assert {name for name, is_done in done_by.items() if is_done} == does
    assert [(tmp_path / f"var/{each}.said").exists() for each in ("ruff", "mypy", "lint-imports")] == ["the code" in does] * 3
    [given] = [line for line in told.splitlines() if "-m pytest" in line and "--collect-only" not in line]
    assert ("--collect-only" in told) is ("advisories" in does), "one process compiles what all of them read, where they read everything"
    if "the code" not in does:
        assert given.endswith(" ".join(arguments))
    assert ("@var/changed.txt" in given) is ("--changed" in arguments)
    assert [line for line in told.splitlines() if "tests.changed" in line] == (
        [" ".join(["-m tests.changed --into var/changed.txt", *arguments[1:]])] if "--changed" in arguments else [])


def test_what_is_accepted_in_this_repository_is_well_formed_today() -> None:
    """Where its tools cannot be installed the run ends as it does where nobody answers: with what it does not know."""
    done = subprocess.run(["sh", "-n", ROOT / "bin/audit"], capture_output=True, text=True, check=False)
    assert (done.returncode, "--packages" in (ROOT / "bin/audit").read_text(encoding="utf-8")) == (0, False)
    program = loaded()
    text, far = program.ACCEPTED.read_text(encoding="utf-8"), date(2020, 1, 1)
    assert not [fault for fault in program.accepted_faults(text, far)[1] if "no day or no reason" in fault]
    assert program.answers(Path("/nowhere")) == []
