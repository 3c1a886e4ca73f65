"""Posts one message to a gateway over HTTP and reads the response."""

import json
from collections.abc import Mapping
from typing import Any

from casework.messages.http_client import Answer, Door, NotReached, Unanswered
from casework.messages.sending import NoAnswer, Unreachable


def post_json(door: Door, url: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """Post JSON without following redirects. Raises Unreachable before anything was handed over, NoAnswer after."""
    try:
        body = json.dumps(content, ensure_ascii=False).encode()
        return door.call("POST", url, content=body, headers={"Content-Type": "application/json", **headers})
    except NotReached as failure:
        raise Unreachable(str(failure)) from failure
    except Unanswered as failure:
        raise NoAnswer(str(failure)) from failure


def read_json(answer: Answer) -> dict[str, Any]:
    """The object in a response; empty when it holds something else."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
