"""The guides, typed line by line on a fresh machine: docs/install.md, then docs/upgrade.md from the release before and back again.

A citizen's report is filed through nginx before, and read after each change; no log of nginx may name who came. The Dockerfile is carried
out instruction by instruction on machines of its own.
"""
from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import yaml

from tests.soak.guides import FOLDER_OF_RELEASE, INDENTED, console, guide, release_before, sections, unpack
from tests.soak.machine import ROOT, SUITE, Machine, Shell, git, last_lines, stop
from tests.soak.runs import RESULTS, Options, Round, Run
from tests.soak.visitors import (
    NAME,
    TYPED,
    VISITOR,
    GuideWrong,
    browser,
    file_report,
    follow,
    people_come_in_every_way,
    sign_in,
    wait_until_ready,
)

PRISTINE, INSTALLED, UPGRADED, BUILT, SHIPPED = (Machine(RESULTS / f"install-{name}") for name in
                                                 ("pristine", "installed", "upgraded", "built", "shipped"))
EXTRAS = "media,s3,gunicorn"
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


def nobody_is_in_the_logs_of_nginx(machine: Machine) -> None:
    """Neither whole addresses nor what was typed into a search, in any file. Raises GuideWrong."""
    for folder in ("var/log/langbiang-nginx", "var/log/nginx"):
        for file in sorted((machine.root / folder).iterdir()):
            text = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode("utf-8", "replace")
            if found := [word for word in (VISITOR, TYPED) if word in text]:
                raise GuideWrong(f"{found} stands in /{folder}/{file.name}")


def logs_turn_over(shell: Shell, machine: Machine) -> None:
    """As every night, with all that is turned over on the machine; nginx goes on in a new file. Raises GuideWrong."""
    printed = shell.type("logrotate --force --verbose /etc/logrotate.conf 2>&1")
    if "error:" in printed:
        raise GuideWrong("logrotate: " + "; ".join(line for line in printed.splitlines() if "error:" in line))
    with browser() as client:
        client.get("/track")
    folder = machine.root / "var/log/langbiang-nginx"
    before, after = ((folder / name).read_text(encoding="utf-8") for name in ("requests.log.1", "requests.log"))
    if "/sign-in" not in before or " 127.0.0.0 " not in before or "127.0.0.1" in before or '"GET /track"' not in after:
        raise GuideWrong("the log of nginx does not say what it should")


def figures_are_for_who_has_the_token(shell: Shell, machine: Machine) -> None:
    """Through nginx, by the lines of docs/operations.md; they know when the certificate ends. Raises GuideWrong."""
    [lines] = [block for block in guide("operations.md", "Watching") if "metrics_token" in block]
    shell.type(lines)
    token = (machine.root / "etc/langbiang/keys/metrics_token").read_text().strip()
    with browser() as client:
        wait_until_ready()
        statuses = [client.get("/metrics", headers={"Authorization": f"Bearer {given}"} if given else {}).status_code
                    for given in ("", token[1:], token)]
        if statuses != [404, 404, 200]:
            raise GuideWrong(f"/metrics without a token, with another and with its own: {statuses}")
        figures = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
    ends = re.search(r'^langbiang_certificate_end_timestamp_seconds\{name="tls"\} (\S+)$', figures, re.MULTILINE)
    if ends is None or not 89 <= (datetime.fromtimestamp(float(ends.group(1)), UTC) - datetime.now(UTC)).days <= 90:
        raise GuideWrong("the program does not know when the certificate ends")
    shell.type("runuser -u langbiang -- test ! -r /etc/langbiang/tls/privkey.pem")
    shell.type("langbiang health > /root/health || true; test -s /root/health")
    if "chứng thư" in (said := (machine.root / "root/health").read_text(encoding="utf-8").lower()) or "certificate" in said:
        raise GuideWrong(f"langbiang health finds something wrong with the certificate: {said}")


def gunicorn_takes_over(shell: Shell, machine: Machine) -> None:
    """An extra is added later, by step 3 again, and gunicorn serves in place of the server. Raises GuideWrong."""
    shell.type(f"echo {EXTRAS} > /etc/langbiang/extras")
    for block in guide("install.md", "3. The program"):
        shell.type(block)
    [text] = sections("install.md", "With gunicorn")
    shell.type("\n".join(INDENTED.findall(text)))
    wait_until_ready()
    shell.type("grep --quiet gunicorn /proc/$(cat /run/units/langbiang-server.service.pid)/cmdline")
    sign_in()
    if len(list((machine.root / "var/lib/langbiang/metrics/8080").glob("counter_*.db"))) < 1:
        raise GuideWrong("the processes of gunicorn do not count together")


