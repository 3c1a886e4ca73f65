"""The subcommands of `langbiang keys` as the command line declares them (web.commands.keys_pages does the work)."""

from datetime import UTC, datetime

import click

from web.commands.console import finish, ready_app, say_error


@click.group()
def keys() -> None:
    """Exchange the keys of the installation for new ones, while people work (docs/operations.md, Keys)."""


@keys.command("list")
def list_keys() -> None:
    """Say what keys there are, and how much each seals."""
    from web.commands.keys_pages import key_lines
    from web.config import Config

    config = Config.from_environment()
    for line in key_lines(ready_app(config, "keys"), config):
        click.echo(line)


@keys.command()
@click.argument("name", type=click.Choice(["keyring", "secret_key", "anchor_key", "vapid_key"]))
@click.option("--aside", is_flag=True, help="Of the keyring: add the key and go on with the present one, until every machine has it.")
def rotate(name: str, aside: bool) -> None:
    """Make a new key in place of the present one."""
    from web.commands.keys_pages import rotate_key
    from web.config import Config

    config = Config.from_environment()
    for line in rotate_key(ready_app(config, "keys"), config, name, aside=aside, now=datetime.now(UTC)):
        click.echo(line)


@keys.command()
@click.argument("key_id")
def use(key_id: str) -> None:
    """Let new seals use a key that was added aside."""
    from casework.sealing.keyring import current_keyring
    from web.config import Config

    ready_app(Config.from_environment(), "keys")
    current_keyring().use(key_id)
    click.echo(f"New seals use the key {key_id}.")


@keys.command()
def reseal() -> None:
    """Seal everything anew that an old key seals. Stop and start it as you like: what is done is passed over."""
    from web.commands.keys_pages import reseal_all
    from web.config import Config

    done = reseal_all(ready_app(Config.from_environment(), "keys"))
    click.echo(f"Sealed {done.values} values and {done.files} files anew.")
    for place, count in sorted(done.closed.items()):
        say_error(f"{count} of {place} cannot be opened; langbiang verify says more.")
    finish(not done.closed)


@keys.command()
@click.argument("name", type=click.Choice(["keyring", "secret_key"]))
@click.argument("key_id", default="")
def retire(name: str, key_id: str) -> None:
    """Take an old key away; a sealing key by its KEY_ID, and only when it seals nothing any more."""
    from web.commands.keys_pages import retire_key
    from web.config import Config

    config = Config.from_environment()
    for line in retire_key(ready_app(config, "keys"), config, name, key_id):
        click.echo(line)
