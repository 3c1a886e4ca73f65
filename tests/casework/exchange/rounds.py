"""A worker of one installation that does nothing but exchange documents, round after round, until it is killed.

Its clock goes on by more than a lease at each round, so that what a killed one had claimed is taken up again at once.
"""
from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from casework.exchange.outgoing import LEASE
from web import create_app
from web.jobs.documents_exchanged import exchange_documents


def main(rounds: int) -> None:
    """So many rounds, or for ever where none are named. Says “ready” before the first."""
    app = create_app(runs_jobs=True)
    at = datetime.now(UTC)
    with app.app_context():
        print("ready", flush=True)
        done = 0
        while not rounds or done < rounds:
            at += LEASE + timedelta(seconds=1)
            exchange_documents(app, at)
            done += 1


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
