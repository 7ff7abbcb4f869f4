"""The worker: a process of its own that holds the model,
`python -m bot.engine.worker MODEL THREADS DTYPE CACHE_MIB MAX_RUNNING RELEASE LORA`.

It speaks frames (`bot.engine.wire`) on its standard input and output, and ends by itself when its input does: when the
bot closes it, and when the bot is gone, however it went. Three threads share the work, and a fourth for as long as
other weights load:

- *reader* takes messages in, and ends the process at the end of the input, whatever the others do;
- *counter* answers `count` and `check` with a tokenizer of its own, from before the weights are there, and while the
  model is generating;
- the main thread loads the model and steps all requests on together.

Messages by their `kind`, first those that come in:

    count    {ask, messages}               → counted
    check    {ask, messages}               → checked, refused
    run      {id, messages, sampling}      → started, piece*, then done, refused or broken
    cancel   {id}                          the run ends with done(cancelled)
    use      {ask, release, lora}          → used, unusable; lora: a folder, or "" for the base model alone

    progress {detail}                      what loading is at
    counting {window}                      the tokenizer is there
    ready    {release, detail}             the weights are there
    failed   {detail}                      they cannot be loaded; the process ends
    counted  {ask, tokens: [int]}
    checked  {ask, tokens}
    used     {ask, release}                from now on requests begin with these weights
    unusable {ask, detail}                 the weights in service stay
    refused  {ask or id, reason}           a sentence on why the request is impossible
    started  {id, release}
    piece    {id, text, tokens}            tokens: how many were generated so far
    done     {id, reason, prompt_tokens, completion_tokens}
    broken   {id, detail}                  its steps failed; detail names the error, and holds no content
"""

from __future__ import annotations

import copy
import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from bot.engine import hardware, lora, weights
from bot.engine.wire import Message, frame, read_frame_blocking, unpack_messages, unpack_sampling
from bot.errors import ModelError, PromptTooLong, RequestRejected

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bot.engine.prompts import ChatPrompts
    from bot.engine.runner import Event, Runner


class Channel:
    """The pipes to the engine. Any thread may send."""

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
        """The next message; None when the engine is gone."""
        return read_frame_blocking(self._incoming)


