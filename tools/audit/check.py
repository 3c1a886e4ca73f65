"""What the program is made of: every package pinned, installed so, its licence known, no fault of it published; a bill of materials.

    python tools/audit/check.py --packages              pins, licences and what is accepted; needs neither network nor other tools
    python tools/audit/check.py --tools var/audit       all of it: advisories by pip-audit, and the bill (CycloneDX) in var/sbom.cdx.json
    … --keep                                            and write the day into tools/audit/asked.txt, to be committed
    … --release                                         and fail where these very pins were not asked about within a week

Where no advisory source can be asked nobody knows of faults, and the run says so. That alone fails no run of the tests, which may be far
from any network and years from now; before a release it does.
"""
from __future__ import annotations

import argparse
import configparser
import hashlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPException
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
CONSTRAINTS, ACCEPTED, ASKED = ROOT / "constraints.txt", ROOT / "tools/audit/accepted.txt", ROOT / "tools/audit/asked.txt"
BILL = ROOT / "var/sbom.cdx.json"
SECONDS = 240
SOURCE, FIRST_ANSWER_SECONDS = "https://pypi.org/pypi/pip/json", 10.0
ASKED_HOLDS = timedelta(days=7)
"""How long an answer is valid: a fault exploitable from outside is mended within this many days (docs/asvs.md), so it has to be known."""
LONGEST_ACCEPTED = timedelta(days=90)
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)")
KNOWN = re.compile(
    r"\b(MIT(-CMU)?|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|LGPL|Lesser General Public|ZPL|HPND|Unlicense|0BSD|"
    r"Zlib|Zope|OFL|Public Domain|CC0|BlueOak|UPL|W3C)\b",
    re.IGNORECASE,
)
"""Licences whose conditions are met by shipping the program as it is. The GPL and AGPL are not among them."""
WEAK = re.compile(r"\bLGPL|\bLesser General Public License", re.IGNORECASE)
STRONG = re.compile(r"\bA?GPL|General Public License", re.IGNORECASE)
READ_BY_HAND = {"axe-playwright-python": "MIT"}
"""Packages without machine-readable licence; their licence files do name one."""


class Acceptance(NamedTuple):
    """A fault, by its number, that is accepted until a day, and why."""

    fault: str
    until: date
    reason: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", action="store_true")
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--release", action="store_true")
    chosen = parser.parse_args()
    today = datetime.now(UTC).date()
    accepted, faults = accepted_faults(ACCEPTED.read_text(encoding="utf-8"), today)
    faults += faults_of_packages()
    print(f"{len(pins())} packages pinned, {len(faults)} faults")
    if chosen.tools is not None:
        told = answers(chosen.tools)
        faults += advisories(told, accepted)
        silence = what_is_not_known(told, today)
        faults += silence if chosen.release else []
        if chosen.keep and not not_asked(told):
            ASKED.write_text(f"{heading(ASKED)}{today} {digest_of_pins()}\n", encoding="utf-8")
        bill(chosen.tools, validated=chosen.release)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def accepted_faults(text: str, today: date) -> tuple[dict[str, Acceptance], list[str]]:
    """The accepted faults of accepted.txt as of today, by number, and a sentence for each invalid or expired line."""
    accepted, faults = {}, []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        fault, _, rest = line.strip().partition(" ")
        day, _, reason = rest.strip().partition(" ")
        until = _day(day)
        if until is None or not reason.strip():
            faults.append(f"accepted.txt: {line.strip()!r} has no day or no reason; a line is NUMBER YYYY-MM-DD REASON")
        elif until < today:
            faults.append(f"accepted.txt: {fault} was accepted until {until}; it is to be mended, or accepted anew with a reason")
        elif until > today + LONGEST_ACCEPTED:
            faults.append(f"accepted.txt: {fault} is accepted until {until}; nothing is for more than {LONGEST_ACCEPTED.days} days")
        else:
            accepted[fault] = Acceptance(fault, until, reason.strip())
    return accepted, faults


def pins() -> dict[str, str]:
    """The pinned version of each package, by normalised name."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return {_same(found[1]): found[2] for line in lines if (found := PIN.fullmatch(line.strip()))}


def faults_of_packages() -> Iterator[str]:
    """One sentence for each package that is not pinned, not installed as pinned, or without a known licence."""
    pinned = pins()
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#") and not PIN.fullmatch(line.strip()):
            yield f"constraints.txt: {line.strip()!r} is no pin"
    for name, is_exact in asked_for().items():
        if name not in pinned and not is_exact:
            yield f"{name} is asked for in setup.cfg, and pinned neither there nor in constraints.txt"
    for name, version in pinned.items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another system, or an extra that is not installed
        if found.version != version:
            yield f"{name} is installed as {found.version}, and pinned as {version}"
        licence = licence_of(found)
        is_strong = STRONG.search(WEAK.sub("", licence)) and not re.search(r"\bor\b", licence, re.IGNORECASE)
        if not (KNOWN.search(licence) or WEAK.search(licence)) or is_strong:
            yield f"{name} {version}: its licence is not known to be one we may deliver under: {licence[:80]!r}"


def asked_for() -> dict[str, bool]:
    """The packages named in setup.cfg, with all its extras, and whether one version is pinned."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"].values()
    lines = "\n".join([config["options"]["install_requires"], *extras]).splitlines()
    return {_same(re.split(r"[\[=<>; ]", line.strip(), maxsplit=1)[0]): "==" in line for line in lines if line.strip()}