def nginx_of_the_containers(shell: Shell, machine: Machine) -> None:
    """What the service `web` of compose.yaml makes of the configuration is one nginx takes, with its logs to standard output."""
    web = yaml.safe_load((ROOT / "deploy/container/compose.yaml").read_text(encoding="utf-8"))["services"]["web"]
    words = web["command"][2].replace("$$", "$").replace('exec nginx -g "daemon off;"', "nginx -t")
    template = next(mount.split(":")[1] for mount in web["volumes"] if mount.startswith("../nginx/langbiang.conf:"))
    there = machine.root / template.lstrip("/")
    there.parent.mkdir(parents=True)
    shutil.copy(ROOT / "deploy/nginx/langbiang.conf", there)
    shell.type("rm /etc/nginx/sites-enabled/langbiang; echo 127.0.0.1 server >> /etc/hosts")
    shell.type(f"ADDRESS=phananh.lacduong.example.vn sh -c {shlex.quote(words)}")
    made = (machine.root / "etc/nginx/conf.d/default.conf").read_text(encoding="utf-8")
    if "server_name phananh.lacduong.example.vn;" not in made or "access_log /dev/stdout langbiang;" not in made:
        raise GuideWrong("nginx of the containers has not what it should")


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
        people_come_in_every_way()
        logs_turn_over(shell, INSTALLED)
        figures_are_for_who_has_the_token(shell, INSTALLED)
        gunicorn_takes_over(shell, INSTALLED)
        shell.type("systemctl stop langbiang-server.service")
        with browser() as client:
            away = client.get("/", params={"q": TYPED})
        if away.status_code != 503 or "Retry-After" not in away.headers or "tạm ngừng" not in away.text:
            raise GuideWrong(f"with the program away nginx answers {away.status_code}")
        if " 503 " not in (last := last_lines(INSTALLED.root / "var/log/langbiang-nginx/requests.log", 1)[0]) or " 502 " not in last:
            raise GuideWrong(f"with the program away the log of requests does not say so: {last}")
        nobody_is_in_the_logs_of_nginx(INSTALLED)
        nginx_of_the_containers(shell, INSTALLED)
    return {"blocks": len(blocks), "seconds": seconds}


def upgrade() -> dict[str, Any]:
    """The release before, installed by the same guide; then this one by docs/upgrade.md, and back."""
    before = release_before()
    UPGRADED.copy_of(PRISTINE)
    unpack(UPGRADED, before, FOLDER_OF_RELEASE)
    unpack(UPGRADED, "HEAD", "/root/langbiang-new")
    if not (UPGRADED.root / "root/langbiang/deploy").exists():        # a release from before these files
        shutil.copytree(UPGRADED.root / "root/langbiang-new/deploy", UPGRADED.root / "root/langbiang/deploy")
        leave_out_what_it_does_not_know(UPGRADED)
    (UPGRADED.root / "root/place.py").write_text(A_PLACE_TO_REPORT, encoding="utf-8")
    with console(UPGRADED) as shell:
        for block in guide("install.md"):
            shell.type(block)
        shell.type(ADD_PLACE)
        first = file_report()
        follow(first)
        shell.type(f"echo {EXTRAS} > /etc/langbiang/extras; cd /root/langbiang-new")
        begun = time.monotonic()
        for block in guide("upgrade.md", "Upgrade"):
            shell.type(block)
        seconds = round(time.monotonic() - begun, 1)
        shell.type("/opt/langbiang/current/bin/python -c 'import av, gunicorn, minio'")
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


def leave_out_what_it_does_not_know(machine: Machine) -> None:
    """Of the settings of this release, those the release before would refuse to start with."""
    known = (machine.root / "root/langbiang/docs/settings.md").read_text(encoding="utf-8")
    place = machine.root / "root/langbiang/deploy/langbiang.env"
    lines = place.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("LANGBIANG_") or f"`{line.partition('=')[0]}`" in known]
    place.write_text("".join(kept), encoding="utf-8")


def container() -> dict[str, Any]:
    """The Dockerfile, instruction by instruction; then what it starts, asked by its own check of health, a backup and a verification."""
    stages = list(stages_of((ROOT / "deploy/container/Dockerfile").read_text(encoding="utf-8")))
    machines = dict(zip(("build", ""), (BUILT, SHIPPED), strict=True))
    settings: dict[str, str] = {}
    given: list[str] = []
    command, health = [], []
    for (_, instructions), machine in zip(stages, machines.values(), strict=True):
        machine.copy_of(PRISTINE)
        for word, rest in instructions:
            if word == "RUN":
                carry_out(machine, ["env", *given, "sh", "-c", rest])
            elif word == "ARG":
                given.append(rest)
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
    healthy_after = round(time.monotonic() - begun, 1)
    services = yaml.safe_load((ROOT / "deploy/container/compose.yaml").read_text(encoding="utf-8"))["services"]
    for name in ("backup", "verify"):
        carry_out(SHIPPED, [*as_account, *services[name]["command"]])
    carry_out(SHIPPED, ["sh", "-c", "test -s /var/backups/langbiang/20*/manifest.json"])
    carry_out(SHIPPED, [*as_account, "python3", "-c", "import av, gunicorn, minio"])
    size = int(subprocess.run(["du", "-sm", SHIPPED.root / "opt/langbiang"], check=True, capture_output=True, text=True).stdout.split()[0])
    return {"healthy_after_seconds": healthy_after, "program_megabytes": size}


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
    """COPY from another stage, or of what .dockerignore leaves of the release."""
    if words[0].startswith("--from="):
        source = machines[words[0].removeprefix("--from=")].root / words[1].lstrip("/")
        subprocess.run(["cp", "--archive", source, machine.root / words[2].lstrip("/")], check=True)
    else:
        rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        unpack(machine, "HEAD", words[1], *[rule.removeprefix("!") for rule in rules if rule.startswith("!")])


def carry_out(machine: Machine, command: list[str]) -> None:
    log = RESULTS / f"{machine.root.name}.log"
    with log.open("ab") as output:
        process = machine.start(command, output, folder="/")                # as in a container
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