class Worker:
    """One model's process."""

    def __init__(
        self,
        channel: Channel,
        model: str,
        threads: int,
        dtype: str,
        cache_mib: int,
        max_running: int,
        release: str,
        lora: str,
    ) -> None:
        self._channel = channel
        self._model = model
        self._threads = threads
        self._dtype = dtype
        self._cache_mib = cache_mib
        self._max_running = max_running
        self._first = (release, lora)
        self._asks: SimpleQueue[Message] = SimpleQueue()
        self._runs: SimpleQueue[Message] = SimpleQueue()

    def work(self) -> None:
        """Load, then serve until the input ends. Returns only when the model cannot be loaded."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        try:
            runner = self._load()
        except ModelError as error:
            self._channel.send("failed", detail=str(error))
            return
        except Exception as error:  # whatever it is, another try would meet it again
            traceback.print_exc()
            self._channel.send("failed", detail=f"The model {self._model} could not be loaded ({_where(error)}).")
            return
        while True:
            while runner.is_idle or not self._runs.empty():
                self._take(runner, self._runs.get())
            self._tell(runner.step())

    def _read(self) -> None:
        try:
            while (message := self._channel.receive()) is not None:
                match message["kind"]:
                    case "run" | "cancel":
                        self._runs.put(message)
                    case "use":
                        threading.Thread(target=self._load_release, args=(message,), name="loader", daemon=True).start()
                    case _:
                        self._asks.put(message)
        finally:
            # The main thread may be deep in a step or a load, and nobody is left to read what comes of it.
            os._exit(0)

    def _load(self) -> Runner:
        self._channel.send("progress", detail=f"looking for {self._model}")
        folder = weights.find_folder(self._model)
        weights.check_folder(folder)
        self._channel.send("progress", detail=f"loading {self._model}")
        tokenizer = weights.load_tokenizer(folder)
        window = self._start_counting(folder, tokenizer)
        release = self._first[0] or weights.release_name(self._model, weights.fingerprint(folder))
        model = self._load_weights(folder, *self._first)

        from bot.engine.generic import choose_model
        from bot.engine.prompts import ChatPrompts
        from bot.engine.runner import Defaults, Runner

        defaults, dtype = Defaults.of(model.generation_config), str(model.dtype).removeprefix("torch.")
        path = choose_model(model, window)
        cache_mib = hardware.choose_cache_mib(self._cache_mib)
        runner = Runner(release, path, ChatPrompts(tokenizer), defaults, window, cache_mib, self._max_running)
        detail = f"{dtype} on {model.device.type}, {hardware.choose_threads(self._threads)} threads"
        self._channel.send("ready", release=release, detail=detail)
        return runner

    def _start_counting(self, folder: Path, tokenizer: PreTrainedTokenizerBase) -> int:
        """Start the counter and return the model's window."""
        from bot.engine.prompts import ChatPrompts

        window = weights.window_of(folder, tokenizer)
        try:
            prompts = ChatPrompts(copy.deepcopy(tokenizer))
        except RequestRejected as error:
            raise ModelError(f"The chat template in {folder} is unusable: {error.values['reason']}.") from error
        threading.Thread(target=self._count, args=(prompts,), name="counter", daemon=True).start()
        self._channel.send("counting", window=window)
        return window

    def _load_weights(self, folder: Path, release: str, adapter: str) -> PreTrainedModel:
        """The base model, with the LoRA weights that are named merged into it."""
        import torch

        torch.set_num_threads(hardware.choose_threads(self._threads))
        device = hardware.choose_device()
        if adapter:
            lora.check_release(release, Path(adapter))
        model = weights.load_model(folder, hardware.choose_dtype(self._dtype, device), device)
        if adapter:
            lora.merge(model, Path(adapter))
        return model

    def _load_release(self, message: Message) -> None:
        """Load other weights beside those in service, and leave it to the main thread to change over."""
        from bot.engine.generic import choose_model

        ask, release = message["ask"], message["release"]
        try:
            folder = weights.find_folder(self._model)
            model = self._load_weights(folder, release, message["lora"])
            path = choose_model(model, weights.window_of(folder, weights.load_tokenizer(folder)))
        except ModelError as error:
            self._channel.send("unusable", ask=ask, detail=str(error))
        except Exception as error:  # whatever it is, the weights in service must go on
            self._channel.send("unusable", ask=ask, detail=f"The weights could not be loaded ({_where(error)}).")
        else:
            release = release or weights.release_name(self._model, weights.fingerprint(folder))
            self._runs.put({"kind": "use", "ask": ask, "release": release, "path": path})

    def _count(self, prompts: ChatPrompts) -> None:
        while True:
            message = self._asks.get()
            ask, messages = message["ask"], unpack_messages(message["messages"])
            try:
                if message["kind"] == "count":
                    self._channel.send("counted", ask=ask, tokens=prompts.count(messages))
                else:
                    self._channel.send("checked", ask=ask, tokens=len(prompts.encode(messages)))
            except RequestRejected as error:
                self._channel.send("refused", ask=ask, reason=error.values["reason"])
            except Exception as error:  # one odd text must not end the counting
                self._channel.send("refused", ask=ask, reason=f"it cannot be tokenized ({type(error).__name__})")

    def _take(self, runner: Runner, message: Message) -> None:
        if message["kind"] == "use":
            runner.use(message["release"], message["path"])
            self._channel.send("used", ask=message["ask"], release=message["release"])
            return
        number = message["id"]
        if message["kind"] == "cancel":
            self._tell(runner.cancel(number))
            return
        try:
            runner.open(number, unpack_messages(message["messages"]), unpack_sampling(message["sampling"]))
        except RequestRejected as error:
            self._channel.send("refused", id=number, reason=error.values["reason"])
        except PromptTooLong as error:
            self._channel.send("refused", id=number, reason=f"{error.values['tokens']} tokens do not fit the window")
        except Exception as error:  # one odd text must not end the others
            self._channel.send("broken", id=number, detail=_where(error))

    def _tell(self, events: Sequence[Event]) -> None:
        if events:
            self._channel.send_all([_message(event) for event in events])


def _message(event: Event) -> Message:
    from bot.engine.runner import Began, Broke, Ended, Said

    match event:
        case Began(number, release):
            return {"kind": "started", "id": number, "release": release}
        case Said(number, text, tokens):
            return {"kind": "piece", "id": number, "text": text, "tokens": tokens}
        case Ended(number, reason, prompt_tokens, completion_tokens):
            return {
                "kind": "done",
                "id": number,
                "reason": reason,
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
            }
        case Broke(number, error):
            return {"kind": "broken", "id": number, "detail": _where(error)}


def _where(error: Exception) -> str:
    """The error's type and place. Its text may quote what people wrote, so it stays here."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name} ({Path(last.filename).name}:{last.lineno})"


def main(arguments: list[str]) -> None:
    """Serve the model named by the arguments."""
    channel = Channel.on_standard_streams()
    faulthandler.enable()
    # A service manager's SIGTERM goes to every process of the service; the bot still wants its answers finished then.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.environ.update(TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")
    model, threads, dtype, cache_mib, max_running, release, adapter = arguments
    Worker(channel, model, int(threads), dtype, int(cache_mib), int(max_running), release, adapter).work()


if __name__ == "__main__":
    main(sys.argv[1:])
