"""Fixtures: a fresh, migrated database of either kind for each test, and the application on it.

    environment   the LANGBIANG_* variables of a fresh installation, once per database (for tests that start processes)
    config, app   the same installation as Config, and as Flask app with its context pushed
    client        a test client of `app`; each request runs in a context of its own
    sqlite_environment, sqlite_config, sqlite_app, sqlite_client      the same for tests that need one database only
    postgres      the running cluster (tests.postgres.Cluster)
    elsewhere     another machine with nothing on it, of the same kind of database as `config`

Where nothing but the application is asked for, it is the one of tests.grounds, which all tests share one after the other; with
`environment` or `config` a test gets an application and a database that were nobody's before.
"""
from __future__ import annotations

import contextvars
import gc
import importlib.util
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Dialect, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.util import LRUCache

from casework.db import db, prepare_engine
from tests import roles_written  # noqa: F401  (watches what every route writes)
from tests.grounds import Ground, PostgresGround, SqliteGround
from tests.postgres import Cluster, PostgresMissing, server_version
from tests.whole import examples
from web.config import Config

SECRET = "only-for-tests-" + "x" * 32

on_sqlite = pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)
"""For a test whose subject has no statement of its own, in a module whose others run on both databases."""

_numbers = itertools.count(1)

# Compiled statements and mappings live as long as the process; looking through them for garbage again and again took an eighth of
# the time of the whole run.
gc.set_threshold(100_000, 50, 1000)

# How long an example takes is a matter of what else the machine does.
settings.register_profile("beside other work", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100))
settings.load_profile("beside other work")


