"""What the program is made of: every package pinned, installed so, its licence known, no fault of it published; a bill of materials.

    python tools/audit/check.py --packages              pins and licences; needs neither network nor other tools
    python tools/audit/check.py --tools var/audit       all of it: advisories by pip-audit, and the bill (CycloneDX) in var/sbom.cdx.json

Where no advisory source can be asked that is said, and is no fault of the program's.
"""
from __future__ import annotations

import argparse
import configparser
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CONSTRAINTS, ACCEPTED, BILL = ROOT / "constraints.txt", ROOT / "tools/audit/accepted.txt", ROOT / "var/sbom.cdx.json"
SECONDS = 240
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)")
KNOWN = re.compile(
    r"\b(MIT(-CMU)?|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|LGPL|Lesser General Public|ZPL|HPND|Unlicense|0BSD|"
    r"Zlib|Zope|OFL|Public Domain|CC0|BlueOak|UPL|W3C)\b",
    re.IGNORECASE,
)
"""Licences whose conditions the program keeps by being delivered as it is. The GPL and AGPL are not among them."""
WEAK = re.compile(r"\bLGPL|\bLesser General Public License", re.IGNORECASE)
STRONG = re.compile(r"\bA?GPL|General Public License", re.IGNORECASE)
READ_BY_HAND = {"axe-playwright-python": "MIT"}
"""Packages that say nothing of their licence where programs look; their files do."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", action="store_true")
    parser.add_argument("--tools", type=Path)
    chosen = parser.parse_args()
    faults = list(faults_of_packages())
    print(f"{len(pins())} packages pinned, {len(faults)} faults")
    if chosen.tools is not None:
        faults += advisories(chosen.tools)
        bill(chosen.tools)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def pins() -> dict[str, str]:
    """The version of each package, by its name as packages are compared."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return {_same(found[1]): found[2] for line in lines if (found := PIN.fullmatch(line.strip()))}


def faults_of_packages() -> Iterator[str]:
    """One sentence for each package that is not pinned, not installed as pinned, or whose licence is not known."""
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
    """The packages setup.cfg names, with all its extras, and whether it names one version."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"].values()
    lines = "\n".join([config["options"]["install_requires"], *extras]).splitlines()
    return {_same(re.split(r"[\[=<>; ]", line.strip(), maxsplit=1)[0]): "==" in line for line in lines if line.strip()}


def licence_of(found: Distribution) -> str:
    """What a package says of its licence: the expression, the classifiers, else the text."""
    told = found.metadata
    classifiers = [each.rpartition("::")[2] for each in told.get_all("Classifier") or () if each.startswith("License")]
    text = told.get("License-Expression") or " or ".join(classifiers) or (told.get("License") or "").strip()
    return text or READ_BY_HAND.get(_same(told["Name"]), "none given")


def advisories(tools: Path) -> list[str]:
    """Ask pip-audit, which asks PyPI, about every pin. What could not be asked is said and is no fault."""
    accepted = {line.split()[0] for line in ACCEPTED.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")}
    command = [tools / "bin/pip-audit", "--requirement", CONSTRAINTS, "--no-deps", "--disable-pip", "--vulnerability-service", "pypi",
               "--timeout", "5", "--format", "json", "--progress-spinner", "off"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        told = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        told = []
    asked = [each for each in told if "skip_reason" not in each]
    if not asked:
        print("Not audited: no advisory source could be asked.")
        return []
    print(f"Audited {len(asked)} of {len(pins())} packages.")
    return [f"{each['name']} {each['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
            for each in asked for fault in each["vulns"] if not accepted & {fault["id"], *fault["aliases"]}]  # fmt: skip


def bill(tools: Path) -> None:
    """Write the bill of materials of this environment."""
    BILL.parent.mkdir(exist_ok=True)
    command = [tools / "bin/cyclonedx-py", "environment", "--output-reproducible", "--of", "JSON", "-o", BILL, sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        print(f"No bill of materials: {done.stderr.strip().splitlines()[-1:] or 'no reason given'}")
        return
    count = len(json.loads(BILL.read_text(encoding="utf-8"))["components"])
    print(f"{count} components in {BILL.relative_to(ROOT)} (CycloneDX)")


def _same(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
