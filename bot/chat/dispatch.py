"""The core: takes events in, gives each to its use case, and brings the outcome to the platform, once.

An accepted event passes these stages, each stored before the next begins, so that a restart takes it up where it was:

    accepted    inbox item, question and waiting answer are stored; the platform may be told
    claimed     this process answers it
    recorded    the answer's turn is in its last state; it is never generated again
    delivered   the platform shows the last state
    finished    the inbox item is closed
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from bot import metrics
from bot.chat import rating
from bot.chat.addressing import clean
from bot.chat.door import LEASE, Door, Taken
from bot.chat.faults import sentence
from bot.chat.greeting import greeting
from bot.chat.intake import CHAT, Accepted, is_meant, turn_carried_by
from bot.chat.jobs import Job, Services
from bot.chat.offering import answer_of
from bot.chat.permissions import check_admin
from bot.chat.reading import Reading
from bot.chat.releasing import note_release
from bot.chat.showing import LiveReply, StoredDeliveries
from bot.chat.together import Together, look_all, write_all
from bot.chat.use_cases import SPENDING, use_case_of
from bot.domain.commands import Who
from bot.domain.conversation import Delivery, Turn, TurnStatus
from bot.domain.lines import say
from bot.domain.messages import (
    Ask,
    DeleteMessage,
    IncomingMessage,
    MessageRef,
    Notice,
    OnAnswer,
    RateReply,
    StopReply,
    SuggestAnswer,
    ThreadOpened,
)
from bot.domain.places import PlaceKind
from bot.errors import DeliveryError, InklingError, PersonError, Refused, StorageError
from bot.ports import InboxItem, ReplyTarget, UnitOfWork

log = structlog.get_logger(__name__)

# How often claims are renewed.
ROUND_S = 15.0

_TOKENS_READ, _TOKENS_WRITTEN = metrics.TOKENS.labels("read"), metrics.TOKENS.labels("written")

# After so many starts an event that takes the process down each time is refused instead of tried again.
MAX_ATTEMPTS = 4


class Core:
    """What adapters call. One for each process."""

    def __init__(self, services: Services, owner: str) -> None:
        self._services = services
        self._owner = owner
        self._door = Door(services, owner)
        self._ledger = Together(services.units, write_all)
        self._looks = Together(services.units.reading, look_all)
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._upkeep: asyncio.Task[None] | None = None
        self._failed: list[InboxItem] = []
        self._releases: set[str] = set()
        self.reading = Reading(services)
        metrics.WAITING.set_function(lambda: services.admission.waiting)
        metrics.RUNNING.set_function(lambda: services.admission.running)

    # --- lifecycle --------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Before the platforms listen: let go of what an earlier process of this name had claimed."""
        async with self._services.units() as uow:
            await uow.inbox.release(self._owner)

    async def start(self) -> None:
        """Once the platforms can show answers: take up what was accepted earlier and not finished."""
        await self._take_up()
        self._upkeep = asyncio.create_task(self._keep_up(), name="inbox upkeep")

    async def close(self, grace_s: float = 10.0) -> None:
        """Let answers in flight end for a while, then leave the rest to the next start."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace_s)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._ledger.idle()
        await self._looks.idle()

    async def _keep_up(self) -> None:
        """Try again what failed, renew our claims, and take up events that nobody holds any longer."""
        while True:
            await asyncio.sleep(ROUND_S)
            failed, self._failed = self._failed, []
            for item in failed:
                self._begin(item, claimed=True)
            try:
                async with self._services.units() as uow:
                    await uow.inbox.renew(self._owner, self._services.clock.now() + LEASE)
                await self._take_up()
            except StorageError as error:
                log.error("inbox upkeep failed", error=str(error))

    async def _take_up(self) -> None:
        # A writing transaction: an event that cannot be read any more is marked as failed.
        async with self._services.units() as uow:
            pending = await uow.inbox.pending(list(self._services.platforms), self._services.clock.now())
        for item in pending:
            if item.answer_id not in self._tasks:
                self._begin(item)

    # --- what adapters call -----------------------------------------------------------------------------------------

    async def accept(self, ask: Ask) -> Accepted | None:
        """Store an event to be answered; it is safe when this returns. None: known already, or not meant for the bot.

        Refusals that need an answer are given as one, through `ChatPlatform.open_reply`.

        Raises:
            Refused: the message is empty, or longer than anything we keep.
            StorageError: nothing could be kept.
        """
        if not await is_meant(ask, self._services):
            return None
        taking = self._door.take_in(ask)
        # A caller that goes away meanwhile must not leave an event stored and claimed, and nobody at work on it.
        taking.add_done_callback(self._take_up_new)
        taken = await asyncio.shield(taking)
        return None if taken is None else taken[1]

    def _take_up_new(self, taking: asyncio.Future[Taken | None]) -> None:
        taken = None if taking.exception() else taking.result()
        if taken is None:
            return
        item, accepted = taken
        metrics.ACCEPTED.labels(accepted.place.platform, item.ask.kind).inc()
        log.debug("accepted", item=item.id, kind=item.ask.kind, place=accepted.place.key, answer=accepted.answer.id)
        self._begin(item, accepted=accepted)

    async def announce(self, notice: Notice) -> Accepted | None:
        """Say something unasked, once.

        Raises:
            StorageError: nothing could be kept.
        """
        return await self.accept(notice)

    async def greet(self, opened: ThreadOpened) -> Accepted | None:
        """A thread was opened: say hello there, once, where the place's settings want it.

        Raises:
            StorageError: nothing could be read or kept.
        """
        hello = await greeting(opened, self._services)
        return None if hello is None else await self.announce(hello)

    async def edit(self, message: IncomingMessage) -> Accepted | None:
        """A message was edited. One that is being answered is answered anew as it reads now, beside the first try; one
        that now mentions the bot is taken up; any other edit leaves what was said as it is.

        Raises:
            Refused, StorageError: as for `accept`.
        """
        async with self._services.units.reading() as uow:
            turn = await turn_carried_by(message.ref, uow)
        if turn is None:
            return await self.accept(message) if message.mentions_bot else None
        mine = [job for job in self._jobs.values() if job.question.id == turn.id and job.answer.status.is_open]
        if not mine or turn.text == clean(message.text):
            return None
        accepted = await self.accept(message)
        for job in mine:
            self._end(job)
        return accepted

    async def rate(self, verdict: RateReply) -> bool:
        """Keep a verdict; False when there is no such answer."""
        kept = await rating.rate(verdict, self._services)
        if kept:
            metrics.RATED.labels(verdict.verdict or "withdrawn").inc()
        return kept

    async def suggest(self, better: SuggestAnswer) -> bool:
        """Keep a better answer; False when there is no such answer or no text."""
        return await rating.suggest(better, self._services)

    async def stop(self, stop: StopReply) -> bool:
        """Stop the answer that a message carries, or those under way for a person in a place; whether there was one."""
        turn_id = await self._turn_id(stop.message) if stop.message else None
        mine = [
            job
            for job in self._jobs.values()
            if (
                job.answer.id == turn_id
                if stop.message
                else (job.asker.key, job.place.key) == (stop.by.key, stop.place.key)
            )
        ]
        for job in mine:
            self._end(job)
        return bool(mine)

    async def delete(self, deleted: DeleteMessage) -> None:
        """A question was deleted: its answer, if under way, is stopped."""
        turn_id = await self._turn_id(deleted.message)
        for job in list(self._jobs.values()):
            if job.question.id == turn_id:
                self._end(job)

    def is_answering(self, turn_id: str) -> bool:
        """Whether this process is still at work on an answer."""
        return turn_id in self._tasks

    async def _turn_id(self, message: MessageRef) -> str | None:
        async with self._services.units.reading() as uow:
            turn = await turn_carried_by(message, uow)
        return turn.id if turn else None

    def _end(self, job: Job) -> None:
        if not job.stopped and job.making is not None:
            job.making.cancel()
        job.stopped = True

    # --- one event, from claim to finish ----------------------------------------------------------------------------

    def _begin(self, item: InboxItem, *, claimed: bool = False, accepted: Accepted | None = None) -> None:
        task = asyncio.create_task(self._serve(item, claimed, accepted), name=f"answer {item.answer_id}")
        self._tasks[item.answer_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(item.answer_id, None))

    async def _serve(self, item: InboxItem, claimed: bool, accepted: Accepted | None) -> None:
        try:
            if accepted is not None:
                await self._answer(item, await self._open(item, accepted, []))
            elif claimed or await self._claim(item):
                await self._answer(item, await self._open_again(item))
        except StorageError as error:
            # Not the event's fault: it is tried until the storage works again.
            log.error("answer not kept", item=item.id, answer=item.answer_id, error=str(error))
            self._failed.append(item)
        except DeliveryError as error:
            log.error("answer not delivered", item=item.id, answer=item.answer_id, error=str(error))
            await self._retry_or_drop(item, retryable=error.retryable)
        except Exception:
            log.exception("answer failed", item=item.id, answer=item.answer_id)
            await self._retry_or_drop(item, retryable=True)

    async def _claim(self, item: InboxItem) -> bool:
        now = self._services.clock.now()
        async with self._services.units() as uow:
            return await uow.inbox.claim(item.id, self._owner, now, now + LEASE)

    async def _retry_or_drop(self, item: InboxItem, *, retryable: bool) -> None:
        """Try again in the next round, a bounded number of times; the answer itself is stored in any case."""
        if retryable and item.attempts < 2 * MAX_ATTEMPTS:
            self._failed.append(replace(item, attempts=item.attempts + 1))
            return
        try:
            await self._finish(item)
        except StorageError as error:
            log.error("event not closed", item=item.id, error=str(error))
            self._failed.append(item)

    async def _answer(self, item: InboxItem, job: Job | None) -> None:
        if job is None:
            await self._finish(item)
            return
        self._jobs[job.answer.id] = job
        try:
            if job.answer.status.is_open:
                job.answer = await self._make(job)
                job.live.end()
                await self._record(job)
            await job.live.close()
            await self._deliver(job)
        finally:
            await job.live.close()
            del self._jobs[job.answer.id]
        await self._finish(item, job.log)

    async def _open_again(self, item: InboxItem) -> Job | None:
        """The job of an item begun before; None when its turns are gone (forgotten, expired)."""
        async with self._services.units.reading() as uow:
            question = await uow.turns.get(item.question_id)
            answer = await uow.turns.get(item.answer_id)
            conversation = await uow.turns.conversation(answer.conversation_id) if answer else None
            known = await uow.deliveries.of_turn(item.answer_id)
        if question is None or answer is None or conversation is None or answer.status is TurnStatus.FORGOTTEN:
            return None
        return await self._open(item, Accepted(conversation.place, question, answer), known)

    async def _open(self, item: InboxItem, accepted: Accepted, known: Sequence[Delivery]) -> Job:
        """The job of an item, its answer opened on the platform."""
        place, answer = accepted.place, accepted.answer
        platform = self._services.platforms[place.platform]
        deliveries = StoredDeliveries(answer.id, known, self._ledger.do)
        asked = item.ask.ref if isinstance(item.ask, IncomingMessage) else None
        target = ReplyTarget(
            answer, place, item.ask.by, asked, deliveries, private=answer.private, event_id=item.ask.event_id
        )
        shown = await platform.open_reply(target)
        live = LiveReply(shown, platform.pace, answer.id)
        started = self._services.clock.monotonic()
        return Job(item, place, accepted.question, answer, platform, shown, live, deliveries, self._looks.do, started)

    async def _make(self, job: Job) -> Turn:
        """The answer's turn in its last state, whatever happens on the way."""
        if job.stopped:
            return _stopped(job)
        job.making = making = asyncio.current_task()
        try:
            return await self._use_case(job)
        except asyncio.CancelledError:
            # As `asyncio.timeout` does: the task goes on unless somebody else wants it to end, too.
            if not job.stopped or making is None or making.uncancel():
                raise
            return _stopped(job)
        except InklingError as error:
            return _failed(job, error)
        except Exception as error:
            log.exception("use case failed", answer=job.answer.id, origin=job.answer.origin)
            return _failed(job, error)
        finally:
            job.making = None

    async def _use_case(self, job: Job) -> Turn:
        if job.item.attempts >= MAX_ATTEMPTS:
            raise PersonError("error.gave_up")
        use_case, who = use_case_of(job)
        if who is Who.ADMINS:
            await check_admin(job.asker, job.place, self._services)
        if job.item.attempts == 0 and (job.answer.origin == CHAT or use_case in SPENDING):
            self._services.admission.spend(job.asker.key, job.place.key)
        await self._await_earlier(job)
        return await use_case(job, self._services)

    async def _await_earlier(self, job: Job) -> None:
        """Wait until the answer before the question has its last state: it is part of what this one reads."""
        if isinstance(job.ask, OnAnswer) or job.question.parent_id is None:
            return
        before = self._tasks.get(job.question.parent_id)
        if before is not None:
            await asyncio.wait([before])

    async def _record(self, job: Job) -> None:
        turn = job.answer
        if turn.timings.finished is None:
            finished = round(self._services.clock.monotonic() - job.started, 4)
            job.answer = turn = replace(turn, timings=replace(turn.timings, finished=finished))
        try:
            if turn.release and turn.origin != "image" and turn.release not in self._releases:
                await note_release(turn.release, self._services)
                self._releases.add(turn.release)
            await self._ledger.do(partial(_record, turn, job.log))
        except StorageError as error:
            # What was written is shown all the same; the event stays open, so nothing is lost for good.
            unkept = sentence(error, job.locale)
            job.answer = turn.ended(TurnStatus.FAILED, job.text.strip() or unkept, unkept if job.text else "")
            await job.live.close()
            await self._deliver(job)
            raise
        _count(job)
        log.info(
            "recorded",
            item=job.item.id,
            kind=job.ask.kind,
            place=job.place.key,
            answer=turn.id,
            status=turn.status,
            release=turn.release,
            tokens=turn.completion_tokens,
        )

    async def _deliver(self, job: Job) -> None:
        try:
            direct = job.place.kind is PlaceKind.DIRECT
            await job.reply.finish(answer_of(job.answer, self._services.traits, direct=direct))
        except BaseException:
            # The next try must know what arrived.
            await job.log.flush()
            raise

    async def _finish(self, item: InboxItem, log_: StoredDeliveries | None = None) -> None:
        await self._ledger.do(partial(_close, item, log_, self._services.clock.now()))


