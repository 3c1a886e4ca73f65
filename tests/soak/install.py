"""The guides, typed line by line on a fresh machine: docs/install.md, then docs/upgrade.md from the release before and back again.

A citizen's report is filed through nginx before, and read after each change. The Dockerfile is carried out instruction by instruction
on machines of its own.
"""
from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import ssl
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx
from lxml import html

from tests.soak.machine import ROOT, SUITE, Machine, Shell, git, stop
from tests.soak.runs import RESULTS, Options, Round, Run
from web.benchmark.pages import errors_on, filled

PRISTINE, INSTALLED, UPGRADED, BUILT, SHIPPED = (Machine(RESULTS / f"install-{name}") for name in
                                                 ("pristine", "installed", "upgraded", "built", "shipped"))
NAME = "phananh.example.vn"
LOGIN, PASSWORD = "admin", "chín con cá chép vượt vũ môn"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
WORDS = "Cây đổ chắn ngang đường vào thôn Đạ Nghịt."
FOLDER_OF_RELEASE = "/root/langbiang"
CHECKED_UNITS = "apt-get install -y --no-install-recommends systemd\nsystemd-analyze verify --man=no /etc/systemd/system/langbiang-*"
ADD_PLACE = """(set -a; . /etc/langbiang/langbiang.env; cd /
runuser -u langbiang -- /opt/langbiang/current/bin/python -c "$(cat /root/place.py)")"""
A_PLACE_TO_REPORT = """
from datetime import date
import web
from casework.db import db, unit_of_work
from casework.models import Area, Centre
from web.config import Config
with web.create_app(Config.from_environment()).app_context(), unit_of_work():
    centre = db.session.query(Centre).one()
    db.session.add(Area(centre_id=centre.id, level="commune", name_vi="Xã Lát", name_en="Lát Commune", folded_name="xa lat",
                        valid_from=date(2020, 1, 1)))
"""


class GuideWrong(Exception):
    """What the guide promises did not come about."""


def guide(name: str, *headings: str) -> Iterator[str]:
    """What is to be typed, block by block; of the sections that are named, or of all."""
    parts = HEADING.split((ROOT / "docs" / name).read_text(encoding="utf-8"))
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        if not headings or heading in headings:
            yield from BLOCK.findall(text)


