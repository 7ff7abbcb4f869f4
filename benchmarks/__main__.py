"""`python -m benchmarks [COMMAND] [--json]`: measure, print a table, with --json one object on the last line."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import click
import structlog

from benchmarks import core as core_
from benchmarks import engine as engine_


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Measure Inkling on this machine. Without a command: everything."""
    # A time-out's SIGTERM ends a run as Ctrl-C does: with its processes and folders.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if context.invoked_subcommand is None:
        context.invoke(core)
        context.invoke(engine)


@main.command()
@click.option("--messages", default=400, show_default=True, help="Messages in each round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of each side, in turn.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def core(messages: int, rounds: int, as_json: bool) -> None:
    """What the core costs: storing, admission, prompting, showing and recording a message."""
    figures = asyncio.run(core_.measure(messages, rounds))
    for name, value in figures.items():
        click.echo(f"{name:28}{value:10.3f}  {core_.MEANING[name]}")
    if as_json:
        click.echo(json.dumps(figures))


@main.command()
@click.option("--quick", is_flag=True, help="Fewer rounds, in about two minutes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def adapters(quick: bool, as_json: bool) -> None:
    """Discord and Slack with an engine that answers at once, against the vendors' libraries' bare echo bots."""
    from benchmarks import adapters as adapters_

    measured = asyncio.run(adapters_.measure(adapters_.Plan.of(quick)))
    for line in adapters_.table(measured):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(measured))


@main.command()
@click.option("--quick", is_flag=True, help="A tenth of the messages.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def storm(quick: bool, as_json: bool) -> None:
    """Two thousand messages with redeliveries, dropped sockets, 429s and a kill -9 in the middle."""
    from benchmarks import storm as storm_

    results = asyncio.run(storm_.measure(200 if quick else 2000))
    for line in storm_.table(results):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(results))


@main.command()
@click.option(
    "--quick", is_flag=True, help="One round without the two slow rivals: 50 s on two quiet cores, 5 min without it."
)
@click.option("--threads", default=0, help="For each side; 0: one for each physical core.")
@click.option(
    "--openvino",
    "openvino_python",
    type=click.Path(exists=True),
    default=sys.executable,
    help="The interpreter that has openvino-genai and optimum.",
)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the figures: .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def engine(quick: bool, threads: int, openvino_python: str, plot: Path | None, as_json: bool) -> None:
    """Many conversations with one model: throughput, time to the first token, event-loop lag, load time."""
    measured = asyncio.run(engine_.measure(engine_.Plan.of(quick, threads, openvino_python)))
    for line in engine_.table(measured):
        click.echo(line)
    if plot is not None:
        from benchmarks.chart import draw

        draw(engine_.figures(measured), plot)
    if as_json:
        click.echo(json.dumps(engine_.figures(measured)))


@main.command()
@click.option("--requests", default=100_000, show_default=True, help="Short requests, half of them cancelled.")
@click.option("--dtype", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def soak(requests: int, dtype: str, as_json: bool) -> None:
    """What the engine's processes hold in memory after the first thousand requests, and after very many."""
    from benchmarks import soak as soak_

    soaked = asyncio.run(soak_.measure(requests, dtype, lambda line: click.echo(line, err=True)))
    for line in soak_.table(soaked):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(soaked.figures()))


@main.command()
@click.option("--quick", is_flag=True, help="One short round of each side, one niceness.")
@click.option("--threads", default=0, help="For each side and for the engine; 0: one for each physical core.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def tune(quick: bool, threads: int, as_json: bool) -> None:
    """A training run: seconds against TRL's trainers, and what answers pay while one is going."""
    from benchmarks import tune as tune_

    plan = tune_.Plan.of(quick, threads)
    found = tune_.figures(asyncio.run(tune_.measure(plan)), plan)
    for line in tune_.table(found, plan):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(found))


@main.command()
@click.option("--quick", is_flag=True, help='Fewer votes and the recipe "quick": sooner, and less sure.')
@click.option("--inverted", is_flag=True, help="Learn from votes turned round: must end refused.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def taste(quick: bool, inverted: bool, as_json: bool) -> None:
    """A team with a taste: how many answers it likes before and after /retrain, on questions it never voted on."""
    from benchmarks import taste as taste_

    plan = taste_.Plan.of(quick=quick, inverted=inverted)
    tasted = asyncio.run(taste_.measure(plan, lambda line: click.echo(line, err=True)))
    for line in taste_.table(tasted):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(taste_.figures(tasted)))


@main.command()
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder of held-out talks."
)
@click.option("--model", default="", help="Another model's folder; without it the bundled writer.")
@click.option("--quick", is_flag=True, help="40 pairs of each kind, and 200 messages instead of 1,000 and 10,000.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def summaries(data: Path | None, model: str, quick: bool, as_json: bool) -> None:
    """Summaries: quality on held-out talks (with --data), and seconds for long ones while 16 others chat."""
    from benchmarks import summaries as summaries_

    measured = asyncio.run(summaries_.measure(summaries_.Plan.of(data, model, quick)))
    for line in summaries_.table(measured):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(measured))


@main.command()
@click.option("--model", default="", help="Another pipeline's folder; without it the bundled painter.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of alone and at once.")
@click.option("--threads", default=0, help="For each of the two processes; 0: one for each physical core.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def painting(model: str, rounds: int, threads: int, as_json: bool) -> None:
    """Seconds for a picture, and how much text generation slows while one is drawn."""
    from benchmarks import painting as painting_
    from bot.settings import Settings

    engine = Settings.load({"IMAGE_MODEL": model}).engine
    if not engine.image_model:
        raise click.UsageError("There is no bundled painter here; name a pipeline by --model.")
    measured = asyncio.run(painting_.measure(rounds, engine.text_model, engine.image_model, threads))
    for line in painting_.table(measured):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(measured))


@main.command()
@click.option("--model", default="", help="Another model's folder; without it the bundled writer.")
@click.option("--quick", is_flag=True, help="Half of the requests.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def lengths(model: str, quick: bool, as_json: bool) -> None:
    """How often a draft is as long as somebody asked /write for, and how often the model's first draft is."""
    from benchmarks import lengths as lengths_

    measured = asyncio.run(lengths_.measure(lengths_.Plan.of(model, quick)))
    for line in lengths_.table(measured):
        click.echo(line)
    if as_json:
        click.echo(json.dumps(measured))


if __name__ == "__main__":
    main()
