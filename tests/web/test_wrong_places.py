"""Every command where it cannot work: a mistyped folder, a database without tables, one that does not answer, a port that is taken.

Each says so in words, ends with another code than 0, and makes nothing.
"""
from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import environment_of
from tests.postgres import Cluster
from tests.web.command_line import Langbiang, free_port, surroundings
from web.cli import COMMANDS

PASSWORD = "mat khau dai va la"
CENTRE = ("--prefix", "DD", "--name-vi", "Trung tâm", "--name-en", "Centre")
OUT = "{out}"

WORDS: dict[str, tuple[str, ...]] = {
    "serve": (),
    "worker": (),
    "install": (*CENTRE, "--login", "admin", "--full-name", "Văn Mẫu", "--password", PASSWORD),
    "add-centre": (*CENTRE, "--reason", "Có trung tâm riêng"),
    "reset-second-factor": ("admin", "--reason", "Mất điện thoại"),
    "import-boundary": (__file__,),
    "base-map": ("show",),
    "verify": (),
    "backup": (OUT, "--keys", f"{OUT}-keys"),
    "backed-up": (),
    "health": (),
    "forgotten": ("--export", OUT),
    "move-files": (),
    "figures": (),
    "step-times": (),
    "facts": (),
    "schedules": (),
    "service-accounts": ("list",),
    "webhooks": ("list",),
    "export": ("cases", "--centre", "LD", "--out", OUT),
    "report": ("monthly", "--out", OUT),
    "keys": ("list",),
}
"""What is typed after each command that works on an installation that is there."""

BUCKET = {"LANGBIANG_S3_URL": "http://127.0.0.1:9", "LANGBIANG_S3_BUCKET": "tep", "LANGBIANG_S3_KEY": "k", "LANGBIANG_S3_SECRET": "s"}
MAKE = {"migrate", "demo", "restore"}
"""They make an installation, or fill one, wherever they are told to."""

OF_NO_INSTALLATION = {"check", "benchmark", "openapi"}


def test_the_walk_leaves_no_command_out() -> None:
    assert set(COMMANDS) == set(WORDS) | MAKE | OF_NO_INSTALLATION


def typed(command: str, out: Path) -> list[str]:
    return [command, *(word.replace(OUT, str(out)) for word in WORDS[command])]


def of(command: str, variables: dict[str, str]) -> dict[str, str]:
    """Files are moved to a bucket, which a command that finds no installation does not come to ask."""
    return variables | BUCKET if command == "move-files" else variables


def there(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@contextmanager
def nothing_made(folder: Path) -> Iterator[None]:
    before = there(folder)
    yield
    assert there(folder) == before


@pytest.fixture(scope="module")
def empty_on_postgres(postgres: Cluster) -> Iterator[str]:
    yield postgres.create("without_tables")
    postgres.drop("without_tables")


@pytest.fixture(scope="module")
def tables_on_postgres(postgres: Cluster, postgres_template: str) -> Iterator[str]:
    yield postgres.create("with_tables", template=postgres_template)
    postgres.drop("with_tables")


@pytest.mark.parametrize("command", WORDS)
class TestEveryCommand:
    @pytest.mark.exhaustive(but=2)
    def test_in_a_mistyped_folder_names_the_database_it_looked_for(self, langbiang: Langbiang, command: str, tmp_path: Path) -> None:
        mistyped = tmp_path / "langbaing"
        with nothing_made(tmp_path):
            done = langbiang(*typed(command, tmp_path / "out"), variables=of(command, {"LANGBIANG_DATA": str(mistyped)}))
        assert (done.returncode, done.stdout) == (2, "")
        assert f"There is no database {mistyped / 'langbiang.db'}" in done.stderr
        assert "Traceback" not in done.stderr

    def test_in_a_mistyped_folder_beside_a_server_names_the_folder(
        self, langbiang: Langbiang, command: str, tmp_path: Path, tables_on_postgres: str
    ) -> None:
        mistyped = tmp_path / "langbaing"
        with nothing_made(tmp_path):
            variables = {"LANGBIANG_DATA": str(mistyped), "LANGBIANG_DATABASE_URL": tables_on_postgres}
            done = langbiang(*typed(command, tmp_path / "out"), variables=of(command, variables))
        assert (done.returncode, done.stdout) == (2, "")
        assert f"There is no folder {mistyped}" in done.stderr
        assert "Traceback" not in done.stderr

    def test_without_tables_names_the_database_and_the_way_on(
        self, langbiang: Langbiang, command: str, tmp_path: Path, empty_on_postgres: str
    ) -> None:
        variables = {"LANGBIANG_DATA": str(tmp_path / "data"), "LANGBIANG_KEYRING": str(tmp_path / "keyring.json")}
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "langbiang.db").touch()
        on_sqlite = str(tmp_path / "data" / "langbiang.db")
        for address, named in (({}, on_sqlite), ({"LANGBIANG_DATABASE_URL": empty_on_postgres}, "without_tables at ")):
            with nothing_made(tmp_path):
                done = langbiang(*typed(command, tmp_path / "out"), variables=of(command, variables | address))
            assert (done.returncode, done.stdout) == (2, "")
            assert f"The database {named}" in done.stderr
            assert "has no tables" in done.stderr
            assert "Run `langbiang migrate` first." in done.stderr
            assert "Traceback" not in done.stderr

    def test_without_a_server_says_that_it_does_not_answer(self, langbiang: Langbiang, command: str, tmp_path: Path) -> None:
        variables = away(tmp_path)
        with nothing_made(tmp_path):
            done = langbiang(*typed(command, tmp_path / "out"), variables=of(command, variables))
        assert done.returncode == 1
        told = done.stdout if command == "health" else done.stderr
        assert "The PostgreSQL database langbiang at 127.0.0.1:9 does not answer" in told
        assert "mật-khẩu" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def away(folder: Path) -> dict[str, str]:
    """An installation whose server is down, or was mistyped."""
    return environment_of(folder / "installation", "postgresql://app:mật-khẩu@127.0.0.1:9/langbiang?connect_timeout=3")


