"""`/retrain`: a training run asked for in the chat, shown while it runs, and its report as a card with a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.chat.jobs import Job, Services
from bot.chat.notices import prefer_notices_in
from bot.chat.options import options_of
from bot.chat.training import Outcome
from bot.domain.commands import RETRAIN
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.lines import say
from bot.domain.messages import Picture
from bot.domain.releases import ReleaseState, Run, RunState
from bot.domain.training import Collected, Figure, TrainingProgress, TrainingReport
from bot.errors import PersonError, Refused

_BAR = 20
_LONGEST_SAMPLE = 300


async def retrain(job: Job, services: Services) -> Turn:
    """Do what the command asks; a run's progress is shown in the answer as it goes."""
    options = options_of(job.question, RETRAIN)
    await prefer_notices_in(job.place, job.asker, services)
    return await _ACTIONS[str(options.get("action", "start"))](job, services, str(options.get("recipe", "standard")))


async def _start(job: Job, services: Services, recipe: str) -> Turn:
    if (interrupted := await _begun_before(job, services)) is not None:
        raise PersonError("training.interrupted" if interrupted.state is RunState.FAILED else "training.ended_unseen")
    job.live.show(say("training.collecting", job.locale))
    running = asyncio.create_task(
        services.training.run(
            run_id=job.answer.id,
            asked_by=job.asker.key,
            recipe=recipe,
            on_progress=lambda progress: job.live.show(progress_text(progress, job.locale)),
        ),
        name=f"run {job.answer.id}",
    )
    try:
        outcome = await asyncio.shield(running)
    except asyncio.CancelledError:
        if not job.stopped:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise
        services.training.stop()
        outcome = await running
    return _answer(job, outcome, services)


async def _begun_before(job: Job, services: Services) -> Run | None:
    """The run that an earlier process began for this very answer: it is not begun a second time."""
    async with services.units.reading() as uow:
        return next((run for run in await uow.releases.runs() if run.id == job.answer.id), None)


def _answer(job: Job, outcome: Outcome, services: Services) -> Turn:
    pictures = pictures_of(outcome, services, job.locale)
    turn = replace(job.answer, pictures=pictures)
    status = TurnStatus.STOPPED if outcome.run.state is RunState.STOPPED else TurnStatus.COMPLETE
    return turn.ended(status, card(outcome, job.locale))


async def _dry_run(job: Job, services: Services, recipe: str) -> Turn:
    job.live.show(say("training.collecting", job.locale))
    collected = await services.training.collect()
    try:
        services.training.check_enough(collected)
        verdict = say("training.enough", job.locale)
    except Refused as refused:
        verdict = say(refused.line, job.locale, **refused.values)
    return job.answer.ended(TurnStatus.COMPLETE, f"{data_text(collected, job.locale)}\n\n{verdict}")


async def _status(job: Job, services: Services, recipe: str) -> Turn:
    current = services.training.current
    if current is not None:
        text = say("training.under_way", job.locale, by=current.run.asked_by)
        shown = progress_text(current.progress, job.locale) if current.progress else ""
        return job.answer.ended(TurnStatus.COMPLETE, f"{text}\n\n{shown}".strip())
    async with services.units.reading() as uow:
        runs = await uow.releases.runs(limit=5)
    rows = [_run_row(run, job.locale) for run in runs]
    return job.answer.ended(TurnStatus.COMPLETE, "\n".join(rows) or say("training.none", job.locale))


async def _stop(job: Job, services: Services, recipe: str) -> Turn:
    stopped = services.training.stop()
    return job.answer.ended(TurnStatus.COMPLETE, say("training.stopping" if stopped else "training.idle", job.locale))


_ACTIONS: Mapping[str, Callable[[Job, Services, str], Awaitable[Turn]]] = {
    "start": _start,
    "dry-run": _dry_run,
    "status": _status,
    "stop": _stop,
}


# --- words ----------------------------------------------------------------------------------------------------------


