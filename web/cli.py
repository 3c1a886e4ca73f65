"""The command `langbiang`: lists the commands and imports the module of the one that is called (web/commands). Each reports in sentences
what it did; exit codes are 0, 1 when something is wrong, and 2 when it was called or set up wrongly."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import click

import casework
import web
from casework.errors import CaseworkError

FAILED, REFUSED = 1, 2

COMMANDS = {
    "serve": "server", "worker": "server", "demo": "server",
    "migrate": "setting_up", "install": "setting_up", "add-centre": "setting_up", "reset-second-factor": "setting_up",
    "check": "setting_up", "import-boundary": "setting_up", "base-map": "ground",
    "verify": "upkeep", "backup": "upkeep", "backed-up": "upkeep", "health": "upkeep", "restore": "upkeep", "forgotten": "upkeep",
    "move-files": "upkeep",
    "benchmark": "benchmark.measuring", "figures": "recounting", "step-times": "recounting", "facts": "recounting",
    "schedules": "exports", "export": "exports", "report": "reports", "keys": "keys",
    "service-accounts": "service_accounts", "openapi": "openapi", "webhooks": "webhooks",
}  # fmt: skip
"""Every command and its module; a name without a package is in web/commands."""


class Commands(click.Group):
    """A group whose commands end with one sentence instead of a traceback when they cannot run."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = COMMANDS[name]
        command: click.Command = getattr(import_module(module if "." in module else f"web.commands.{module}"), name.replace("-", "_"))
        return command

    def invoke(self, context: click.Context) -> Any:
        """Run the command; a refusal becomes its sentence and exit code."""
        from web.config import SettingRefused, StartRefused

        try:
            return super().invoke(context)
        except (SettingRefused, StartRefused) as refusal:
            click.echo(str(refusal), err=True)
            context.exit(REFUSED)
        except CaseworkError as refusal:
            click.echo(refusal.en, err=True)
            context.exit(FAILED)


def _say_version(context: click.Context, _option: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from web.watching.presence import program_version

        click.echo(f"langbiang {program_version()}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="Say which version this is.")
def commands() -> None:
    """Langbiang: case management for citizens' field reports.

    Settings are LANGBIANG_* environment variables; docs/settings.md lists them.
    """


def main() -> None:
    """Run the command line, unless the package `web` is somebody else's."""
    if (sentence := foreign_web()) is not None:
        click.echo(sentence, err=True)
        raise SystemExit(REFUSED)
    os.umask(0o077)  # database, log and files are readable by this account only, whatever the shell's umask
    commands()


def foreign_web() -> str | None:
    """A sentence when the package `web` belongs to another distribution (web.py on PyPI has the same name), None when it is ours.

    Installed into the same environment, it overwrites our files in the very same folder, so the location alone proves nothing.
    """
    ours = Path(casework.__file__).parent.parent / "web"
    where = Path(web.__file__ or "").parent
    if where == ours and hasattr(web, "create_app"):
        return None
    return (
        f"The Python package `web` in {where} belongs to another distribution, perhaps web.py, and hides the pages of Langbiang. "
        "Install Langbiang into an environment of its own."
    )
