"""Messages of ours: made once each, changed, streamed, found again, taken back.

Whatever is made carries the turn and the part in its metadata. When no answer comes to a request that makes something,
the channel is searched for it before it is asked again, in this process and after a restart alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack.blocks import Part
from adapters.slack.client import LOGGER, PacedClient, proxy_for
from adapters.slack.errors import BAD_BLOCKS, SlackRefused, Unsure, as_ours
from adapters.slack.identity import Me
from adapters.slack.lines import say
from adapters.slack.places import ref_of
from bot.domain.messages import MessageRef
from bot.errors import DeliveryError

_EVENT_TYPE = "inkling_answer"
_BACKOFF_S = (0.5, 1.0, 2.0, 4.0)
# Slack's clock and ours may differ by this much where we search from a moment of ours.
_SKEW = timedelta(seconds=60)
_PAGE = 200
_PAGES = 5


@dataclass(frozen=True, slots=True)
class Spot:
    """Where messages go: a channel, and the thread in it (empty: the channel itself)."""

    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What a message of ours carries: a turn's part. `since` is when the turn began, for searching."""

    turn: str
    part: int
    since: datetime

    @property
    def metadata(self) -> dict[str, Any]:
        return {"event_type": _EVENT_TYPE, "event_payload": {"turn": self.turn, "part": self.part}}

    def is_on(self, message: dict[str, Any]) -> bool:
        """Whether a message carries it."""
        metadata = message.get("metadata") or {}
        return metadata.get("event_type") == _EVENT_TYPE and metadata.get("event_payload") == {
            "turn": self.turn,
            "part": self.part,
        }