def test_health_says_in_vietnamese_too_that_the_database_does_not_answer(langbiang: Langbiang, tmp_path: Path) -> None:
    done = langbiang("health", "--language", "vi", variables=away(tmp_path))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("NGUY   Cơ sở dữ liệu PostgreSQL langbiang tại 127.0.0.1:9 không trả lời")


@pytest.mark.parametrize("command", ["migrate", "restore"])
def test_what_makes_an_installation_makes_none_without_a_server(
    langbiang: Langbiang, command: str, tmp_path: Path, sqlite_environment: dict[str, str]
) -> None:
    words = [command]
    if command == "restore":
        assert langbiang("backup", tmp_path / "backup", variables=sqlite_environment).returncode == 1  # it has no keys, and so no seal
        words += [str(tmp_path / "backup"), "--unproven"]
    (tmp_path / "elsewhere").mkdir()
    with nothing_made(tmp_path / "elsewhere"):
        variables = {**away(tmp_path), "LANGBIANG_DATA": str(tmp_path / "elsewhere" / "data")}
        done = langbiang(*words, variables=variables)
    assert done.returncode == 1
    assert "at 127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["migrate", "restore", "demo"])
def test_a_folder_that_cannot_be_made_is_one_sentence(
    langbiang: Langbiang, command: str, tmp_path: Path, sqlite_environment: dict[str, str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    data = str(tmp_path / "file" / "data")
    words = [command]
    if command == "restore":
        langbiang("backup", tmp_path / "backup", variables=sqlite_environment)
        words += [str(tmp_path / "backup"), "--unproven"]
    if command == "demo":
        words += ["--data", data, "--port", str(free_port())]
    done = langbiang(*words, variables={"LANGBIANG_DATA": data})
    assert done.returncode == 2
    assert f"The folder {data} cannot be made: Not a directory." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_taken_port_is_one_sentence_and_touches_nothing(
    langbiang: Langbiang, processes: str, tmp_path: Path, sqlite_environment: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, nothing_made(tmp_path):
        port = str(taken.getsockname()[1])
        done = langbiang("serve", variables=sqlite_environment | {"LANGBIANG_PORT": port, "LANGBIANG_PROCESSES": processes})
    assert (done.returncode, done.stdout) == (2, "")
    assert f"The port {port} of 127.0.0.1 is taken" in done.stderr
    assert "LANGBIANG_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demonstration_is_not_built_for_a_taken_port(langbiang: Langbiang, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, nothing_made(tmp_path):
        port = str(taken.getsockname()[1])
        done = langbiang("demo", "--port", port, "--data", tmp_path / "demo", variables={})
    assert (done.returncode, done.stdout) == (2, "")
    assert f"The port {port} of 127.0.0.1 is taken" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_of_another_machine_is_one_sentence(langbiang: Langbiang, sqlite_environment: dict[str, str]) -> None:
    elsewhere = {"LANGBIANG_HOST": "192.0.2.1", "LANGBIANG_BASE_URL": "https://phananh.example.vn"}
    done = langbiang("serve", variables=sqlite_environment | elsewhere)
    assert done.returncode == 2
    assert "LANGBIANG_HOST" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("name", ["web.serving.gunicorn_config", "web.gunicorn_config"], ids=["now", "before 0.9.3"])
def test_a_server_behind_gunicorn_makes_nothing_in_a_mistyped_folder(tmp_path: Path, name: str) -> None:
    mistyped = {"LANGBIANG_DATA": str(tmp_path / "langbaing"), "LANGBIANG_PROCESSES": "2", "LANGBIANG_PORT": str(free_port())}
    command = (sys.executable, "-m", "gunicorn", "--config", f"python:{name}", "wsgi:application")
    with nothing_made(tmp_path):
        done = subprocess.run(command, env=surroundings(mistyped), cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert f"There is no database {tmp_path / 'langbaing' / 'langbiang.db'}" in done.stderr
    assert "Traceback" not in done.stderr