def pytest_collection_finish() -> None:
    """What is there now stays for the whole run: the collector need not go through it."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Look for garbage once: pytest does so five times in a row as it ends, through all that a thousand tests have left in memory."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    try:
        return f"PostgreSQL server_version: {server_version()}"
    except PostgresMissing as missing:
        pytest.exit(str(missing), returncode=pytest.ExitCode.USAGE_ERROR)


def environment_of(folder: Path, database_url: str | None = None) -> dict[str, str]:
    """The variables of an installation whose data and keys lie in `folder`; without an address it uses SQLite there.

    What can be taken back is carried out at once, but where a test is about taking back (`tests.taking_back`).
    """
    variables = {"LANGBIANG_DATA": str(folder / "data"), "LANGBIANG_KEYRING": str(folder / "keys" / "keyring.json"),
                 "LANGBIANG_SECRET_KEY": SECRET, "LANGBIANG_TAKE_BACK_SECONDS": "0"}
    for each in (folder / "data", folder / "keys"):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    return variables | ({"LANGBIANG_DATABASE_URL": database_url} if database_url else {})


_migrated: list[bytes] = []
"""The file of a migrated SQLite database: the migrations run once for it, which takes as long as ten tests."""


def prepare_schema(config: Config) -> None:
    """Bring an empty database to the newest schema, by the migrations as an installation would."""
    path = Path(make_url(config.database_url).database or "")
    if config.is_sqlite and _migrated:
        assert not path.exists(), f"{path} is not empty"
        path.write_bytes(_migrated[0])
        return
    _migrate(config)
    if config.is_sqlite:
        assert not path.with_name("langbiang.db-wal").exists(), "it is still open: copying it would lose what is in the WAL"
        _migrated.append(path.read_bytes())


def _migrate(config: Config) -> None:
    if importlib.util.find_spec("migrations") is not None:
        import migrations

        migrations.upgrade(config.database_url)
        return
    with running(config):
        db.create_all()


_dialects: dict[str, Dialect] = {}
_compiled: LRUCache[Any, Any] = LRUCache(2000)


class CompiledTemplates(BytecodeCache):
    """Templates as code, kept for the whole run: each test has an application of its own, which would compile what it shows again."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        """What is folded into a template differs with the readers it is compiled for (web/http/folding.py)."""
        return super().get_bucket(environment, f"{name} for {getattr(environment, 'readers', None)}", filename, source)

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


_templates = CompiledTemplates()


def _prepare_sharing_statements(engine: Engine) -> None:
    """Each test has an engine of its own, and half of its time would go to compiling the statements of the one before again."""
    prepare_engine(engine)
    engine.dialect = _dialects.setdefault(engine.dialect.name, engine.dialect)
    engine.update_execution_options(compiled_cache=_compiled)


class RememberingHasher(PasswordHasher):
    """Hashes as the product does, and knows again what it has hashed or verified, and what was wrong: a run signs in more than a
    thousand times, by one password."""

    def __init__(self, like: PasswordHasher) -> None:
        super().__init__(like.time_cost, like.memory_cost, like.parallelism)
        self._is_right: dict[tuple[str | bytes, str | bytes], bool] = {}

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        made = super().hash(password, salt=salt)
        self._is_right[made, password] = True
        return made

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        if (hash, password) not in self._is_right:
            try:
                super().verify(hash, password)
            except VerifyMismatchError:
                self._is_right[hash, password] = False
                raise
            self._is_right[hash, password] = True
        if not self._is_right[hash, password]:
            raise VerifyMismatchError
        return True


def _made(config: Config) -> Flask:
    # Not above: pure tests shall not wait until all pages are imported.
    import web
    from web.accounts import password_rules as passwords

    if not isinstance(passwords.HASHER, RememberingHasher):
        passwords.HASHER = RememberingHasher(passwords.HASHER)
    # before the first statement: starting looks for the keys in use, which are a dozen of them
    with patch.object(web, "prepare_engine", _prepare_sharing_statements):
        app = web.create_app(config)
    app.jinja_env.bytecode_cache = _templates
    app.testing = True
    app.config["WTF_CSRF_ENABLED"] = False              # test_security switches it on again
    return app


@contextmanager
def running(config: Config) -> Iterator[Flask]:
    """An application with its context pushed; afterwards no connection is left open."""
    app = _made(config)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    config = Config.from_environment(environment_of(tmp_path_factory.mktemp("sqlite-template")))
    prepare_schema(config)
    return config.data / "langbiang.db"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The cluster of this test process (pytest-xdist: of this worker)."""
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated PostgreSQL database, to be copied."""
    url = postgres.create("langbiang_template")
    prepare_schema(Config.from_environment(environment_of(tmp_path_factory.mktemp("postgres-template"), url)))
    return "langbiang_template"


@pytest.fixture
def sqlite_environment(tmp_path: Path, sqlite_template: Path) -> dict[str, str]:
    variables = environment_of(tmp_path / "installation")
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    return variables


@pytest.fixture
def postgres_environment(tmp_path: Path, postgres: Cluster, postgres_template: str) -> Iterator[dict[str, str]]:
    name = f"test_{next(_numbers)}"
    yield environment_of(tmp_path / "installation", postgres.create(name, template=postgres_template))
    postgres.drop(name)


@pytest.fixture(scope="session")
def sqlite_ground(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Ground:
    return SqliteGround(tmp_path_factory.mktemp("sqlite-ground"), _made, sqlite_template, _dialects, _compiled)


@pytest.fixture(scope="session")
def postgres_ground(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster, postgres_template: str) -> Iterator[Ground]:
    ground = PostgresGround(tmp_path_factory.mktemp("postgres-ground"), _made, postgres, postgres_template, _dialects, _compiled)
    yield ground
    ground.close()


@pytest.fixture(params=["sqlite", "postgres"])
def kind_of_database(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def environment(request: pytest.FixtureRequest, kind_of_database: str) -> dict[str, str]:
    return request.getfixturevalue(f"{kind_of_database}_environment")


@pytest.fixture
def config(environment: dict[str, str]) -> Config:
    return Config.from_environment(environment)


@pytest.fixture
def elsewhere(config: Config, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Config]:
    """Another machine with nothing on it, of the same kind of database."""
    # Not above: pure tests shall not wait for it.
    from casework.sealing.keyring import current_keyring, use_keyring

    keyring = current_keyring()
    if config.is_sqlite:
        yield Config.from_environment(environment_of(tmp_path / "elsewhere"))
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        name = f"{make_url(config.database_url).database}_elsewhere"
        yield Config.from_environment(environment_of(tmp_path / "elsewhere", cluster.create(name)))
        cluster.drop(name)
    use_keyring(keyring)


@contextmanager
def _application(request: pytest.FixtureRequest, kind: str, config: str) -> Iterator[Flask]:
    asked = set(request.fixturenames)
    if asked & {"environment", f"{kind}_environment"}:
        with running(request.getfixturevalue(config)) as app:
            yield app
        return
    ground: Ground = request.getfixturevalue(f"{kind}_ground")
    # what parts of the program tell, and what they do once a test has replaced them, happens while the situation is built, or not at all
    remembering = not asked & {"caplog", "capsys", "capfd"}
    replaced = request.getfixturevalue("monkeypatch") if "monkeypatch" in asked else None
    folder = request.getfixturevalue("tmp_path") / "installation"
    with ground.standing(environment_of, folder, remembering=remembering, replaced=replaced) as app:
        yield app


@pytest.fixture
def app(request: pytest.FixtureRequest, kind_of_database: str) -> Iterator[Flask]:
    with _application(request, kind_of_database, "config") as app:
        yield app


@pytest.fixture
def sqlite_config(sqlite_environment: dict[str, str]) -> Config:
    return Config.from_environment(sqlite_environment)


@pytest.fixture
def sqlite_app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    with _application(request, "sqlite", "sqlite_config") as app:
        yield app


class SeparateClient(FlaskClient):
    """Runs each request in an empty context, as a server does: the test's own session and `g` (where Flask-Login keeps
    who is signed in) would otherwise be shared with every request. Afterwards the test reads what the request committed."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.rollback()
        try:
            return contextvars.Context().run(super().open, *args, **kwargs)
        finally:
            db.session.rollback()


def client_of(app: Flask) -> FlaskClient:
    """A new browser, so to say: with cookies of its own."""
    app.test_client_class = SeparateClient
    return app.test_client()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return client_of(app)


@pytest.fixture
def sqlite_client(sqlite_app: Flask) -> FlaskClient:
    return client_of(sqlite_app)
