"""Which use case makes an answer: the one of its command, of what is done with another answer, or plain talk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.chat.digests import digest
from bot.chat.helping import help_
from bot.chat.intake import CHAT, PICKED, SHARED
from bot.chat.jobs import Job, Services
from bot.chat.painting import paint
from bot.chat.personas import persona
from bot.chat.picking import pick
from bot.chat.privacy import privacy
from bot.chat.releasing import release
from bot.chat.replying import reply
from bot.chat.retraining import retrain
from bot.chat.revising import TEXT_CHANGES, revise
from bot.chat.revising_pictures import revise_picture
from bot.chat.settings import settings
from bot.chat.sharing import share
from bot.chat.summarizing import summarize
from bot.chat.writing import code, translate, write
from bot.domain.commands import Who, command_named
from bot.domain.conversation import Turn
from bot.domain.messages import Change

UseCase = Callable[[Job, Services], Awaitable[Turn]]

USE_CASES: Mapping[str, UseCase] = {
    "write": write,
    "translate": translate,
    "code": code,
    "image": paint,
    "summarize": summarize,
    "digest": digest,
    "persona": persona,
    "settings": settings,
    "privacy": privacy,
    "retrain": retrain,
    "release": release,
    "help": help_,
}

# How an answer is made from another one; what is not named here is made anew from the question.
CHANGES: Mapping[str, UseCase] = {
    PICKED: pick,
    SHARED: share,
    **dict.fromkeys(TEXT_CHANGES, revise),
    Change.VARY: revise_picture,
    Change.ANIMATE: revise_picture,
}

# The use cases that ask an engine, and so count against the budgets.
SPENDING: frozenset[UseCase] = frozenset({reply, write, translate, code, revise, paint, revise_picture, summarize})


def use_case_of(job: Job) -> tuple[UseCase, Who]:
    """What makes a job's answer, and who may have it made.

    Raises:
        Refused: it is a command that nobody declared.
    """
    origin = job.answer.origin
    if job.answer.change in CHANGES:
        return CHANGES[job.answer.change], Who.EVERYONE
    if origin == CHAT or job.goes_on:
        return reply, Who.EVERYONE
    command = command_named(origin)
    return USE_CASES[command.name], command.who
