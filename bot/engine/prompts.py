"""Messages to tokens, by the tokenizer's own chat template.

What people wrote is encoded as ordinary text: a control token typed into a message stays letters.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from jinja2 import TemplateError

from bot.domain.generation import PromptMessage, Role
from bot.engine.pieces import Pieces
from bot.errors import RequestRejected

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PROBE = "x"
_KEPT = 64


class KeptPrompts:
    """The tokens of prompts that were checked and not run yet: the latest few, written by one thread and read by
    another."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[PromptMessage, ...], list[int]] = OrderedDict()

    def keep(self, messages: Sequence[PromptMessage], tokens: list[int]) -> None:
        """Remember the tokens, and forget the oldest when there are too many."""
        self._tokens[tuple(messages)] = tokens
        if len(self._tokens) > _KEPT:
            self._tokens.popitem(last=False)

    def take(self, messages: Sequence[PromptMessage]) -> list[int] | None:
        """The tokens, which are the caller's then; None where they are not known."""
        return self._tokens.pop(tuple(messages), None)


class ChatPrompts:
    """Encodes prompts with one tokenizer. Not for several threads at once: give each its own copy of the tokenizer.

    Some templates take no system message, or only users and assistants in alternation. For those a system message is
    put before the first user's words, and neighbours of one role become one message.

    Args:
        kept: what is shared with another thread's prompts, so that a text is encoded once: a long one takes as long as
            a step of the model.

    Raises:
        RequestRejected: from `__init__`, when the template takes not even one user message.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, kept: KeptPrompts | None = None) -> None:
        self._tokenizer = tokenizer
        self._pieces = Pieces(tokenizer)
        self._kept = kept or KeptPrompts()
        user, assistant = PromptMessage(Role.USER, _PROBE), PromptMessage(Role.ASSISTANT, _PROBE)
        system = PromptMessage(Role.SYSTEM, _PROBE)
        probe = self._length_of_text(_PROBE)
        opening = len(self._render([user]))
        self._takes_system = self._accepts([system, user])
        self._takes_neighbours = self._accepts([user, user])
        pair = len(self._render([user, assistant, user])) - opening - 2 * probe
        self._around = max(0, -(-pair // 2))
        self._once = max(0, opening - probe - self._around)
        self._around_system = self._around
        if self._takes_system:
            self._around_system = max(0, len(self._render([system, user])) - opening - probe)

    def encode(self, messages: Sequence[PromptMessage]) -> list[int]:
        """The prompt's tokens: ready for the model to answer, or to go on with a last message of the assistant's.

        Raises:
            RequestRejected: the template takes no such sequence of messages, or a text is not valid Unicode.
        """
        return self._kept.take(messages) or self._render(self._fitted(messages))

    def check(self, messages: Sequence[PromptMessage]) -> int:
        """How many tokens `encode` will give, and keep them for it.

        Raises:
            RequestRejected: as `encode`.
        """
        tokens = self._render(self._fitted(messages))
        self._kept.keep(messages, tokens)
        return len(tokens)

    def count(self, messages: Sequence[PromptMessage]) -> list[int]:
        """What each message costs, the template's tokens around it included.

        What belongs to no message (the beginning of the text, the opening of the answer) is counted on the last, so
        that the sum over any choice of messages that keeps the last is what the prompt of that choice costs.

        Raises:
            RequestRejected: a text is not valid Unicode.
        """
        costs = [self._length_of_text(message.content) + self._cost_around(message) for message in messages]
        if costs:
            costs[-1] += self._once
        return costs

    def decoder(self) -> Callable[[Sequence[int]], str]:
        """Tokens to text without special tokens."""

        def decode(tokens: Sequence[int]) -> str:
            text = self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
            return str(text)

        return decode

    def _cost_around(self, message: PromptMessage) -> int:
        return self._around_system if message.role is Role.SYSTEM else self._around

    def _length_of_text(self, text: str) -> int:
        _check_unicode(text)
        return len(self._tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True))

    def _accepts(self, messages: Sequence[PromptMessage]) -> bool:
        try:
            self._render(messages)
        except RequestRejected:
            return False
        return True

    def _render(self, messages: Sequence[PromptMessage]) -> list[int]:
        continues = messages[-1].role is Role.ASSISTANT
        for message in messages:
            _check_unicode(message.content)
        chat: list[dict[str, Any]] = [{"role": str(message.role), "content": message.content} for message in messages]
        options: dict[str, Any] = {"add_generation_prompt": not continues, "continue_final_message": continues}
        try:
            if self._pieces.takes(message.content for message in messages):
                text = self._tokenizer.apply_chat_template(chat, tokenize=False, **options)
                return self._pieces.encode(cast(str, text))
            tokens = self._tokenizer.apply_chat_template(
                chat, tokenize=True, return_dict=False, sanitize_control_tokens=True, **options
            )
        except TemplateError as error:
            raise RequestRejected(reason=f"the model's chat template refuses these messages ({error})") from error
        return cast(list[int], tokens)

    def _fitted(self, messages: Sequence[PromptMessage]) -> list[PromptMessage]:
        """The messages as the template can take them. An empty last message of the assistant's means: begin one."""
        fitted = list(messages)
        if len(fitted) > 1 and fitted[-1].role is Role.ASSISTANT and not fitted[-1].content.strip():
            fitted.pop()
        if not self._takes_system:
            fitted = [
                PromptMessage(Role.USER, message.content) if message.role is Role.SYSTEM else message
                for message in fitted
            ]
        return fitted if self._takes_neighbours else _joined(fitted)


def _check_unicode(text: str) -> None:
    """Half a surrogate pair is no character, and no tokenizer takes it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RequestRejected(reason="the text is not valid Unicode") from error


def _joined(messages: Sequence[PromptMessage]) -> list[PromptMessage]:
    joined: list[PromptMessage] = []
    for message in messages:
        if joined and joined[-1].role is message.role:
            message = PromptMessage(message.role, f"{joined.pop().content}\n\n{message.content}")
        joined.append(message)
    return joined
