"""The command `langbiang`, outside every package: it looks whose package `web` comes first before anything of it is imported.

web.py on PyPI owns the same name. Where it hides ours there is no `web.cli` that could say so.
"""

import gc
import sys
from importlib.util import find_spec
from pathlib import Path

REFUSED = 2

COLLECTED_AFTER = (50_000, 20, 100)
"""New objects, and rounds, after which the collector looks for cycles; web/serving/gunicorn_config.py has the same."""


def main() -> None:
    """Run the command line, if the pages are our own."""
    where = _place_of_web()
    if where != Path(__file__).resolve().parent / "web" or not (where / "cli.py").is_file():
        print(
            f"The Python package `web` in {where} belongs to another distribution, perhaps web.py, and hides the pages of Langbiang. "
            "Install Langbiang into an environment of its own, and keep PYTHONPATH empty.",
            file=sys.stderr,
        )
        raise SystemExit(REFUSED)
    # what a thousand modules make while they are read in stays: to look through it six hundred times took a fifth of every start
    gc.set_threshold(*COLLECTED_AFTER)
    from web.cli import main as commands

    commands()


def _place_of_web() -> Path | None:
    found = find_spec("web")
    return Path(found.origin).resolve().parent if found and found.origin else None