def licence_of(found: Distribution) -> str:
    """A package's stated licence: the expression, the classifiers, else the text."""
    told = found.metadata
    classifiers = [each.rpartition("::")[2] for each in told.get_all("Classifier") or () if each.startswith("License")]
    text = told.get("License-Expression") or " or ".join(classifiers) or (told.get("License") or "").strip()
    return text or READ_BY_HAND.get(_same(told["Name"]), "none given")


def answers(tools: Path) -> list[dict[str, Any]]:
    """What pip-audit, which asks PyPI, is told about each pin it could ask about; nothing where PyPI does not answer at all."""
    if not (tools / "bin/pip-audit").exists():
        return []
    if not is_answered():
        print(f"{SOURCE} does not answer (waited for at most {FIRST_ANSWER_SECONDS:g} seconds), so advisories are not asked for.")
        return []
    command = [tools / "bin/pip-audit", "--requirement", CONSTRAINTS, "--no-deps", "--disable-pip", "--vulnerability-service", "pypi",
               "--timeout", "5", "--format", "json", "--progress-spinner", "off"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        told = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        print(f"Advisories were not told within {SECONDS} seconds.")
        return []
    except (OSError, ValueError, KeyError):
        return []
    return [each for each in told if "skip_reason" not in each]


def is_answered() -> bool:
    """Whether PyPI can be reached: pip-audit would wait for each of a hundred pins in turn.

    Asked in a thread of its own: the time limit of a request begins anew with each address of the name and each part of the answer, and
    looking up the name has none.
    """
    answered = threading.Event()
    asking = threading.Thread(target=_ask, args=(answered,), daemon=True)
    asking.start()
    asking.join(FIRST_ANSWER_SECONDS)
    return answered.is_set()


def _ask(answered: threading.Event) -> None:
    with suppress(OSError, HTTPException), urlopen(SOURCE, timeout=FIRST_ANSWER_SECONDS):
        answered.set()


def advisories(told: list[dict[str, Any]], accepted: Mapping[str, Acceptance]) -> list[str]:
    """One sentence for each published fault of a pin that is not accepted; accepted and needlessly accepted ones are printed."""
    found = [(each, fault, {fault["id"], *fault["aliases"]}) for each in told for fault in each["vulns"]]
    for number, acceptance in sorted(accepted.items()):
        if any(number in numbers for _, _, numbers in found):
            print(f"Accepted until {acceptance.until}: {number}, {acceptance.reason}")
        elif not not_asked(told):
            print(f"Accepted and not there any more: {number}. Its line can go.")
    return [f"{each['name']} {each['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
            for each, fault, numbers in found if not numbers & accepted.keys()]  # fmt: skip


def not_asked(told: list[dict[str, Any]]) -> list[str]:
    """The packages nobody could look up."""
    return sorted(pins().keys() - {_same(each["name"]) for each in told})


def what_is_not_known(told: list[dict[str, Any]], today: date) -> list[str]:
    """A sentence if packages were not looked up, unless a machine that could has done so lately; printed at once in any case."""
    missing = not_asked(told)
    if not missing:
        print(f"Audited {len(told)} packages.")
        return []
    what = f"{len(missing)} of {len(pins())} packages" if told else "no advisory source could be asked"
    day, digest = last_asked()
    before = "never asked about these pins" if day is None or digest != digest_of_pins() else f"last asked about on {day}"
    print(f"Not audited: {what}; {before}.")
    if day is not None and digest == digest_of_pins() and today - ASKED_HOLDS <= day <= today:
        return []
    where = f"Run bin/audit --keep where PyPI answers, and commit {ASKED.relative_to(ROOT)}."
    return [f"What faults of packages are published is not known: {what}; {before}. {where}"]


def last_asked() -> tuple[date | None, str]:
    """The day stored in asked.txt, and for which pins; None if never."""
    lines = [line for line in ASKED.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    day, _, digest = lines[-1].strip().partition(" ") if lines else ("", "", "")
    return _day(day), digest.strip()


def digest_of_pins() -> str:
    """Identifies this set of pins."""
    return hashlib.sha256("\n".join(f"{name}=={version}" for name, version in sorted(pins().items())).encode()).hexdigest()[:32]


def heading(path: Path) -> str:
    """The comment lines at the beginning of a file of ours."""
    return "".join(line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.startswith("#"))


def bill(tools: Path, *, validated: bool) -> None:
    """Write the bill of materials of this environment. Comparing it with the schema of CycloneDX takes almost all of the time; before a
    release it is done. That there is no bill is said, and is no fault of a package."""
    BILL.parent.mkdir(exist_ok=True)
    BILL.unlink(missing_ok=True)                               # one of yesterday would pass for today's
    command = [tools / "bin/cyclonedx-py", "environment", "--validate" if validated else "--no-validate", "--output-reproducible",
               "--of", "JSON", "-o", BILL, sys.executable]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except OSError:
        print("No bill of materials: its tool could not be installed.")
        return
    except subprocess.TimeoutExpired:
        print(f"No bill of materials: it was not written within {SECONDS} seconds.")
        return
    if done.returncode:
        print(f"No bill of materials: {done.stderr.strip().splitlines()[-1:] or 'no reason given'}")
        return
    count = len(json.loads(BILL.read_text(encoding="utf-8"))["components"])
    print(f"{count} components in {BILL.relative_to(ROOT)} (CycloneDX)")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _same(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
