"""deploy/sbin/langbiang: what the services get of /etc/langbiang/langbiang.env, whoever types a command gets too, whatever stands in it."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_packaging import ROOT

SCRIPT = ROOT / "deploy" / "sbin" / "langbiang"
SAYS_WHAT_IT_SEES = """
import json, os, sys
print(json.dumps({"words": sys.argv[1:], "environment": dict(os.environ)}))
"""


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("given", "seen"), [
    ("A=$HOME", "$HOME"), ("A=a&b;c|d>e", "a&b;c|d>e"), ("A=`touch /tmp/x`$(touch /tmp/x)", "`touch /tmp/x`$(touch /tmp/x)"),
    ("A=x#y", "x#y"), ("A=it's", "it's"), ('A=a"b"c', 'a"b"c'), ("A= b  c \t", "b  c"), ("A=", ""), ("A =b", "b"), ("  A=b", "b"),
    (r"A=a\\b\c", r"a\bc"), ("A=a\\\nb", "ab"), (r"A='a\b $c '", r"a\b $c "), (r'A="a\b \"c\" \$d"', r'a\b "c" $d'),
    ("A='a'\"b\" c", "abc"), ("A='two\nlines'", "two\nlines"), ("A=Trung tâm <p@example.vn>", "Trung tâm <p@example.vn>"),
    ("A=first\nA=second", "second"), ("A=b\r\n", "b"), ("#A=a\n;A=a\nA\nA=b", "b"), ("A=b=c", "b=c"),
])  # fmt: skip
def test_the_command_reads_its_settings_as_the_services_do(given: str, seen: str, tmp_path: Path) -> None:
    """What systemd 257 makes of each line, which a shell would run, cut off or fill in."""
    assert environment_of_the_command(given, tmp_path)["A"] == seen


def test_the_command_hands_on_what_it_was_called_with_and_says_what_is_no_setting(tmp_path: Path) -> None:
    said = run_command("export LANGBIANG_DATA=/a\nLANGBIANG_PORT=8081\n", tmp_path, "verify", "--every", "a b")
    found = json.loads(said.stdout)
    assert found["words"] == ["verify", "--every", "a b"]
    assert found["environment"]["LANGBIANG_PORT"] == "8081"
    assert found["environment"]["KEPT"] == "yes", "a password for `install` comes by the environment"
    assert "'export LANGBIANG_DATA' is no name of a setting" in said.stderr
    missing = run_command(None, tmp_path)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "langbiang.env" in missing.stderr


def test_what_is_typed_goes_past_the_pooler_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "direct.env").write_text("# past it\nLANGBIANG_DATABASE_URL=postgresql://a@b:5000/c\n", encoding="utf-8")
    seen = environment_of_the_command("LANGBIANG_DATABASE_URL=postgresql://a@b:6432/c\nLANGBIANG_PORT=1", tmp_path)
    assert (seen["LANGBIANG_DATABASE_URL"], seen["LANGBIANG_PORT"]) == ("postgresql://a@b:5000/c", "1")


def environment_of_the_command(settings: str, folder: Path) -> dict[str, str]:
    said = run_command(settings, folder)
    assert said.returncode == 0, said.stderr
    found: dict[str, str] = json.loads(said.stdout)["environment"]
    return found


def run_command(settings: str | None, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """deploy/sbin/langbiang on a file of settings, with a program that tells what it sees, and nobody to change into."""
    place, program = folder / "langbiang.env", folder / "program"
    place.unlink(missing_ok=True)
    if settings is not None:
        place.write_text(settings, encoding="utf-8", newline="")
    script = SCRIPT.read_text(encoding="utf-8")
    for name, value in (("SETTINGS", place), ("DATA", folder), ("PROGRAM", program)):
        script, changes = re.subn(rf'^{name} = ".*"$', f'{name} = "{value}"', script, flags=re.MULTILINE)
        assert changes == 1
    texts = {
        "langbiang": script,
        "program": f"#!{sys.executable}\n{SAYS_WHAT_IT_SEES}",
        "runuser": '#!/bin/sh\n[ "$1 $2 $3" = "-u langbiang --" ] || exit 9\nshift 3\nexec "$@"\n',
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return subprocess.run([folder / "langbiang", *words], env={"PATH": f"{folder}:{os.environ['PATH']}", "KEPT": "yes", "LANG": "C.UTF-8"},
                          capture_output=True, text=True, timeout=30)
