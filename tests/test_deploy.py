"""The files of deploy/ say what the program understands; `bin/soak install` types the guides on a fresh machine."""
from __future__ import annotations

import re
import shlex
import subprocess
from configparser import RawConfigParser
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from casework.photos.records import MOST_PHOTOS
from tests.test_containers import DEPLOY, ours
from tests.test_packaging import ROOT, setup_cfg
from web.cli import COMMANDS
from web.config import Config
from web.http.security import FORM_SLACK_BYTES

UNITS = sorted((DEPLOY / "systemd").iterdir())
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
VARIABLES = {row.metadata["variable"] for row in fields(Config)}
EXTRAS = set(setup_cfg()["options.extras_require"]) - {"dev"}
LOGS = "/var/log/langbiang-nginx/"


def unit(path: Path) -> RawConfigParser:
    parser = RawConfigParser(strict=False, comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path, encoding="utf-8")
    return parser


def settings_in(path: Path) -> dict[str, str]:
    """Every setting of an environment file, those behind a comment sign as well."""
    lines = (line.lstrip("#") for line in path.read_text(encoding="utf-8").splitlines() if line.lstrip("#").startswith("LANGBIANG_"))
    return dict(" ".join(shlex.split(line)).split("=", 1) for line in lines)


def test_the_environment_file_is_one_the_program_reads() -> None:
    given = settings_in(DEPLOY / "langbiang.env")
    plain = {name: value for name, value in given.items() if not name.endswith("_FILE")}
    read = Config.from_environment({**plain, "LANGBIANG_SECRET_KEY": "x" * 40})
    assert read.is_secure
    assert not read.is_sqlite


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.name)
def test_a_service_runs_a_command_there_is(path: Path) -> None:
    words = shlex.split(unit(path)["Service"]["ExecStart"])
    if words[0].endswith("/bin/langbiang"):
        assert words[1] in COMMANDS
        words = words[2:]
    else:
        assert (DEPLOY / "sbin" / Path(words[0]).name).exists()
    assert unit(path)["Service"]["User"] == "langbiang"
    assert unit(path)["Service"]["NoNewPrivileges"] == "yes"


