"""The worker's counter tells what a prompt costs, from before the weights are there and while the model generates."""

from __future__ import annotations

import copy
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

from bot.engine.channel import Channel
from bot.engine.prompts import ChatPrompts, KeptPrompts
from bot.engine.wire import Message, unpack_messages
from bot.errors import RequestRejected

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Counter:
    """A thread with a tokenizer of its own. Questions that come before it starts wait for it; prompts that it checked
    are kept."""

    def __init__(self, channel: Channel, kept: KeptPrompts) -> None:
        self._channel = channel
        self._questions: SimpleQueue[Message] = SimpleQueue()
        self._kept = kept

    def ask(self, message: Message) -> None:
        """A `count` or a `check`, answered on the channel."""
        self._questions.put(message)

    def start(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Begin to answer.

        Raises:
            RequestRejected: the tokenizer's template takes no message at all.
        """
        prompts = ChatPrompts(copy.deepcopy(tokenizer), self._kept)

        def answer_all() -> None:
            while True:
                message = self._questions.get()
                self._channel.send_all([_answer(prompts, message)])

        threading.Thread(target=answer_all, name="counter", daemon=True).start()


def _answer(prompts: ChatPrompts, message: Message) -> Message:
    ask, messages = message["ask"], unpack_messages(message["messages"])
    try:
        if message["kind"] == "count":
            return {"kind": "counted", "ask": ask, "tokens": prompts.count(messages)}
        return {"kind": "checked", "ask": ask, "tokens": prompts.check(messages)}
    except RequestRejected as error:
        reason = error.values["reason"]
    except Exception as error:  # one odd text must not end the counting
        reason = f"it cannot be tokenized ({type(error).__name__})"
    return {"kind": "unanswerable", "ask": ask, "reason": reason}
