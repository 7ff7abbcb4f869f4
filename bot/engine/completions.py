"""One OpenAI-compatible server, asked for chat completions: requests to its words, its words and errors to ours.

Which server is asked, how often, and what people hear of it is decided in `bot.engine.remote`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import openai

from bot.domain.generation import FinishReason, GenerationRequest, PromptMessage, Role
from bot.errors import EngineDown, GenerationError, PromptTooLong, RequestRejected

_TOO_LONG = re.compile(
    r"context.{0,20}(length|size|window)|"
    r"maximum (model|sequence|prompt|input) length|prompt is too long|too many tokens",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_GO_ON = "Continue your last message exactly where it stopped. Do not repeat anything and do not comment."
_GO_ON_ZH = "请从你上一条消息停下的地方接着写，不要重复，也不要说明。"
_REASON_LENGTH = 200


class Unavailable(Exception):
    """A server did not answer, or stopped in the middle.

    `again_s` is how long it asked us to wait, `hung` that it took its whole time, and `hurts` whether it speaks
    against the server.
    """

    def __init__(self, detail: str, *, again_s: float = 0.0, hung: bool = False, hurts: bool = True) -> None:
        self.detail = detail
        self.again_s = again_s
        self.hung = hung
        self.hurts = hurts
        super().__init__(detail)


class UnknownModel(EngineDown):
    """The server does not know the model that was asked for."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What one chunk of the stream said. `usage` counts prompt and completion tokens."""

    text: str = ""
    reason: FinishReason | None = None
    model: str = ""
    usage: tuple[int, int] | None = None