async def _record(turn: Turn, log_: StoredDeliveries, uow: UnitOfWork) -> None:
    await uow.turns.update(turn)
    await log_.announce(uow)


async def _close(item: InboxItem, log_: StoredDeliveries | None, at: datetime, uow: UnitOfWork) -> None:
    if log_ is not None:
        await log_.settle(uow)
    await uow.inbox.finish(item.id, at)


def _stopped(job: Job) -> Turn:
    return job.answer.ended(TurnStatus.STOPPED, job.text.strip(), say("note.stopped", job.locale))


def _failed(job: Job, error: Exception) -> Turn:
    """The answer's turn when it could not be made: what was written stays, with the reason beneath it."""
    reason = sentence(error, job.locale)
    # The line's key and the operator's detail, never its values: those may quote what people wrote.
    line, detail = getattr(error, "line", ""), getattr(error, "detail", "")
    log.warning("answer not made", answer=job.answer.id, error=type(error).__name__, line=line, detail=detail)
    if isinstance(error, Refused):
        return job.answer.ended(TurnStatus.REFUSED, reason)
    if job.text.strip():
        return job.answer.ended(TurnStatus.INTERRUPTED, job.text.strip(), reason)
    return job.answer.ended(TurnStatus.FAILED, reason)


def _count(job: Job) -> None:
    turn = job.answer
    metrics.ANSWERED.labels(job.place.platform, turn.origin, turn.status).inc()
    _TOKENS_READ.inc(turn.prompt_tokens)
    _TOKENS_WRITTEN.inc(turn.completion_tokens)
    if turn.timings.first_piece is not None and turn.timings.finished is not None:
        metrics.FIRST_PIECE.observe(turn.timings.first_piece)
        metrics.ANSWER_TIME.observe(turn.timings.finished)