def unpack(machine: Machine, commit: str, folder: str) -> None:
    """The release of a commit, as somebody unpacks it."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    there = machine.root / folder.lstrip("/")
    there.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(there, filter="data")


def release_before() -> str:
    """The last commit of the release before this one."""
    changed = git("log", "-1", "--format=%H", "-G^version = ", "--", "setup.cfg")
    return git("rev-parse", f"{changed}^")


@contextmanager
def console(machine: Machine) -> Iterator[Shell]:
    """Somebody at the machine, with the verbs of systemctl the guides use."""
    there = machine.root / "usr/local/sbin/systemctl"
    shutil.copy(ROOT / "tests/soak/systemctl.py", there)
    there.chmod(0o755)
    shell = Shell(machine, RESULTS / f"{machine.root.name}.log")
    try:
        shell.type(f"export ADMINISTRATOR_PASSWORD={shlex.quote(PASSWORD)}; cd {FOLDER_OF_RELEASE}")
        yield shell
    finally:
        shell.close()


class _Here(httpcore.SyncBackend):
    """Every name is this machine's."""

    def connect_tcp(self, host: str, port: int, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        return super().connect_tcp("127.0.0.1", port, *arguments, **options)


def browser() -> httpx.Client:
    """Somebody at the address of the installation, who trusts the certificate to begin with."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    transport = httpx.HTTPTransport(verify=context)
    transport._pool._network_backend = _Here()
    return httpx.Client(base_url=f"https://{NAME}", transport=transport, timeout=60, headers={"Accept-Language": "vi"})


def sent(client: httpx.Client, path: str, typed: dict[str, Any], act: str | None = None) -> httpx.Response:
    """A form of a page, filled and sent. Raises GuideWrong when the page comes back."""
    page = client.get(path)
    fields: dict[str, Any] = {}
    for name, value in filled(page.text, path, typed, act=act):
        fields.setdefault(name, []).append(value)
    answer = client.post(path, data=fields)
    if answer.status_code not in (302, 303):
        raise GuideWrong(f"POST {path}: {answer.status_code} {errors_on(answer.text)}")
    return answer


def file_report() -> dict[str, str]:
    """A citizen reports through nginx; returns the code and the secret of the receipt."""
    with browser() as client:
        page = client.get("/reports/new").text
        area = next(value for value in html.fromstring(page).xpath("//select[@name='area']/option/@value") if value)
        typed = {"words": WORDS, "area": area, "name": "Nguyễn Thị Thử", "phone": "0912345678", "consent": "y"}
        receipt = client.get(sent(client, "/reports/new", typed, "send").headers["Location"]).text
    page = html.fromstring(receipt)
    code, secret = re.search(r"\b[A-Z]{2,4}-\d{4}-\d{6}\b", page.text_content()), page.xpath("string(//*[@id='secret'])").strip()
    if not code or not secret:
        raise GuideWrong(f"no code and secret on the receipt: {' '.join(page.text_content().split())[:300]}")
    return {"code": code.group(), "secret": secret}


def follow(report: dict[str, str]) -> None:
    """The citizen opens their report by code and secret and reads their own words. Raises GuideWrong."""
    with browser() as client:
        location = sent(client, "/track", report).headers["Location"]
        if WORDS not in client.get(location).text:
            raise GuideWrong(f"the words of {report['code']} are not on its page")


def sign_in() -> None:
    """The administrator signs in and sees the settings. Raises GuideWrong."""
    with browser() as client:
        sent(client, "/sign-in", {"login": LOGIN, "password": PASSWORD})
        if client.get("/settings").status_code != 200:
            raise GuideWrong("the administrator does not see the settings")


def own_worker_works(machine: Machine) -> None:
    """The worker signs the heads of history on its first turn. Raises GuideWrong."""
    deadline = time.monotonic() + 60
    while not list((machine.root / "var/lib/langbiang/anchors").glob("*.json")):
        if time.monotonic() > deadline:
            raise GuideWrong("the worker has written no anchor within a minute")
        time.sleep(1)


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "machine", make_machine
    yield "install.md", install
    yield "upgrade.md and back", upgrade
    yield "container", container
    yield "put away", put_away


def make_machine() -> dict[str, Any]:
    PRISTINE.make()
    return {"suite": SUITE, "commit": git("rev-parse", "HEAD"), "uncommitted_left_out": len(git("status", "--porcelain").splitlines())}


def install() -> dict[str, Any]:
    """A fresh installation, by the guide alone."""
    INSTALLED.copy_of(PRISTINE)
    unpack(INSTALLED, "HEAD", FOLDER_OF_RELEASE)
    begun = time.monotonic()
    with console(INSTALLED) as shell:
        blocks = list(guide("install.md"))
        for block in blocks:
            shell.type(block)
        seconds = round(time.monotonic() - begun, 1)
        sign_in()
        own_worker_works(INSTALLED)
        shell.type(CHECKED_UNITS)
        shell.type("systemctl start langbiang-backup.service langbiang-verify.service; test -s /var/backups/langbiang/20*/manifest.json")
        shell.type("logrotate --force /etc/logrotate.d/langbiang")
        log = (INSTALLED.root / "var/log/nginx/langbiang.log.1").read_text(encoding="utf-8")
        if "/sign-in" not in log or " 127.0.0.0 " not in log or "127.0.0.1" in log:
            raise GuideWrong("the log of nginx does not say what it should")
        with browser() as client:
            for path in ("/metrics", "/readyz"):
                if client.get(path).status_code not in (200, 404):
                    raise GuideWrong(f"{path} does not answer on the machine itself")
        shell.type("systemctl stop langbiang-server.service")
        with browser() as client:
            away = client.get("/")
        if away.status_code != 503 or "Retry-After" not in away.headers or "tạm ngừng" not in away.text:
            raise GuideWrong(f"with the program away nginx answers {away.status_code}")
    return {"blocks": len(blocks), "seconds": seconds}


def upgrade() -> dict[str, Any]:
    """The release before, installed by the same guide; then this one by docs/upgrade.md, and back."""
    before = release_before()
    UPGRADED.copy_of(PRISTINE)
    unpack(UPGRADED, before, FOLDER_OF_RELEASE)
    unpack(UPGRADED, "HEAD", "/root/langbiang-new")
    if not (UPGRADED.root / "root/langbiang/deploy").exists():        # a release from before these files
        shutil.copytree(UPGRADED.root / "root/langbiang-new/deploy", UPGRADED.root / "root/langbiang/deploy")
    (UPGRADED.root / "root/place.py").write_text(A_PLACE_TO_REPORT, encoding="utf-8")
    with console(UPGRADED) as shell:
        for block in guide("install.md"):
            shell.type(block)
        shell.type(ADD_PLACE)
        first = file_report()
        follow(first)
        shell.type("cd /root/langbiang-new")
        begun = time.monotonic()
        for block in guide("upgrade.md", "Upgrade"):
            shell.type(block)
        seconds = round(time.monotonic() - begun, 1)
        follow(first)
        sign_in()
        second = file_report()
        follow(second)
        for block in guide("upgrade.md", "Back"):
            shell.type(block)
        follow(first)
        sign_in()
        try:
            follow(second)
        except GuideWrong:
            pass
        else:
            raise GuideWrong("what was filed after the upgrade is still there: nothing went back")
        shell.type("langbiang verify")
    return {"from": before[:10], "upgrade_seconds": seconds}


def container() -> dict[str, Any]:
    """The Dockerfile, instruction by instruction; then what it starts, asked by its own check of health."""
    stages = list(stages_of((ROOT / "deploy/container/Dockerfile").read_text(encoding="utf-8")))
    machines = dict(zip(("build", ""), (BUILT, SHIPPED), strict=True))
    settings: dict[str, str] = {}
    command, health = [], []
    for (_, instructions), machine in zip(stages, machines.values(), strict=True):
        machine.copy_of(PRISTINE)
        for word, rest in instructions:
            if word == "RUN":
                carry_out(machine, ["sh", "-c", rest])
            elif word == "COPY":
                copy(machine, machines, rest.split())
            elif word == "ENV":
                settings |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            elif word == "CMD":
                command = json.loads(rest)
            elif word == "HEALTHCHECK":
                health = json.loads(rest[rest.index("CMD") + 3:])
            elif word not in ("USER", "VOLUME", "EXPOSE", "STOPSIGNAL"):
                raise GuideWrong(f"{word} is not known here")
    variables = [f"{key}={value}" for key, value in (settings | {"LANGBIANG_BASE_URL": f"https://{NAME}"}).items()]
    as_account = ["runuser", "-u", "langbiang", "--", "env", *variables]
    script = f"""set -e
{shlex.join([*as_account, "langbiang", "migrate"])}
{shlex.join([*as_account, *command])} &
for turn in 1 2 3 4 5 6 7 8 9 10; do sleep 2; {shlex.join(["env", *variables, *health])} && exit 0; done
exit 1"""
    begun = time.monotonic()
    carry_out(SHIPPED, ["sh", "-c", script])
    size = int(subprocess.run(["du", "-sm", SHIPPED.root / "opt/langbiang"], check=True, capture_output=True, text=True).stdout.split()[0])
    return {"healthy_after_seconds": round(time.monotonic() - begun, 1), "program_megabytes": size}


def stages_of(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each stage of a Dockerfile: its name and its instructions."""
    stage: tuple[str, list[tuple[str, str]]] | None = None
    for line in re.sub(r"\\\n", " ", text).splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            if stage:
                yield stage
            stage = (rest.partition(" AS ")[2], [])
        elif stage and word and not word.startswith("#"):
            stage[1].append((word, rest))
    if stage:
        yield stage


def copy(machine: Machine, machines: dict[str, Machine], words: list[str]) -> None:
    """COPY from another stage, or of the release."""
    if words[0].startswith("--from="):
        source = machines[words[0].removeprefix("--from=")].root / words[1].lstrip("/")
        subprocess.run(["cp", "--archive", source, machine.root / words[2].lstrip("/")], check=True)
    else:
        unpack(machine, "HEAD", words[1])


def carry_out(machine: Machine, command: list[str]) -> None:
    log = RESULTS / f"{machine.root.name}.log"
    with log.open("ab") as output:
        process = machine.start(command, output)
        try:
            status = process.wait(1800)
        finally:
            stop(process)
    if status != 0:
        raise GuideWrong(f"{shlex.join(command)[:200]} ended with {status}, see {log}")


def put_away() -> dict[str, Any]:
    for machine in (PRISTINE, INSTALLED, UPGRADED, BUILT, SHIPPED):
        machine.put_away()
    return {}


RUN = Run("install", "docs/install.md, docs/upgrade.md and the Dockerfile, typed literally on fresh machines", 1, rounds)
