"""Interactions as what the core is asked: commands, menus, completion, buttons, forms.

Discord wants to be answered within three seconds. What is asked is stored first and acknowledged then, unless storing
takes so long that the time would run out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aiohttp
import discord
import structlog

from adapters.discord.buttons import Act, Interaction, form_filled, form_of
from adapters.discord.commands import FILE_OPTION, REWRITE_MENU, SUMMARIZE_MENU
from adapters.discord.desk import Call, Desk
from adapters.discord.layout import without_notes
from adapters.discord.lines import say
from adapters.discord.sending import told
from adapters.discord.translating import named, person_of, place_of, ref_of
from bot.chat.faults import sentence
from bot.domain.commands import SUMMARIZE, WRITE, command_named
from bot.domain.messages import (
    Ask,
    Attachment,
    Change,
    CommandCall,
    ContinueReply,
    MessageRef,
    OnAnswer,
    PickPicture,
    RateReply,
    RegenerateReply,
    ReviseReply,
    ShareReply,
    StopReply,
    SuggestAnswer,
)
from bot.domain.places import Person, Place
from bot.domain.ratings import RatingSource, Verdict
from bot.errors import InklingError

log = structlog.get_logger(__name__)

# Seconds that storing may take before the acknowledgement goes out ahead of it.
_STORE_S = 1.5


class Interacting:
    """The door for everything that people do with commands and buttons."""

    def __init__(self, client: discord.Client, desk: Desk) -> None:
        self._client = client
        self._desk = desk

    async def receive(self, interaction: Interaction) -> None:
        """A command, a menu, a completion or a form; buttons come through `press`."""
        self._desk.locales[interaction.user.id] = str(interaction.locale)
        async with self._sentences(interaction):
            match interaction.type:
                case discord.InteractionType.application_command:
                    await self._call(interaction)
                case discord.InteractionType.autocomplete:
                    await self._complete(interaction)
                case discord.InteractionType.modal_submit:
                    await self._submit(interaction)

    async def press(self, act: Act, detail: str, interaction: Interaction) -> None:
        """A button was pressed, or something chosen from a menu; `detail` is which number, which change."""
        async with self._sentences(interaction):
            assert interaction.message is not None
            ref = ref_of(interaction.message.channel.id, interaction.message.id)
            match act:
                case Act.GOOD | Act.BAD:
                    await self._rate(act, ref, interaction)
                case Act.SUGGEST:
                    await interaction.response.send_modal(form_of(act, ref, str(interaction.locale)))
                case Act.STOP:
                    await self._stop(ref, interaction)
                case _:
                    await self._ask_of_answer(act, detail, ref, interaction)

    # --- commands ---------------------------------------------------------------------------------------------------

    async def _call(self, interaction: Interaction) -> None:
        data: Any = interaction.data
        if data["type"] == discord.AppCommandType.message.value:
            chosen = await self._from_menu(interaction, data)
            if chosen is None:
                await self._tell(interaction, say("act.no_words", str(interaction.locale)))
                return
            call = chosen
        else:
            options = {row["name"]: row["value"] for row in data.get("options", ())}
            options.pop(FILE_OPTION, None)
            resolved = data.get("resolved", {}).get("attachments", {})
            files = tuple(_attachment(file) for file in resolved.values())
            call = await self._command(interaction, data["name"], options, attachments=files)
        private = command_named(call.name).private
        await self._ask(call, Call(interaction, private, shows_answer=True))

    async def _from_menu(self, interaction: Interaction, data: Any) -> CommandCall | None:
        """What a message's menu asks for; None where there are no words to rewrite."""
        target = data["resolved"]["messages"][data["target_id"]]
        if data["name"] == SUMMARIZE_MENU.en:
            ref = ref_of(int(target["channel_id"]), int(target["id"]))
            return await self._command(interaction, SUMMARIZE.name, {}, message=ref)
        assert data["name"] == REWRITE_MENU.en
        people = {int(user["id"]): user.get("global_name") or user["username"] for user in target["mentions"]}
        by_us = self._client.user is not None and int(target["author"]["id"]) == self._client.user.id
        said = without_notes(target["content"]) if by_us else target["content"]
        text = named(said, people, interaction.guild).strip()
        if not text:
            return None
        return await self._command(interaction, WRITE.name, {"form": "rewrite", "about": text})

    async def _command(self, interaction: Interaction, name: str, options: dict[str, Any], **more: Any) -> CommandCall:
        place, by = await self._where(interaction)
        return CommandCall(str(interaction.id), place, by, name, interaction.created_at, options, **more)

    async def _complete(self, interaction: Interaction) -> None:
        data: Any = interaction.data
        focused = next(row for row in data["options"] if row.get("focused"))
        locale = str(interaction.locale)
        proposed = await self._desk.core.reading.complete(data["name"], focused["name"], str(focused["value"]), locale)
        choices = [
            discord.app_commands.Choice(name=each.label.in_locale(locale), value=each.value[:100]) for each in proposed
        ]
        await interaction.response.autocomplete(choices)

    # --- what is answered -------------------------------------------------------------------------------------------

    async def _ask_of_answer(self, act: Act, detail: str, ref: MessageRef, interaction: Interaction) -> None:
        assert interaction.message is not None
        place, by = await self._where(interaction)
        ask = _ask(act, detail, (str(interaction.id), place, ref, by, interaction.created_at))
        if act in (Act.SHARE, Act.USE):
            # A message for all, which stands by itself.
            call = Call(interaction, private=False, shows_answer=False)
        else:
            private = interaction.message.flags.ephemeral
            call = Call(interaction, private, shows_answer=private, pressed=ref)
        await self._ask(ask, call)

    async def _ask(self, ask: Ask, call: Call) -> None:
        """Store, acknowledge; the answer comes through `open_reply`, maybe before this returns."""
        if ask.event_id in self._desk.calls:
            log.info("interaction delivered again", interaction=ask.event_id)
            return
        self._desk.calls[ask.event_id] = call
        accepting = asyncio.ensure_future(self._desk.core.accept(ask))
        is_kept = False
        try:
            await asyncio.wait([accepting], timeout=_STORE_S)
            if not accepting.done() or not accepting.exception():
                await self._acknowledge(call)
            is_kept = await accepting is not None
        finally:
            if not is_kept:
                self._desk.calls.pop(ask.event_id, None)
        if not is_kept:
            await self._tell(call.interaction, say("act.unknown_answer", str(call.interaction.locale)))

    async def _acknowledge(self, call: Call) -> None:
        try:
            await call.interaction.response.defer(ephemeral=call.private, thinking=call.shows_answer)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            # The three seconds are over. What was asked is stored, and answered in the channel.
            log.warning("interaction not acknowledged", interaction=call.interaction.id, error=told(error))
            call.expired = True
        finally:
            call.acknowledged.set()

    async def _stop(self, ref: MessageRef, interaction: Interaction) -> None:
        place, by = await self._where(interaction)
        if await self._desk.core.stop(StopReply(place, by, ref)):
            await interaction.response.defer()
        else:
            await self._tell(interaction, say("act.not_under_way", by.locale))

    # --- verdicts and better answers --------------------------------------------------------------------------------

    async def _rate(self, act: Act, ref: MessageRef, interaction: Interaction) -> None:
        by = self._person(interaction)
        verdict = Verdict.GOOD if act is Act.GOOD else Verdict.BAD
        vote = RateReply(ref, by, verdict, RatingSource.BUTTON, self._desk.clock.now())
        if not await self._desk.core.rate(vote):
            await self._tell(interaction, say("act.unknown_answer", by.locale))
        elif act is Act.BAD:
            await interaction.response.send_modal(form_of(act, ref, by.locale))
        else:
            await self._tell(interaction, say("act.rated_good", by.locale))

    async def _submit(self, interaction: Interaction) -> None:
        filled = form_filled(interaction)
        if filled is None:
            return
        ref, fields = filled
        by, now = self._person(interaction), self._desk.clock.now()
        reason, better = fields.get("reason", ""), fields.get("better", "")
        kept = []
        if reason:
            vote = RateReply(ref, by, Verdict.BAD, RatingSource.BUTTON, now, reason)
            kept.append(await self._desk.core.rate(vote))
        if better:
            kept.append(await self._desk.core.suggest(SuggestAnswer(ref, by, better, now)))
        line = "form.empty" if not kept else "form.thanks" if all(kept) else "act.unknown_answer"
        await self._tell(interaction, say(line, by.locale))

    # --- shared -----------------------------------------------------------------------------------------------------

    def _person(self, interaction: Interaction) -> Person:
        return person_of(interaction.user, str(interaction.locale))

    async def _where(self, interaction: Interaction) -> tuple[Place, Person]:
        return await place_of(interaction.channel, self._client), self._person(interaction)

    async def _tell(self, interaction: Interaction, text: str) -> None:
        """Say something to the one person alone."""
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)

    @asynccontextmanager
    async def _sentences(self, interaction: Interaction) -> AsyncIterator[None]:
        """Whatever goes wrong inside becomes a sentence for the person."""
        try:
            try:
                yield
            except InklingError as error:
                log.info("interaction refused", interaction=interaction.id, error=type(error).__name__)
                await self._excuse(interaction, sentence(error, str(interaction.locale)))
            except Exception as error:
                if isinstance(error, discord.HTTPException | aiohttp.ClientError | OSError):
                    raise
                log.exception("interaction failed", interaction=interaction.id)
                await self._excuse(interaction, sentence(error, str(interaction.locale)))
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            # Too late, twice delivered, or out of reach: there is no way left to say anything.
            log.warning("interaction not answered", interaction=interaction.id, error=told(error))

    async def _excuse(self, interaction: Interaction, text: str) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        else:
            await self._tell(interaction, text)


def _ask(act: Act, detail: str, told: tuple[str, Place, MessageRef, Person, datetime]) -> OnAnswer:
    """What is asked for by pressing; `told` is what all that is asked of answers begins with."""
    match act:
        case Act.REGENERATE:
            return RegenerateReply(*told)
        case Act.CONTINUE:
            return ContinueReply(*told)
        case Act.PICK:
            return PickPicture(*told, number=int(detail))
        case Act.CHANGE:
            return ReviseReply(*told, change=Change(detail))
        case Act.SHARE | Act.USE:
            return ShareReply(*told)
    raise ValueError(act)


def _attachment(file: Any) -> Attachment:
    """A file of a command's form; it belongs to no message, so its address is all there is."""
    return Attachment(file["filename"], file.get("content_type", ""), file["size"], file["url"])
