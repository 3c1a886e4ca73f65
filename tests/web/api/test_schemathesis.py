"""Whatever is sent to whichever address, the answer is one OpenAPI names, and never a fault of ours."""
from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from sqlalchemy import select

from casework.db import db
from casework.models import Case
from tests.web.api.asked import BASE, House, assignment_of, opened
from tests.web.api.test_papers_and_figures import issued, written
from tests.web.api.test_photos import sent
from tests.web.inbox.test_late import LATE, late_cases
from tests.web.pages import at
from tests.webhooks import listening

pytestmark = pytest.mark.exhaustive

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SECONDS, EXAMPLES = 25, 12


def with_things(app: Flask) -> tuple[House, dict[str, str]]:
    """A house, and by the first part of their addresses the ref of something that its account may see."""
    house = opened(app)
    late_cases(house.world)
    at(app, LATE)
    letter = written(house)
    issued(house, letter)
    case = db.session.scalars(select(Case).where(Case.state == "handling").order_by(Case.id)).first()
    assert case is not None
    refs = {
        "cases": case.ref, "assignments": assignment_of(case).ref, "documents": letter, "photos": sent(house).json["ref"],
        "endpoints": listening(house.world, house.account, now=LATE).ref,
    }  # fmt: skip
    for part in ("cases", "assignments", "documents", "endpoints"):
        assert house.get(f"/{part}/{refs[part]}").status_code == 200, part
    return house, refs


def tried(
    house: House, refs: dict[str, str], *, seconds: float, examples: int, seed: int | None = None, key: str | None = None
) -> Counter[int]:
    """Try every operation until the time is over; returns how many requests were answered, by their status. Where a ref is asked for, every
    other one is of something that is there, and half of these name its mark, so that acts come to be judged by what they say."""
    schema = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", house.app)
    operations = [each.ok() for each in schema.get_all_operations()]
    asked, share, told = [0], seconds / len(operations), Counter[int]()
    until = [0.0]
    sent = {"Authorization": f"Bearer {key or house.key}", "Langbiang-On-Behalf-Of": house.world.people["officer_PTNMT"].ref}

    def one(case: Any) -> None:
        if time.monotonic() > until[0]:
            return
        asked[0] += 1
        if "ref" in (case.path_parameters or {}) and asked[0] % 2:
            thing = case.path.split("/")[1]
            case.path_parameters["ref"] = refs[thing]
            if "If-Match" in (case.headers or {}) and asked[0] % 4 == 1:
                case.headers["If-Match"] = house.get(f"/{thing}/{refs[thing]}", key=key).headers.get("ETag", "")
        told[case.call_and_validate(headers=sent, checks=CHECKS).status_code] += 1

    for operation in operations:
        until[0] = time.monotonic() + share
        run = settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate], derandomize=seed is None,
                       suppress_health_check=list(HealthCheck))(given(operation.as_strategy())(one))  # fmt: skip
        (run if seed is None else with_seed(seed)(run))()
    return told


def test_no_request_is_answered_otherwise_than_openapi_says(sqlite_app: Flask) -> None:
    house, refs = with_things(sqlite_app)
    assert tried(house, refs, seconds=SECONDS, examples=EXAMPLES).total() > 0
