"""What is done to examples after consent: private data scrubbed, doubles left out, one person's share capped.

Scrubbing loads large libraries and searches every text many times over, so it is the work of a process of its own; the
event loop of the bot goes on undisturbed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context

from bot.domain.training import Example, ExampleKind
from bot.errors import TrainingFailed
from bot.training.earning import Earned

# Scrubbed in one go by the other process.
_PORTION = 50


@dataclass(frozen=True, slots=True)
class Refined:
    """Scrubbed examples that stand or fall together, and keys that are equal for equal ones."""

    earned: Earned
    keys: tuple[str, ...]

    @property
    def rated_by(self) -> str:
        return self.earned.examples[0].origin.rated_by


class Refinery:
    """The other process. It starts with the first portion; open it with `opened`."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    @staticmethod
    @asynccontextmanager
    async def opened(nice: int) -> AsyncIterator[Refinery]:
        """A refinery whose process is as nice to others as told, and ends with the block."""
        pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_step_back, initargs=(nice,))
        try:
            yield Refinery(pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def refine(self, earned: Iterable[Earned], dropped: Counter[str]) -> AsyncIterator[Refined]:
        """The scrubbed ones, in their order; those that private data makes useless are counted.

        Raises:
            TrainingFailed: the process ended.
        """
        rest = iter(earned)
        while portion := list(islice(rest, _PORTION)):
            try:
                # Handing over the first portion starts the process, which is too long for the event loop.
                handed = await asyncio.to_thread(self._pool.submit, refine_all, portion)
                scrubbed = await asyncio.wrap_future(handed)
            except BrokenProcessPool as error:
                raise TrainingFailed("training.not_scrubbed", detail="the scrubbing process ended") from error
            for before, each in zip(portion, scrubbed, strict=True):
                if each.keys:
                    yield each
                else:
                    dropped["private_data"] += before.votes


def refine_all(earned: Sequence[Earned]) -> list[Refined]:
    """The work of the other process: each unit scrubbed, without the targets that private data makes useless."""
    from bot.training.scrubbing import holds_own_private_data, scrub_example

    refined = []
    for unit in earned:
        scrubbed = [scrub_example(example, unit.names) for example in unit.examples]
        kept = tuple(one for one in scrubbed if not (_is_target(one) and holds_own_private_data(one)))
        refined.append(Refined(replace(unit, examples=kept), tuple(map(key_of, kept))))
    return refined


def key_of(example: Example) -> str:
    """Equal for examples that teach from the same words; a verdict's is the same for good and bad."""
    words = [[message.role, message.content] for message in example.prompt]
    told = json.dumps([example.kind, words, example.answer, example.rejected])
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def distinct(refined: Sequence[Refined], dropped: Counter[str], known: Iterable[str] = ()) -> list[Refined]:
    """Without those that a later one says already; of two verdicts on the same words the later wins."""
    seen = set(known)
    kept = []
    for each in sorted(refined, key=_age):
        # The first example is what was said, a verdict or a better answer; the others follow from it.
        if each.keys[0] in seen:
            dropped["duplicate"] += each.earned.votes
        else:
            seen.add(each.keys[0])
            kept.append(each)
    return kept


def within_share(refined: Sequence[Refined], share: float, dropped: Counter[str]) -> list[Refined]:
    """At most a share of what is left from one person, their oldest left out first.

    Among so few people that only equal parts would keep the share (one, or two with a half each) nobody is capped.
    """
    counts = Counter(each.rated_by for each in refined)
    most = _most(counts, share if len(counts) * share > 1 else 1.0)
    taken: Counter[str] = Counter()
    kept = []
    for each in sorted(refined, key=_age):
        taken[each.rated_by] += 1
        if taken[each.rated_by] <= most:
            kept.append(each)
        else:
            dropped["person_cap"] += each.earned.votes
    return kept


def _most(counts: Counter[str], share: float) -> int:
    """The most that one person may have, such that it is no more than the share of what is left then."""
    for most in range(max(counts.values(), default=0), 1, -1):
        if most <= share * sum(min(count, most) for count in counts.values()) + 1e-9:
            return most
    return 1


def _age(refined: Refined) -> float:
    return -refined.earned.examples[0].origin.at.timestamp()


def _is_target(example: Example) -> bool:
    return example.kind is not ExampleKind.VERDICT or example.good


def _step_back(nice: int) -> None:
    # Ctrl-C in a terminal goes to the whole group; the bot ends its processes itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)
