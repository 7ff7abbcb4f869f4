"""`python -m benchmarks core [--json]`: measure, print a table, and with --json one object on the last line."""

from __future__ import annotations

import asyncio
import json

import click

from benchmarks import core as core_


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Measure Inkling on this machine. Without a command: everything."""
    if context.invoked_subcommand is None:
        context.invoke(core)


@main.command()
@click.option("--messages", default=400, show_default=True, help="Messages in each round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of each side, in turn.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def core(messages: int = 400, rounds: int = 5, as_json: bool = False) -> None:
    """What the core costs: storing, admission, prompting, showing and recording a message."""
    figures = asyncio.run(core_.measure(messages, rounds))
    for name, value in figures.items():
        click.echo(f"{name:28}{value:10.3f}  {core_.MEANING[name]}")
    if as_json:
        click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
