"""What modules of these tests share."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import environment_of
from tests.postgres import Cluster
from tests.whole import WHOLE
from web.config import Config


@pytest.fixture(scope="module", params=["sqlite", "postgres"] if WHOLE else ["sqlite"])
def one_for_all(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """An installation all tests of a module share, for those that mostly look; in a whole run they look at one on PostgreSQL, too."""
    folder = tmp_path_factory.mktemp("one-for-all")
    if request.param == "sqlite":
        variables = environment_of(folder)
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copyfile(template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
        yield Config.from_environment(variables)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = folder.name.replace("-", "_")
    yield Config.from_environment(environment_of(folder, cluster.create(name, template=request.getfixturevalue("postgres_template"))))
    cluster.drop(name)