class Poster:
    """The app's pen."""

    def __init__(self, client: PacedClient, session: aiohttp.ClientSession, me: Me) -> None:
        self._client = client
        self._session = session
        self._me = me
        # Streams that are known to be some answer's, and messages that say that they may be a repeat.
        self._streamed: set[str] = set()
        self._repeats: set[str] = set()

    @property
    def client(self) -> PacedClient:
        return self._client

    # --- making -----------------------------------------------------------------------------------------------------

    async def post(self, spot: Spot, part: Part, label: Label, *, may_repeat: bool = False) -> MessageRef:
        """Post a message, once; it says so where it `may_repeat` one that is under way still.

        Raises:
            DeliveryError: it is not there.
        """

        async def attempt(again: bool) -> MessageRef:
            said = _marked(part) if again else part
            try:
                told = await self._post(spot, label, text=said.text, blocks=said.blocks)
            except SlackRefused as error:
                if error.code not in BAD_BLOCKS:
                    raise
                told = await self._post(spot, label, text=said.whole_text)
            if again:
                self._repeats.add(str(told["ts"]))
            return ref_of(str(told["channel"]), str(told["ts"]))

        return await self.once(attempt, lambda: self.find(spot, label), may_repeat=may_repeat)

    async def _post(self, spot: Spot, label: Label, **said: Any) -> AsyncSlackResponse:
        with as_ours("chat.postMessage"):
            return await self._client.chat_postMessage(
                channel=spot.channel,
                thread_ts=spot.thread or None,
                metadata=label.metadata,
                unfurl_links=False,
                unfurl_media=False,
                **said,
            )

    async def once(
        self,
        attempt: Callable[[bool], Awaitable[MessageRef]],
        find: Callable[[], Awaitable[MessageRef | None]],
        *,
        may_repeat: bool = False,
    ) -> MessageRef:
        """Make something; where it is not known whether it was made, look for it before trying again.

        `attempt` hears whether it may be a repeat all the same: an earlier request that got no answer may be under way
        still, and be carried out after we looked.

        Raises:
            DeliveryError: it is not there.
        """
        for pause in (*_BACKOFF_S, None):
            try:
                return await attempt(may_repeat)
            except Unsure as error:
                if pause is None:
                    raise
                may_repeat = may_repeat or error.may_follow
                await asyncio.sleep(pause)
                found = await find()
                if found is not None:
                    return found
        raise AssertionError("unreachable")

    async def tell(self, user: str, text: str) -> None:
        """Say something (mrkdwn) in the direct messages with a person.

        Raises:
            DeliveryError: it was not said.
        """
        with as_ours("chat.postMessage"):
            await self._client.chat_postMessage(channel=user, text=text)

    async def whisper(self, spot: Spot, user: str, text: str, part: Part | None = None) -> None:
        """Say something that only one person sees.

        Raises:
            DeliveryError: it was not said.
        """
        with as_ours("chat.postEphemeral"):
            await self._client.chat_postEphemeral(
                channel=spot.channel,
                user=user,
                thread_ts=spot.thread or None,
                text=text,
                blocks=part.blocks if part else None,
            )

    async def respond(self, url: str, text: str, part: Part | None = None, *, in_channel: bool = False) -> None:
        """Answer an interaction by its response_url.

        Raises:
            DeliveryError: the address is used up or expired.
        """
        hook = AsyncWebhookClient(url, session=self._session, logger=LOGGER)
        hook.proxy = proxy_for(url)
        with as_ours("response_url"):
            told = await hook.send(
                text=text,
                blocks=part.blocks if part else None,
                response_type="in_channel" if in_channel else "ephemeral",
                replace_original=False,
            )
        if told.status_code >= 500:
            raise Unsure("response_url", str(told.status_code))
        if told.status_code != 200:
            raise SlackRefused("response_url", str(told.status_code))

    # --- streaming --------------------------------------------------------------------------------------------------

    async def start_stream(self, spot: Spot, markdown: str, recipient: tuple[str, str] | None) -> MessageRef | None:
        """Begin a message that grows; None when the budget is spent.

        `recipient` is the team and the user that it is for, outside direct messages.

        Raises:
            DeliveryError: it did not begin.
        """
        team, user = recipient or (None, None)
        with as_ours("chat.startStream"):
            told = await self._client.call_now(
                "chat.startStream",
                channel=spot.channel,
                thread_ts=spot.thread,
                markdown_text=markdown,
                recipient_team_id=team,
                recipient_user_id=user,
            )
        if told is None:
            return None
        self._streamed.add(str(told["ts"]))
        return ref_of(str(told["channel"]), str(told["ts"]))

    async def append_stream(self, ref: MessageRef, markdown: str) -> bool:
        """Add to a growing message; False when the budget is spent.

        Raises:
            DeliveryError: the stream is over, or it is not known whether it was added.
        """
        channel, ts = ref.channel, ref.message
        with as_ours("chat.appendStream"):
            told = await self._client.call_now("chat.appendStream", channel=channel, ts=ts, markdown_text=markdown)
        return told is not None

    async def stop_stream(
        self, ref: MessageRef, markdown: str, part: Part, label: Label, session_status: str | None
    ) -> None:
        """End a growing message with its last words, and what stands beneath.

        Raises:
            DeliveryError: the stream was over, or it is not known whether it ended.
        """
        with as_ours("chat.stopStream"):
            await self._client.chat_stopStream(
                channel=ref.channel,
                ts=ref.message,
                markdown_text=markdown or None,
                blocks=part.under or None,
                metadata=label.metadata,
                session_status=session_status,
            )

    async def cut_stream(self, ref: MessageRef) -> None:
        """End a growing message as it is; one that is over already is left so.

        Raises:
            DeliveryError: it is not known whether it ended.
        """
        try:
            with as_ours("chat.stopStream"):
                await self._client.chat_stopStream(channel=ref.channel, ts=ref.message)
        except SlackRefused as error:
            if error.code not in ("message_not_in_streaming_state", "stopped_by_user", "message_not_found"):
                raise

    # --- changing ---------------------------------------------------------------------------------------------------

    async def update(self, ref: MessageRef, part: Part, label: Label) -> None:
        """Show something else in a message; a stream that still runs in it is ended.

        Raises:
            DeliveryError: it cannot be changed.
        """
        try:
            await self._update(ref, part, label)
        except SlackRefused as error:
            if error.code != "streaming_state_conflict":
                raise
            await self.cut_stream(ref)
            await self._update(ref, part, label)

    async def update_now(self, ref: MessageRef, part: Part, label: Label) -> bool:
        """Show a state on the way, and end a stream that still runs in it; False when the budget is spent.

        Raises:
            DeliveryError: it cannot be changed.
        """
        try:
            return await self._update_now(ref, part, label)
        except SlackRefused as error:
            if error.code != "streaming_state_conflict":
                raise
            await self.cut_stream(ref)
            return await self._update_now(ref, part, label)

    async def _update_now(self, ref: MessageRef, part: Part, label: Label) -> bool:
        said = {"text": part.text, "blocks": part.blocks, "metadata": label.metadata}
        with as_ours("chat.update"):
            told = await self._client.call_now("chat.update", channel=ref.channel, ts=ref.message, **said)
        return told is not None

    async def _update(self, ref: MessageRef, part: Part, label: Label) -> None:
        if ref.message in self._repeats:
            part = _marked(part)
        try:
            await self._change(ref, label, part.text, part.blocks)
        except SlackRefused as error:
            if error.code not in BAD_BLOCKS:
                raise
            await self._change(ref, label, part.whole_text, [])

    async def _change(self, ref: MessageRef, label: Label, text: str, blocks: list[dict[str, Any]]) -> None:
        with as_ours("chat.update"):
            await self._client.chat_update(
                channel=ref.channel, ts=ref.message, text=text, blocks=blocks, metadata=label.metadata
            )

    async def delete(self, ref: MessageRef) -> None:
        """Take a message back; one that is gone is left so.

        Raises:
            DeliveryError: it stays.
        """
        try:
            with as_ours("chat.delete"):
                await self._client.chat_delete(channel=ref.channel, ts=ref.message)
        except SlackRefused as error:
            if error.code != "message_not_found":
                raise

    # --- finding ----------------------------------------------------------------------------------------------------

    async def find(self, spot: Spot, label: Label) -> MessageRef | None:
        """The message that carries a label, if it was made.

        Raises:
            DeliveryError: the channel cannot be searched.
        """
        async for message in self.recent(spot, label.since):
            if label.is_on(message):
                return ref_of(spot.channel, message["ts"])
        return None

    async def find_stream(self, spot: Spot, since: datetime, text: str = "") -> MessageRef | None:
        """A message of ours that never got its metadata, since its stream's beginning was never answered; each once.

        Args:
            text: all that it says, where that is known.

        Raises:
            DeliveryError: the thread cannot be searched.
        """
        async for message in self.recent(spot, since):
            is_bare = not message.get("metadata") and not message.get("files") and text in ("", message.get("text"))
            if is_bare and message["ts"] not in self._streamed and float(message["ts"]) >= since.timestamp() - 5:
                self._streamed.add(message["ts"])
                return ref_of(spot.channel, message["ts"])
        return None

    async def recent(self, spot: Spot, since: datetime) -> AsyncIterator[dict[str, Any]]:
        """The app's own messages in a place since about a moment.

        Raises:
            DeliveryError: the place cannot be read.
        """
        oldest = f"{(since - _SKEW).timestamp():.6f}"
        cursor = ""
        for _ in range(_PAGES):
            told = await self._page(spot, oldest=oldest, cursor=cursor)
            for message in told["messages"]:
                if message.get("bot_id") == self._me.bot or message.get("user") == self._me.user:
                    yield message
            cursor = (told.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return

    async def _page(self, spot: Spot, *, oldest: str, cursor: str) -> AsyncSlackResponse:
        window: dict[str, Any] = {
            "channel": spot.channel,
            "oldest": oldest,
            "cursor": cursor or None,
            "limit": _PAGE,
            "include_all_metadata": True,
        }
        if spot.thread:
            with as_ours("conversations.replies"):
                return await self._client.conversations_replies(ts=spot.thread, **window)
        with as_ours("conversations.history"):
            return await self._client.conversations_history(**window)


def _marked(part: Part) -> Part:
    """A message that says that it may be a repeat."""
    return replace(part, note="\n".join(filter(None, (part.note, say("repeat", part.locale)))))


def is_gone(error: DeliveryError) -> bool:
    """Whether a message cannot be changed any more, so that another has to take its place."""
    return isinstance(error, SlackRefused) and not error.retryable
