"""Where an answer is shown: an interaction's response, the place it was asked in, or the asker's direct channel."""

from __future__ import annotations

import discord
import structlog

from adapters.discord.asking import direct_place
from adapters.discord.carrying import NOBODY, POINTER, Carrier, ChannelCarrier, InteractionCarrier
from adapters.discord.desk import Desk
from adapters.discord.layout import Part
from adapters.discord.lines import say
from adapters.discord.outbound import DiscordReply
from adapters.discord.sending import Locked, persist
from adapters.discord.translating import channel_id
from bot.domain.messages import MessageRef
from bot.domain.places import PlaceKind
from bot.errors import DeliveryError
from bot.ports import ReplyTarget

log = structlog.get_logger(__name__)


async def open_reply(target: ReplyTarget, client: discord.Client, desk: Desk) -> DiscordReply:
    """Begin to show an answer where it belongs.

    Raises:
        DeliveryError: the asker's direct channel cannot be opened.
    """
    call = desk.calls.get(target.event_id)

    async def in_channel() -> Carrier:
        return await _channel_carrier(target, client, desk, call.pressed if call else None)

    async def tell(error: DeliveryError) -> None:
        await _tell_forbidden(target, client, error)

    was_begun = bool(target.log.parts)

    async def point(first: MessageRef) -> None:
        if call is None and target.question is not None and _goes_to_direct(target):
            there = _carrier_in(channel_id(target.place), target.question, target, client, desk)
            await _point_at(first, there, target, was_begun=was_begun)

    carrier: Carrier
    if call is not None and call.shows_answer:
        carrier = InteractionCarrier(call, locale=target.asker.locale, data_folder=desk.settings.data_folder)
    else:
        carrier = await in_channel()
    # A command of an earlier process: its response may stand there, as “thinking …” or with words.
    sought = call is None and target.question is None and not target.private and not target.asker.is_bot
    return DiscordReply(target, desk, carrier, sought=sought, fall_back=in_channel, on_forbidden=tell, on_shown=point)


async def _channel_carrier(
    target: ReplyTarget, client: discord.Client, desk: Desk, pressed: MessageRef | None
) -> ChannelCarrier:
    channel, answers = channel_id(target.place), target.question or pressed
    if _goes_to_direct(target):
        channel, answers = channel_id(await direct_place(target.asker, client)), None
    return _carrier_in(channel, answers, target, client, desk)


def _carrier_in(
    channel: int, answers: MessageRef | None, target: ReplyTarget, client: discord.Client, desk: Desk
) -> ChannelCarrier:
    locale, folder = target.asker.locale, desk.settings.data_folder
    return ChannelCarrier(client, channel, target.turn, locale=locale, data_folder=folder, answers=answers)


def _goes_to_direct(target: ReplyTarget) -> bool:
    return target.private and target.place.kind is not PlaceKind.DIRECT


async def _point_at(first: MessageRef, there: ChannelCarrier, target: ReplyTarget, *, was_begun: bool) -> None:
    """Say under the question that its answer came directly, so that nobody waits for it there; said once."""
    link = f"https://discord.com/channels/@me/{first.channel}/{first.message}"
    line = Part(f"-# {say('send.directly', target.asker.locale, link=link)}")
    try:
        if not was_begun or await there.find(POINTER, set(), target.event_id) is None:
            await there.create(POINTER, line)
    except DeliveryError as error:
        log.info("not told where the answer is", answer=target.turn.id, error=str(error))


async def _tell_forbidden(target: ReplyTarget, client: discord.Client, error: DeliveryError) -> None:
    """Say what stands in the way where the asker can read it; a refusal of that too is only logged."""
    place = channel_id(target.place)
    if target.asker.is_bot or target.place.kind is PlaceKind.DIRECT:
        return
    try:
        if _goes_to_direct(target):
            line, channel = say("send.no_direct", target.asker.locale), place
        else:
            key = "send.locked" if isinstance(error, Locked) else "send.forbidden"
            line = say(key, target.asker.locale, channel=place)
            channel = channel_id(await direct_place(target.asker, client))
        await persist(lambda: client.get_partial_messageable(channel).send(line, allowed_mentions=NOBODY))
    except DeliveryError as silence:
        log.warning("asker could not be told", answer=target.turn.id, error=str(silence))