def progress_text(progress: TrainingProgress, locale: str) -> str:
    """A stage's bar, with the loss and the time left where they are known."""
    share = progress.done / progress.total if progress.total else 0.0
    bar = "█" * round(share * _BAR) + "░" * (_BAR - round(share * _BAR))
    facts = [say(f"stage.{progress.stage.value}", locale), f"{progress.done}/{progress.total}"]
    if progress.loss is not None:
        facts.append(say("training.loss", locale, loss=f"{progress.loss:.3f}"))
    if progress.seconds_left is not None:
        facts.append(say("training.left", locale, left=_duration(progress.seconds_left)))
    return f"{say('training.running', locale)}\n\n`{bar}` {share:.0%} · " + " · ".join(facts)


def card(outcome: Outcome, locale: str) -> str:
    """A run's report: the verdict first, then the figures with what they mean, the data, and samples side by side."""
    parts = [_verdict(outcome, locale)]
    if outcome.report is not None:
        parts.append(_figures(outcome.report, locale))
    parts.append(data_text(outcome.collected, locale))
    if outcome.report is not None and outcome.report.samples:
        parts.append(_samples(outcome.report, locale))
    return "\n\n".join(part for part in parts if part)


def pictures_of(outcome: Outcome, services: Services, locale: str) -> tuple[Picture, ...]:
    """The report's curves as a picture to show."""
    if outcome.report is None or not outcome.report.picture:
        return ()
    alt = say("training.picture", locale)
    return (Picture(services.new_id(), outcome.report.picture, alt, {"run": outcome.run.id}),)


def _verdict(outcome: Outcome, locale: str) -> str:
    if outcome.report is None or outcome.release is None:
        return say("training.was_stopped", locale)
    name = outcome.release.name
    if outcome.report.passed:
        candidate = outcome.release.state is ReleaseState.CANDIDATE
        return say("training.candidate" if candidate else "training.promoted", locale, name=name)
    reasons = [
        f"- {figure_line(f'gate.{gate}', outcome.report.figures.get(gate), locale)}" for gate in _gates(outcome.report)
    ]
    return "\n".join([say("training.rejected", locale), *reasons])


def _gates(report: TrainingReport) -> list[str]:
    return [gate.removeprefix("gate.") for gate in report.failed_gates]


def _figures(report: TrainingReport, locale: str) -> str:
    rows = [f"- {figure_line(f'figure.{name}', figure, locale, name)}" for name, figure in report.figures.items()]
    return "\n".join([say("training.figures", locale), *rows])


def figure_line(key: str, figure: Figure | None, locale: str, name: str = "") -> str:
    """The line of a figure or a gate, its value and interval as people read them."""
    if figure is None:
        return say(key, locale, value="", interval="")
    name = name or key.partition(".")[2]
    interval = ""
    if figure.low is not None and figure.high is not None:
        low, high = _number(name, figure.low), _number(name, figure.high)
        interval = say("training.interval", locale, low=low, high=high)
    return say(key, locale, value=_number(name, figure.value), interval=interval)


def _number(name: str, value: float) -> str:
    if name.startswith("ranking") or name.endswith("_share"):
        return f"{value:.0%}"
    return f"{value:.0f}" if name == "seconds" else f"{value:.3g}"


def data_text(collected: Collected, locale: str) -> str:
    """How much is used, and how much is not, by reason."""
    rows = [say("training.data", locale, ratings=collected.verdicts, examples=len(collected.examples))]
    rows += [
        f"- {say('training.dropped', locale, count=count, why=say(f'dropped.{reason}', locale))}"
        for reason, count in collected.dropped.items()
    ]
    return "\n".join(rows)


def _samples(report: TrainingReport, locale: str) -> str:
    before, after = say("training.before", locale), say("training.after", locale)
    rows = [
        f"> {_short(sample.prompt)}\n\n- **{before}:** {_short(sample.before)}\n- **{after}:** {_short(sample.after)}"
        for sample in report.samples[:3]
    ]
    return "\n\n".join([say("training.samples", locale), *rows])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SAMPLE else line[: _LONGEST_SAMPLE - 1] + "…"


def _run_row(run: Run, locale: str) -> str:
    state = say(f"run.{run.state.value}", locale)
    return say("training.row", locale, date=f"{run.started_at:%Y-%m-%d %H:%M}", state=state, used=run.used)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
