"""`/image`: words to pictures, kept as files in the data folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace

from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.domain.commands import IMAGE
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import Painted, PainterTraits, PaintProgress, PaintRequest, PaintStyle, Queued
from bot.domain.lines import is_chinese, say
from bot.domain.messages import OptionValue, Picture, RegenerateReply
from bot.errors import GenerationError, PainterMissing, Refused

# How people say that a picture is to move, or not; any other words are what it turns into.
_YES = frozenset({"yes", "y", "true", "on", "1", "是", "要", "好", "动", "动图"})
_NO = frozenset({"", "no", "n", "false", "off", "0", "否", "不", "不要"})

_SUFFIXES = {"image/png": "png", "image/gif": "gif"}


async def paint(job: Job, services: Services) -> Turn:
    """Draw what the command asks for; made again, with another seed."""
    request = request_of(job)
    if isinstance(job.ask, RegenerateReply):
        request = replace(request, seed=None)
    return await draw(job, services, request)


def request_of(job: Job) -> PaintRequest:
    """What the command asks for.

    Raises:
        Refused: an option is wrong, or two do not go together.
    """
    options = options_of(job.question, IMAGE)
    animate = str(options.get("animate", "")).strip()
    count, seed, size, steps = (_whole(options, name) for name in ("count", "seed", "size", "steps"))
    animated = animate.casefold() not in _NO
    if animated and count and count > 1:
        raise Refused("paint.one_at_a_time")
    return PaintRequest(
        job.answer.id,
        str(options["prompt"]),
        style=str(options.get("style", "")),
        negative=str(options.get("negative", "")),
        size=size,
        steps=steps,
        guidance=float(options["guidance"]) if "guidance" in options else None,
        seed=seed,
        count=count or 1,
        animated=animated,
        towards=animate if animated and animate.casefold() not in _YES else "",
    )


async def draw(job: Job, services: Services, request: PaintRequest) -> Turn:
    """Check the words, draw, and keep the pictures.

    Raises:
        Refused: the rules for pictures leave this out.
        PainterMissing: there is no painter.
        GenerationError: it could not be drawn.
    """
    if services.painter is None:
        raise PainterMissing
    services.policy.check(request.prompt, request.towards, request.style)
    painted = await _painted(request, job, services)
    pictures = await _keep(painted, request, services)
    turn = replace(job.answer, pictures=pictures, release=services.painter.health().release)
    return turn.ended(TurnStatus.COMPLETE, "", note_of(pictures, services.traits, job.locale))


async def _painted(request: PaintRequest, job: Job, services: Services) -> Painted:
    assert services.painter is not None
    await job.live.waiting(0)
    latest: bytes | None = None
    async with aclosing(services.painter.paint(request)) as events:
        async for event in events:
            match event:
                case Queued(position):
                    await job.live.waiting(position)
                case PaintProgress(done, total, preview):
                    # With every state, because platforms skip some.
                    latest = preview or latest
                    job.live.show("", say("paint.progress", job.locale, done=done, total=total), latest)
                case Painted():
                    return event
    raise GenerationError


async def _keep(painted: Painted, request: PaintRequest, services: Services) -> tuple[Picture, ...]:
    pictures = []
    for data, seed in zip(painted.images, painted.seeds, strict=True):
        picture_id = services.new_id()
        path = await services.files.keep(f"images/{picture_id}.{_SUFFIXES[painted.media_type]}", data)
        pictures.append(Picture(picture_id, path, _alt(request), {**painted.parameters, "seed": seed}))
    return tuple(pictures)


def _alt(request: PaintRequest) -> str:
    """What a picture shows, for those who cannot see it."""
    return ", ".join(part for part in (request.prompt, request.towards, request.style) if part)


def note_of(pictures: tuple[Picture, ...], traits: PainterTraits | None, locale: str) -> str:
    """How an answer's pictures were made, in words: by their parameters, as the painter gave them."""
    made = pictures[0].parameters
    style = str(made.get("style", ""))
    seeds = ", ".join(str(picture.parameters["seed"]) for picture in pictures)
    parts = [
        say("paint.varied", locale) if "strength" in made else "",
        say("paint.style", locale, style=style) if style else "",
        say("paint.without", locale, negative=made["negative"]) if "negative" in made else "",
        say("paint.seed" if len(pictures) == 1 else "paint.seeds", locale, seed=seeds, seeds=seeds),
        say("paint.steps", locale, steps=made["steps"]) if "steps" in made else "",
        say("paint.frames", locale, frames=made["frames"]) if "frames" in made else "",
    ]
    return "\n".join(filter(None, [" · ".join(filter(None, parts)), _unknown_style(style, traits, locale)]))


def _unknown_style(style: str, traits: PainterTraits | None, locale: str) -> str:
    """Said of a style that the painter was not trained on, where it says which ones it was."""
    known = traits.styles if traits else ()
    if not style or not known or any(style.strip().casefold() in _names(one) for one in known):
        return ""
    labels = ", ".join(one.zh if is_chinese(locale) else one.en for one in known)
    return say("paint.unknown_style", locale, style=style, styles=labels)


def _names(style: PaintStyle) -> frozenset[str]:
    """What a style may be called."""
    return frozenset({style.name.casefold(), style.en.casefold(), style.zh.casefold()})


def _whole(options: Mapping[str, OptionValue], name: str) -> int | None:
    return int(options[name]) if name in options else None
