"""A worker's end of the pipes, and how it names an error without saying what people wrote."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from bot.engine.wire import Message, frame, read_frame_blocking


class Channel:
    """The pipes to the bot. Any thread may send."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._sending = threading.Lock()

    @classmethod
    def on_standard_streams(cls) -> Channel:
        """Take standard input and output for frames. What libraries print goes to standard error from then on."""
        incoming, outgoing = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        return cls(os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb", buffering=0))

    def send(self, kind: str, **fields: object) -> None:
        """Send a message. When nobody is there to read it, the process has no reason to go on."""
        self.send_all([{"kind": kind, **fields}])

    def send_all(self, messages: Sequence[Message]) -> None:
        """Send several messages in one go."""
        data = memoryview(b"".join(map(frame, messages)))
        try:
            with self._sending:
                while data:
                    data = data[self._outgoing.write(data) :]
        except BrokenPipeError:
            os._exit(0)

    def receive(self) -> Message | None:
        """The next message; None when the bot is gone."""
        return read_frame_blocking(self._incoming)


def place_of(error: Exception) -> str:
    """The error's type and place. Its text may quote what people wrote, so it stays here."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name} ({Path(last.filename).name}:{last.lineno})"
