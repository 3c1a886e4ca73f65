"""A mail server and a gateway for all tests here, each emptied before it is used again."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.outside import Outside, running


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with running("mail", tmp_path_factory.mktemp("outside") / "mail") as server:
        yield server


@pytest.fixture(scope="session")
def gateway_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with running("gateway", tmp_path_factory.mktemp("outside") / "gateway") as server:
        yield server


@pytest.fixture
def mail(mail_server: Outside) -> Outside:
    mail_server.forget()
    return mail_server


@pytest.fixture
def gateway(gateway_server: Outside) -> Outside:
    gateway_server.forget()
    return gateway_server