class CompletionServer:
    """A client for one address.

    Args:
        model: what to ask for; empty for the first that the server names, or whatever it serves.
        timeout_s: until the first chunk, and between two.
    """

    def __init__(self, url: str, *, model: str, key: str, timeout_s: float, connect_timeout_s: float) -> None:
        self.client = openai.AsyncOpenAI(
            base_url=url,
            api_key=key or "none",
            max_retries=0,
            timeout=openai.Timeout(timeout_s, connect=connect_timeout_s),
        )
        self._timeout_s = timeout_s
        self.model = model
        self._knows_model = bool(model)
        # Whether it refuses fields that not every server has.
        self._is_plain = False

    async def close(self) -> None:
        """Close all connections."""
        await self.client.close()

    async def find_model(self) -> None:
        """Learn what the server calls its model, unless that is known.

        Raises:
            Unavailable: nobody answers at this address.
        """
        if self._knows_model:
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                page = await self.client.models.list()
        except openai.APIStatusError:
            # It is there but lists no models (`transformers serve` without a Hub cache): it serves one without a name.
            self._knows_model = True
            return
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            raise unavailable(error) from error
        # LoRA weights that a server has loaded are listed as well, and name their base model as parent.
        listed = [model for model in getattr(page, "data", None) or [] if not getattr(model, "parent", None)]
        names = [model.id for model in listed if isinstance(model.id, str)]
        self.model = names[0] if names else ""
        self._knows_model = True

    async def stream(self, request: GenerationRequest, max_tokens: int) -> AsyncGenerator[Delta]:
        """Ask, and give what comes, chunk by chunk. Close the iterator to cancel.

        Raises:
            Unavailable: it could not be reached, hung, broke off, or spoke no known protocol.
            RequestRejected, PromptTooLong: the request is impossible; PromptTooLong without values.
            EngineDown: it does not know us (or the model: UnknownModel), and trying again will not help.
        """
        ended = False
        chunks = 0
        try:
            stream = await self._open(request, max_tokens)
            async with aclosing(stream):
                while (chunk := await self._next(stream)) is not None:
                    delta = _delta(chunk)
                    if delta is None:
                        continue
                    chunks += 1
                    ended = ended or delta.reason is not None
                    yield delta
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            raise _our_error(error) from error
        if not chunks:
            raise Unavailable("it answers, but not as an OpenAI-compatible server does; check ENGINE_URL")
        if not ended:
            raise Unavailable("its answer broke off")

    async def _next(self, stream: AsyncIterator[Any]) -> Any:
        async with asyncio.timeout(self._timeout_s):
            return await anext(stream, None)

    async def _open(self, request: GenerationRequest, max_tokens: int) -> Any:
        """Begin the stream, without the less common fields where the server refuses them."""
        common, special = self._fields(request, max_tokens)
        async with asyncio.timeout(self._timeout_s):
            if not self._is_plain:
                try:
                    return await self._create(**common, **special)
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    if _TOO_LONG.search(said(error)):
                        raise
            stream = await self._create(**common)
            self._is_plain = True
            return stream

    async def _create(self, **fields: Any) -> Any:
        return await self.client.chat.completions.create(stream=True, **fields)

    def _fields(self, request: GenerationRequest, max_tokens: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The request in OpenAI's words, and in those that only some servers know."""
        sampling = request.sampling
        common = {
            "model": request.release or self.model or openai.omit,
            "messages": _messages(request.messages),
            "max_tokens": max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stop": list(sampling.stop) or None,
        }
        extra = {
            "top_k": sampling.top_k,
            "min_p": sampling.min_p,
            "repetition_penalty": sampling.repetition_penalty,
        }
        special = {
            "stream_options": {"include_usage": True},
            "extra_body": {name: value for name, value in extra.items() if value is not None},
        }
        return {name: value for name, value in common.items() if value is not None}, special


def _messages(messages: Sequence[PromptMessage]) -> list[dict[str, str]]:
    """The prompt; a last message of the assistant's is followed by a user's who asks to go on.

    Servers disagree on the fields that would make them continue it, and some ignore those silently and answer anew.
    """
    said = [{"role": str(message.role), "content": message.content} for message in messages]
    if messages[-1].role is Role.ASSISTANT:
        go_on = _GO_ON_ZH if _HAN.search(messages[-1].content) else _GO_ON
        said.append({"role": str(Role.USER), "content": go_on})
    return said


def _delta(chunk: Any) -> Delta | None:
    """What a chunk says; None when it is no completion chunk. The library does not check what a server sends."""
    usage = getattr(chunk, "usage", None)
    counts = (getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
    known = (counts[0], counts[1]) if isinstance(counts[0], int) and isinstance(counts[1], int) else None
    choices = getattr(chunk, "choices", None)
    if not isinstance(choices, list):
        return None
    if not choices:
        return Delta(usage=known) if known else None
    content = getattr(getattr(choices[0], "delta", None), "content", None)
    ended = getattr(choices[0], "finish_reason", None)
    reason = None if not ended else FinishReason.LENGTH if ended == "length" else FinishReason.STOP
    model = getattr(chunk, "model", None)
    return Delta(
        text=content if isinstance(content, str) else "",
        reason=reason,
        model=model if isinstance(model, str) else "",
        usage=known,
    )


def _our_error(error: Exception) -> GenerationError | Unavailable:
    """The library's error as ours, most specific first."""
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return EngineDown(detail=f"the server refuses the key ({error.status_code}): check ENGINE_KEY")
        case openai.NotFoundError():
            return UnknownModel(detail=f"not found ({said(error)}): check ENGINE_MODEL and ENGINE_URL")
        case openai.RateLimitError():
            return Unavailable("it is over its limit (429)", again_s=_retry_after(error), hurts=False)
        case openai.APIStatusError() if 400 <= error.status_code < 500 and error.status_code not in (408, 409):
            return PromptTooLong() if _TOO_LONG.search(said(error)) else RequestRejected(reason=said(error))
    return unavailable(error)


def unavailable(error: Exception) -> Unavailable:
    """A failure that says nothing against the request."""
    match error:
        case openai.APITimeoutError() | TimeoutError():
            return Unavailable("it did not answer in time", hung=True)
        case openai.APIStatusError():
            return Unavailable(f"it answered {error.status_code}", again_s=_retry_after(error))
        case openai.APIConnectionError():
            return Unavailable(f"it cannot be reached or broke off ({type(error.__cause__ or error).__name__})")
        case openai.APIError():
            return Unavailable("it reported an error in the middle of its answer")
    return Unavailable(f"it sent what cannot be read ({type(error).__name__}); check ENGINE_URL")


def said(error: openai.APIStatusError) -> str:
    """What the server says of a refusal, in one line."""
    body = error.body
    said = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return " ".join(str(said or error.message).split())[:_REASON_LENGTH]


def _retry_after(error: openai.APIStatusError) -> float:
    """Seconds that the server asks for. The form with a date is rare among these servers, and not read."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
