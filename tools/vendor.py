"""Files of others that the product carries: check that they are what VENDOR.json says, or fetch them again.

    python tools/vendor.py --check     every file is listed with its SHA-256, every listed file is there; needs neither Node nor network
    python tools/vendor.py --fetch     get every package of npm and PyPI again, verify it, put its files in place; needs npm and pip
    python tools/vendor.py --record    after a deliberate change of versions or files: write the hashes found, and the notices
    python tools/vendor.py --derive    make what the studio's editor loads of its parts again, see tools/studio_files.py; needs npm
"""
from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT / "web/static/vendor", ROOT / "reports/fonts", ROOT / "casework/centerface", ROOT / "tests/vendor")
LIST = FOLDERS[0] / "VENDOR.json"
NOTICES = FOLDERS[0] / "NOTICES.txt"
SPRITE_PARTS = re.compile(r"<svg[^>]*>\s*(?:<path stroke=\"none\" d=\"M0 0h24v24H0z\" fill=\"none\" />)?(.*)</svg>", re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    act = parser.add_mutually_exclusive_group(required=True)
    for name in ("check", "fetch", "record", "derive"):
        act.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    listed = json.loads(LIST.read_text(encoding="utf-8"))
    if chosen.fetch:
        for package in listed["packages"]:
            fetch(package)
    if chosen.derive:
        from studio_files import derive

        derive()
    if chosen.record or chosen.derive:
        record(listed)
    from studio_files import faults as faults_of_studio

    faults = [*find_faults(listed), *faults_of_studio()]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(listed['packages'])} vendored packages, {sum(len(p['files']) for p in listed['packages'])} files, {len(faults)} faults")
    return 1 if faults else 0


def find_faults(listed: dict[str, Any]) -> Iterator[str]:
    """One sentence for every file that is missing, changed or unknown."""
    expected = {file["path"]: file["sha256"] for package in listed["packages"] for file in package["files"]}
    for path, digest in expected.items():
        if not (ROOT / path).is_file():
            yield f"{path} is missing"
        elif sha256(ROOT / path) != digest:
            yield f"{path} is not the file that VENDOR.json lists"
    for folder in FOLDERS:
        for file in (f for f in folder.rglob("*") if f.is_file() and f not in (LIST, NOTICES)):
            if file.relative_to(ROOT).as_posix() not in expected:
                yield f"{file.relative_to(ROOT)} is not listed in VENDOR.json"
    if not NOTICES.is_file() or NOTICES.read_text(encoding="utf-8") != notices(listed):
        yield f"{NOTICES.relative_to(ROOT)} is not what the licences listed make"


def fetch(package: dict[str, Any]) -> None:
    """Put the files of one package in place. Those without `from` or `icons` are stored here only: derived, or from an operating system."""
    files = [file for file in package["files"] if "from" in file or "icons" in file]
    if not files:
        return
    print(f"Fetching {package['name']} {package['version']}")
    with tempfile.TemporaryDirectory() as folder:
        archive = download(package, Path(folder))
        for file in files:
            path = ROOT / file["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sprite(archive, file["icons"]) if "icons" in file else contents(archive, file["from"]))


def download(package: dict[str, Any], folder: Path) -> Path:
    """The package's archive; raises SystemExit if it is not the vendored one."""
    name, version = package["name"], package["version"]
    if package["origin"] == "npm":
        command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
    else:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{name}=={version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = next(folder.iterdir())
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package["integrity"]:
        raise SystemExit(f"{name} {version} is {found}, not {package['integrity']}")
    return archive


def contents(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as whl:
            return whl.read(member)
    with tarfile.open(archive) as tar:
        file = tar.extractfile(member)
        assert file is not None, member
        return file.read()


def sprite(archive: Path, names: list[str]) -> bytes:
    """The named outline icons as symbols of one SVG file."""
    symbols = []
    with tarfile.open(archive) as tar:
        for name in sorted(names):
            file = tar.extractfile(f"package/icons/outline/{name}.svg")
            parts = SPRITE_PARTS.search(file.read().decode()) if file else None
            assert parts is not None, name
            paths = " ".join(parts.group(1).split())
            symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{paths}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def record(listed: dict[str, Any]) -> None:
    for package in listed["packages"]:
        for file in package["files"]:
            file["sha256"] = sha256(ROOT / file["path"])
    LIST.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    NOTICES.write_text(notices(listed), encoding="utf-8")


def notices(listed: dict[str, Any]) -> str:
    """The licence texts, each with what it covers; shipped, as the licences require. Entries `for_tests` are not shipped."""
    parts = ["Langbiang carries files of other projects. They stay under their own licences, which follow.\n"]
    for package in (each for each in listed["packages"] if not each.get("for_tests")):
        text = (ROOT / package["licence_file"]).read_text(encoding="utf-8").strip()
        note = f"\n{package['note']}" if "note" in package else ""
        parts.append(f"{'=' * 100}\n{package['name']} {package['version']}, {package['licence']}{note}\n{'=' * 100}\n\n{text}\n")
    return "\n".join(parts)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
