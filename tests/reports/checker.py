"""The PDF/UA checker `outloud` over many files in one process, from the environment bin/test makes for it (bin/_environment.sh)."""
from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

PYTHON = Path(__file__).parent.parent.parent / "var" / "outloud" / "bin" / "python"
SCRIPT = """
import json, sys
from outloud import check
told = {}
for path in sys.argv[1:]:
    result = check(path)
    told[path] = [["error", result.error]] if result.error else [
        [each.severity, f"{each.rule} {each.message} {each.evidence or ''}".strip()] for each in result.findings]
print(json.dumps(told))
"""


def checked(files: Sequence[Path]) -> dict[Path, list[tuple[str, str]]]:
    """What it finds in each file: how grave, and the rule with its words."""
    if not PYTHON.exists():
        raise FileNotFoundError(f"{PYTHON} is missing: start bin/test once, it installs the checker")
    answer = subprocess.run([PYTHON, "-c", SCRIPT, *files], check=True, capture_output=True, text=True)
    return {Path(path): [(grave, words) for grave, words in found] for path, found in json.loads(answer.stdout.splitlines()[-1]).items()}
