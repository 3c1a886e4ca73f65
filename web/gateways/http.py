"""Handing one message to a gateway over HTTP and reading what it says."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from casework.messages.sending import NoAnswer, Unreachable
from web.config import is_loopback
from web.gateways.answers import CONNECT_SECONDS, READ_SECONDS

TIMEOUT = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)


def post_json(url: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> httpx.Response:
    """Send JSON and return the answer, redirects not followed. Raises Unreachable before anything was handed over, NoAnswer after."""
    try:
        with httpx.Client(timeout=TIMEOUT, trust_env=not is_loopback(urlsplit(url).hostname or "")) as client:
            return client.post(url, json=content, headers=dict(headers))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
        raise Unreachable(type(error).__name__) from error
    except httpx.HTTPError as error:
        raise NoAnswer(type(error).__name__) from error


def read_json(answer: httpx.Response) -> dict[str, Any]:
    """The object an answer holds; empty when it holds something else."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
