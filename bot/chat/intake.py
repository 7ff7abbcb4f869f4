"""From an event to what is stored before it is acknowledged: the inbox item and its two turns.

A question's turn and the waiting answer's turn are made in the same transaction as the inbox item, so that the next
message finds them as the conversation's latest, and a crash leaves all three or none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.chat.addressing import MESSAGE_LIMIT, clean, is_addressed_to_bot, looks_like_command
from bot.chat.jobs import Services
from bot.chat.place_settings import idle_window
from bot.domain.commands import COMMANDS, format_call
from bot.domain.conversation import Conversation, Delivery, DeliveryState, Turn, TurnStatus, continues_latest
from bot.domain.generation import Role
from bot.domain.messages import (
    Ask,
    Change,
    CommandCall,
    ContinueReply,
    IncomingMessage,
    MessageRef,
    Notice,
    OnAnswer,
    PickPicture,
    RegenerateReply,
    ReviseReply,
    ShareReply,
)
from bot.domain.places import Place
from bot.errors import Refused
from bot.ports import InboxItem, Standing, UnitOfWork

# The origin of turns that no command made.
CHAT = "chat"

# What was done with an answer, beside the changes of `Change`.
PICKED = "pick"
SHARED = "share"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event is stored; these are its turns.

    The question of what is made from an answer, or beside it, is the turn that asked for that one; that of a
    ContinueReply is the answer being continued; that of a Notice, which nobody asked for, is the notice itself.
    """

    place: Place
    question: Turn
    answer: Turn


async def is_meant(ask: Ask, services: Services) -> bool:
    """Whether an event is for the bot.

    Raises:
        Refused: there is nothing in it, or it is longer than anything we keep.
        StorageError: nobody can tell.
    """
    if isinstance(ask, IncomingMessage):
        if not await _is_addressed(ask, services):
            return False
        _check_text(ask)
    return True


async def store(
    ask: Ask, standing: Standing, services: Services, uow: UnitOfWork, *, owner: str, until: datetime
) -> tuple[InboxItem, Accepted] | None:
    """Store an event and its turns, claimed by this process; None when it is known already, or about no answer."""
    accepted = None if standing.is_known else await _turns_for(ask, standing, services, uow)
    if accepted is None:
        return None
    question, answer = accepted.question, accepted.answer
    item = InboxItem(services.new_id(), ask, question.id, answer.id, services.clock.now(), attempts=0)
    await uow.inbox.add(item, owner=owner, until=until)
    if isinstance(ask, IncomingMessage | CommandCall):
        await uow.turns.add(question)
        # Local platforms name their messages by our turn ids: there is nothing to look up.
        if ask.ref is not None and not ask.place.platform.is_local:
            await uow.deliveries.put(Delivery(question.id, 0, DeliveryState.SENT, ask.ref))
    await uow.turns.add(answer)
    return item, accepted


async def turn_carried_by(message: MessageRef, uow: UnitOfWork) -> Turn | None:
    """The turn that a platform's message carries. Local platforms name their messages by our turn ids."""
    turn_id = await uow.deliveries.turn_of(message)
    if turn_id is None and message.platform.is_local:
        turn_id = message.message
    return await uow.turns.get(turn_id) if turn_id else None


def _check_text(message: IncomingMessage) -> None:
    if len(message.text) > MESSAGE_LIMIT:
        raise Refused("message.too_long", length=len(message.text), limit=MESSAGE_LIMIT)
    if not clean(message.text) and not message.attachments and not message.by.is_bot:
        raise Refused("message.empty")


async def _is_addressed(message: IncomingMessage, services: Services) -> bool:
    if is_addressed_to_bot(message, takes_part=False, answers_bot=False):
        return True
    async with services.units.reading() as uow:
        takes_part = await uow.turns.find_conversation(message.place) is not None
        turn = await turn_carried_by(message.reply_to, uow) if message.reply_to else None
    return is_addressed_to_bot(message, takes_part=takes_part, answers_bot=turn is not None and turn.is_by_bot)


async def _turns_for(ask: Ask, standing: Standing, services: Services, uow: UnitOfWork) -> Accepted | None:
    if isinstance(ask, OnAnswer):
        return await _beside_or_after(ask, services, uow)
    conversation = standing.conversation
    if conversation is None:
        conversation = Conversation(services.new_id(), ask.place, services.clock.now())
        await uow.turns.begin(conversation)
    if isinstance(ask, Notice):
        said = _said(ask, conversation.id, services)
        return Accepted(ask.place, said, said)
    text, origin = _words_of(ask)
    command = next((command for command in COMMANDS if command.name == origin), None)
    aside = command is not None and command.is_aside
    question = Turn(
        id=services.new_id(),
        conversation_id=conversation.id,
        parent_id=None if aside else await _parent_of(ask, conversation.id, standing, services, uow),
        role=Role.USER,
        author=ask.by.key,
        author_name=ask.by.name,
        text=text,
        status=TurnStatus.COMPLETE,
        created_at=services.clock.now(),
        origin=origin,
        aside=aside,
        private=command is not None and command.private,
        locale=ask.by.locale,
        attachments=ask.attachments,
    )
    return Accepted(ask.place, question, _waiting_answer(question.id, question, ask, services))


