"""The painter's process: `python -m bot.engine._painting_worker MODEL THREADS DTYPE [CHECKER]`.

It speaks frames (`bot.engine.wire`) on its standard input and output, and ends by itself when its input does. The main
thread loads the pipeline and paints one request after another; a reader takes messages in and ends the process at the
end of the input. Messages by their `kind`, first those that come in:

    paint    {id, seed, request}           → step*, part*, then painted, refused, cancelled or broken; source in base64
    cancel   {id}                          the painting ends after its present step

    progress {detail}                      loading began
    download {done, total}                 the model is being fetched from the Hub: bytes
    ready    {detail, traits}              pictures can be painted
    failed   {detail, unreachable}         they never can; the process ends
    step     {id, done, total, preview}    preview: a small PNG in base64, or null
    part     {id, picture, data}           the next bytes of a picture, base64
    painted  {id, parameters, seeds, media_type}  all parts were sent
    refused  {id, line, values}            why the request is impossible: a line for people
    cancelled {id}
    broken   {id, detail, memory}          a step failed; detail names the error, and holds no content
"""

from __future__ import annotations

import base64
import faulthandler
import gc
import os
import signal
import sys
import threading
import traceback
from dataclasses import asdict
from queue import SimpleQueue

from bot.engine._drawing import Drawn
from bot.engine._pipeline import Pipeline
from bot.engine.channel import Channel, place_of
from bot.engine.wire import Message, unpack_paint
from bot.errors import ModelError, ModelUnreachable, RequestRejected

# Small enough that the bot's event loop, which decodes it, is not held up.
_PART_BYTES = 256 * 1024


class _Cancelled(Exception):
    """Raised in a step's callback: the shortest way out of a pipeline."""


class PaintingWorker:
    """One pipeline's process."""

    def __init__(self, channel: Channel, model: str, threads: int, dtype: str, checker: str) -> None:
        self._channel = channel
        self._model = model
        self._threads = threads
        self._dtype = dtype
        self._checker = checker
        self._requests: SimpleQueue[Message] = SimpleQueue()
        self._cancelled = -1

    def work(self) -> None:
        """Load, then paint until the input ends. Returns only when the model cannot be loaded."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        self._channel.send("progress", detail=f"loading {self._model}")
        try:
            pipeline = Pipeline.load(
                self._model,
                self._threads,
                self._dtype,
                self._checker,
                told=lambda done, total: self._channel.send("download", done=done, total=total),
            )
        except ModelError as error:
            self._channel.send("failed", detail=str(error), unreachable=isinstance(error, ModelUnreachable))
            return
        except Exception as error:  # whatever it is, another try would meet it again
            traceback.print_exc()
            self._channel.send(
                "failed", detail=f"{self._model} could not be loaded ({place_of(error)}).", unreachable=False
            )
            return
        self._channel.send("ready", detail=pipeline.description, traits=asdict(pipeline.traits))
        while True:
            self._paint(pipeline, self._requests.get())

    def _read(self) -> None:
        while (message := self._channel.receive()) is not None:
            if message["kind"] == "paint":
                self._requests.put(message)
            else:
                self._cancelled = message["id"]
        # The main thread may be deep in a step or a load, and nobody is left to look at the picture.
        os._exit(0)

    def _paint(self, pipeline: Pipeline, message: Message) -> None:
        number = message["id"]

        def on_step(done: int, total: int, preview: bytes | None) -> None:
            if self._cancelled == number:
                raise _Cancelled
            shown = None if preview is None else base64.b64encode(preview).decode("ascii")
            self._channel.send("step", id=number, done=done, total=total, preview=shown)

        try:
            drawn = pipeline.paint(unpack_paint(message["request"]), message["seed"], on_step)
        except _Cancelled:
            self._channel.send("cancelled", id=number)
        except RequestRejected as error:
            self._channel.send("refused", id=number, line=error.line, values=error.values)
        except Exception as error:  # one failing request must not end the others
            self._channel.send("broken", id=number, detail=place_of(error), memory=_is_about_memory(error))
        else:
            self._send(number, drawn)

    def _send(self, number: int, drawn: Drawn) -> None:
        for index, picture in enumerate(drawn.files):
            for start in range(0, len(picture), _PART_BYTES):
                data = base64.b64encode(picture[start : start + _PART_BYTES]).decode("ascii")
                self._channel.send("part", id=number, picture=index, data=data)
        self._channel.send(
            "painted", id=number, parameters=drawn.parameters, seeds=drawn.seeds, media_type=drawn.media_type
        )


def _is_about_memory(error: Exception) -> bool:
    """Torch has a class for a full graphics card only; on the processor its allocator says it in words."""
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def main(arguments: list[str]) -> None:
    """Serve the model named by the arguments."""
    # What a start imports is no garbage: looking through it for some, every 700 objects, was a sixth of the start.
    gc.set_threshold(10_000, 10, 10)
    channel = Channel.on_standard_streams()
    faulthandler.enable()
    # A service manager's SIGTERM goes to every process of the service; the bot still wants its pictures finished then.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["DIFFUSERS_DISABLE_REMOTE_CODE"] = "1"
    model, threads, dtype, checker = (*arguments, "")[:4]
    PaintingWorker(channel, model, int(threads), dtype, checker).work()


if __name__ == "__main__":
    main(sys.argv[1:])
