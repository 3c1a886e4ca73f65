"""Commands that recount what the worker counts."""

import click

from web.commands.console import ready_app, shown_progress


@click.command()
@click.option("--recount", is_flag=True, help="Count every month again, not only those that are missing or may have changed.")
def figures(recount: bool) -> None:
    """Count the figures of the public transparency page; the worker does it each hour.

    What was open in past months cannot be counted any more and stays as it is.
    """
    from casework.figures.keeping import count_public_figures, recount_public_figures
    from web.clock import now
    from web.config import Config

    with ready_app(Config.from_environment(), "figures").app_context():
        number = (recount_public_figures if recount else count_public_figures)(now())
    click.echo(f"Counted {number} months." if number != 1 else "Counted 1 month.")


@click.command("step-times")
@click.option("--recount", is_flag=True, help="Count every month again, not only those that are missing or may have changed.")
def step_times(recount: bool) -> None:
    """Count how long the steps of the process took, for the page of bottlenecks; the worker does it each hour."""
    from web.clock import now
    from web.config import Config
    from workflows.bottlenecks.keeping import count_step_times, recount_step_times

    with ready_app(Config.from_environment(), "step-times").app_context():
        number = (recount_step_times if recount else count_step_times)(now())
    click.echo(f"Counted {number} months." if number != 1 else "Counted 1 month.")


@click.command("facts")
@click.option("--rebuild", is_flag=True, help="Make the facts of every case and the sums of every day anew, whatever is kept.")
def facts(rebuild: bool) -> None:
    """Make the facts the statistics are counted from: of cases in which something has happened; the worker does it all the time."""
    from casework.facts.daily import sum_up_days
    from casework.facts.keeping import keep_facts, rebuild_facts
    from web.clock import now
    from web.config import Config

    with ready_app(Config.from_environment(), "facts").app_context():
        with shown_progress("Cases") as cases:
            number = rebuild_facts(now(), told=cases) if rebuild else keep_facts(now())
        with shown_progress("Days") as days:
            sum_up_days(now(), told=days)
    click.echo(f"Made the facts of {number} cases." if number != 1 else "Made the facts of 1 case.")