def _said(notice: Notice, conversation_id: str, services: Services) -> Turn:
    """A notice's turn, in its last state from the start; it stands beside the talk and answers nothing."""
    return Turn(
        id=services.new_id(),
        conversation_id=conversation_id,
        parent_id=None,
        role=Role.ASSISTANT,
        author="",
        author_name=services.settings.bot_name,
        text=notice.text,
        status=TurnStatus.COMPLETE,
        created_at=services.clock.now(),
        origin="notice",
        aside=True,
        locale=notice.by.locale,
        pictures=notice.pictures,
    )


def _words_of(ask: IncomingMessage | CommandCall) -> tuple[str, str]:
    """The question's text and origin. A command called by a form is stored as the line one could have typed."""
    if isinstance(ask, CommandCall):
        # The message that a menu was opened on is kept in words too, so that asking again begins there again.
        options = {**ask.options, "from": ask.message.message} if ask.message else ask.options
        return clean(format_call(ask.name, options)), ask.name
    text = clean(ask.text)
    if looks_like_command(text):
        return text, text[1:].split(maxsplit=1)[0].lower()
    return text, CHAT


async def _parent_of(
    ask: IncomingMessage | CommandCall, conversation_id: str, standing: Standing, services: Services, uow: UnitOfWork
) -> str | None:
    """The turn replied to where there is one, else the latest where the message carries on from it.

    An edited message stands beside what it was.
    """
    if isinstance(ask, IncomingMessage) and ask.edited:
        before = await turn_carried_by(ask.ref, uow)
        if before is not None:
            return before.parent_id
    if isinstance(ask, IncomingMessage) and ask.reply_to is not None:
        turn = await turn_carried_by(ask.reply_to, uow)
        # A thread may begin at a turn of its channel; the branch then runs through both.
        reachable = turn is not None and (turn.conversation_id == conversation_id or ask.place.thread)
        if turn is not None and reachable and not turn.aside:
            return turn.id
    idle, latest = idle_window(ask.place, ask.by, standing.chosen, services), standing.latest
    carries_on = continues_latest(ask.place, latest, services.clock.now(), idle)
    return latest.id if latest is not None and carries_on else None


async def _beside_or_after(ask: OnAnswer, services: Services, uow: UnitOfWork) -> Accepted | None:
    """Continuing makes a child of the answer, everything else a sibling."""
    shown = await turn_carried_by(ask.message, uow)
    if shown is None or not shown.is_by_bot or shown.status.is_open or ask.by.is_bot:
        return None
    conversation = await uow.turns.conversation(shown.conversation_id)
    before = shown.id if isinstance(ask, ContinueReply) else shown.parent_id
    question = await uow.turns.get(before) if before else None
    if conversation is None or question is None or TurnStatus.FORGOTTEN in (shown.status, question.status):
        return None
    if shown.private and question.author != ask.by.key:
        return None
    answer = _waiting_answer(question.id, shown, ask, services)
    return Accepted(conversation.place, question, _made_from(shown, ask, answer))


def _made_from(shown: Turn, ask: OnAnswer, answer: Turn) -> Turn:
    """The waiting answer with what it is made from and how; one regenerated from a changed answer is changed anew."""
    match ask:
        case ReviseReply():
            return replace(answer, revises=shown.id, change=ask.change)
        case PickPicture():
            return replace(answer, revises=shown.id, change=PICKED)
        case ShareReply():
            return replace(answer, revises=shown.id, change=SHARED, origin=SHARED, aside=True, private=False)
        case RegenerateReply() if shown.change in set(Change):
            return replace(answer, revises=shown.revises, change=shown.change)
    return answer


def _waiting_answer(parent: str, like: Turn, ask: Ask, services: Services) -> Turn:
    return Turn(
        id=services.new_id(),
        conversation_id=like.conversation_id,
        parent_id=parent,
        role=Role.ASSISTANT,
        author="",
        author_name=services.settings.bot_name,
        text="",
        status=TurnStatus.WAITING,
        created_at=services.clock.now(),
        origin=like.origin,
        aside=like.aside,
        private=like.private,
        locale=ask.by.locale,
    )