def test_gunicorn_takes_the_place_of_the_server_with_what_is_installed() -> None:
    [path] = (DEPLOY / "systemd/langbiang-server.service.d").iterdir()
    lines = re.findall(r"^ExecStart=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines[0] == "", "else systemd would have two"
    program, option, configuration, application = shlex.split(lines[1])
    assert (program, option) == ("/opt/langbiang/current/bin/gunicorn", "--config")
    assert find_spec(configuration.removeprefix("python:")) is not None
    assert application.partition(":")[0] in setup_cfg()["options"]["py_modules"].split()


@pytest.mark.parametrize("path", [path for path in UNITS if path.suffix == ".timer"], ids=lambda path: path.name)
def test_a_timer_starts_a_service_there_is(path: Path) -> None:
    assert path.with_suffix(".service") in UNITS


def test_nginx_lets_the_largest_report_pass_and_the_program_judge_it() -> None:
    said = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx/langbiang.conf").read_text(encoding="utf-8"))
    largest = Config.from_environment({"LANGBIANG_SECRET_KEY": "x" * 40}).max_photo_bytes * MOST_PHOTOS + FORM_SLACK_BYTES
    assert said is not None
    assert int(said.group(1)) * 2**20 > largest


@pytest.mark.parametrize("path", ["nginx/langbiang.conf", "cluster/nginx.conf"])
def test_nginx_bounds_what_one_address_asks_and_says_so_in_words(path: str) -> None:
    said = (DEPLOY / path).read_text(encoding="utf-8")
    zones = dict(re.findall(r"^ *limit_(conn|req)_zone \$binary_remote_addr zone=(\w+):", said, re.MULTILINE))
    everything = re.search(r"^ *location / \{\n(.*?)^ *\}", said, re.MULTILINE | re.DOTALL)
    assert everything is not None
    assert re.search(rf"limit_conn {zones['conn']} \d+;", everything[1])
    assert re.search(rf"limit_req zone={zones['req']} burst=\d+ nodelay;", everything[1])
    assert "error_page 429 @many;" in everything[1]
    assert re.search(r"location @many \{[^}]*return 429 '[^']*Vui lòng[^']*Please", said)


@pytest.mark.parametrize(("moment", "days"), [
    ("2026-11-28 03:00:00+07", ["2026-11-27", "2026-11-28"]), ("2026-11-28 07:00:00+07", ["2026-11-28"]),
    ("2026-11-27T23:59:59+00:00", ["2026-11-27", "2026-11-28"])])  # fmt: skip
def test_the_way_back_copies_every_day_the_bucket_lost_something_in_since_the_moment(moment: str, days: list[str], tmp_path: Path) -> None:
    """The copy names days as the guide reads them, whatever the zone of the machine or of the moment."""
    saves = (DEPLOY / "cluster/langbiang-save-bucket").read_text(encoding="utf-8")
    assert 'gone/$(date --utc +%F)"' in saves
    guide = (DEPLOY.parent / "docs/machines.md").read_text(encoding="utf-8")
    loop = re.search(r"^since=.*?^done$", guide, re.MULTILINE | re.DOTALL)
    assert loop is not None
    for day in ("2026-11-26", "2026-11-27", "2026-11-28"):
        (tmp_path / "gone" / day).mkdir(parents=True)
    lines = loop[0].replace("/srv/langbiang-files", str(tmp_path)).replace("rclone --config /etc/langbiang/rclone.conf", "echo")
    done = subprocess.run(["sh", "-euc", lines], env={"MOMENT": moment, "TZ": "Asia/Ho_Chi_Minh", "PATH": "/usr/bin:/bin"},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert re.findall(r"gone/(\S+)", done.stdout) == days


def test_nginx_writes_down_nothing_that_names_a_visitor() -> None:
    """At every level above `emerg` a line may have address, path and question of a request in it; the rehearsal looks for them."""
    servers = (DEPLOY / "nginx/langbiang.conf").read_text(encoding="utf-8").split("\nserver {")[1:]
    assert len(servers) == 2
    for server in servers:
        assert re.findall(r"^ *error_log (.*);", server, re.MULTILINE) == [f"{LOGS}errors.log emerg"]
        assert re.findall(r"^ *access_log (.*);", server, re.MULTILINE) in (["off"], [f"{LOGS}requests.log langbiang"])


def test_the_logs_of_nginx_are_turned_over_by_one_file_alone() -> None:
    """Debian's own names /var/log/nginx/*.log, and a log that two files name makes logrotate fail."""
    turned = re.findall(r"^(/\S+) \{", (DEPLOY / "nginx/logrotate").read_text(encoding="utf-8"), re.MULTILINE)
    assert turned == [f"{LOGS}*.log"]
    assert f"install -d -m 750 -o root -g www-data {LOGS.rstrip('/')}\n" in typed("install.md")


def test_prometheus_asks_by_https_with_a_token_and_nginx_lets_nothing_else_through() -> None:
    watching = yaml.safe_load((DEPLOY / "monitoring/prometheus.yml").read_text(encoding="utf-8"))
    [job] = watching["scrape_configs"]
    address = settings_in(DEPLOY / "langbiang.env")["LANGBIANG_BASE_URL"]
    [place] = [f"{job['scheme']}://{target}" for each in job["static_configs"] for target in each["targets"]]
    assert place == f"{address}:443"
    assert job["authorization"]["type"] == "Bearer"
    conf = (DEPLOY / "nginx/langbiang.conf").read_text(encoding="utf-8")
    said = conf.partition(f"location = {job['metrics_path']} {{")[2].partition("\n    }")[0]
    assert 'if ($http_authorization = "") { return 404; }' in said
    assert "proxy_set_header" not in said, "the program would take who comes through nginx for this machine"


def test_extras_are_chosen_once_and_there_are_such_extras() -> None:
    """An upgrade that forgot one would bring a program that refuses to start."""
    installed, upgraded = typed("install.md"), typed("upgrade.md")
    [default] = re.findall(r"\[ -e /etc/langbiang/extras \] \|\| echo (\S+) > /etc/langbiang/extras", installed)
    of_the_image = re.search(r"^ARG EXTRAS=(\S+)$", (DEPLOY / "container/Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert of_the_image is not None
    assert {*default.split(","), *of_the_image.group(1).split(",")} <= EXTRAS
    for text in (installed, upgraded):
        assert "extras=$(cat /etc/langbiang/extras)\n" in text
        [line] = [line for line in text.splitlines() if "bin/pip" in line]
        assert line.endswith('--constraint constraints.txt ".[$extras]"')
    for service in ours().values():
        assert service["build"]["args"] == {"EXTRAS": f"${{EXTRAS:-{of_the_image.group(1)}}}"}


def test_nobody_is_told_to_ask_the_public_index_for_this_program() -> None:
    """The name is nobody's there, or somebody else's."""
    files = [file for folder in ("docs", "web", "deploy") for file in (ROOT / folder).rglob("*")
             if file.suffix in (".md", ".py", ".html", ".po", ".yaml", ".yml", ".conf", "") and file.is_file()]  # fmt: skip
    assert len(files) > 300
    assert [str(file) for file in files if re.search(r"pip install\W+langbiang", file.read_text(encoding="utf-8"))] == []


def test_release_and_image_have_the_same_number() -> None:
    release = re.search(r"^version = (.+)$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    assert release is not None
    for name in ("Dockerfile", "compose.yaml"):
        assert set(re.findall(r"langbiang:(\d[\d.]*)", (DEPLOY / "container" / name).read_text(encoding="utf-8"))) == {release.group(1)}


def test_pgbouncer_tells_every_connection_what_the_program_cannot_tell_behind_it() -> None:
    pooler = RawConfigParser(comment_prefixes=";")
    pooler.read(DEPLOY / "cluster/pgbouncer.ini", encoding="utf-8")
    assert len(pooler["databases"]) == 2
    for name, entry in pooler["databases"].items():
        assert "connect_query='SET jit = off; SET plan_cache_mode = force_generic_plan'" in entry, name


def test_the_certificate_is_watched_and_its_key_is_not_for_the_program() -> None:
    said = typed("install.md")
    chain = settings_in(DEPLOY / "langbiang.env")["LANGBIANG_TLS_CERTIFICATE"]
    conf = (DEPLOY / "nginx/langbiang.conf").read_text(encoding="utf-8")
    assert re.findall(r"ssl_certificate +(.*);", conf) == [chain]
    assert f"install -d -m 755 {Path(chain).parent}\n" in said
    assert f"chmod 644 {chain}\n" in said
    assert re.findall(rf"chmod (\d+) {re.escape(re.findall(r'ssl_certificate_key +(.*);', conf)[0])}\n", said) == ["600"]


def typed(name: str) -> str:
    """What a guide tells to type on a machine."""
    return "\n".join(BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))) + "\n"


@pytest.mark.parametrize("name", ["install.md", "upgrade.md"])
def test_a_guide_names_files_and_commands_there_are(name: str) -> None:
    lines = typed(name) + "\n".join(INDENTED.findall((ROOT / "docs" / name).read_text(encoding="utf-8")))
    for path in re.findall(r"(?<![\w/.])deploy/[\w./*-]+", lines):
        assert list(ROOT.glob(path)), path
    for command in re.findall(r"(?:^| (?:server|worker|backup) )langbiang (\S+)", lines, re.MULTILINE):
        assert command in COMMANDS, command
    for service in re.findall(r"^langbiang-compose run --rm (?:-T )?(\w+)", lines, re.MULTILINE):
        assert service in ours(), service
