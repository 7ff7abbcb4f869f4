"""The worker: a process of its own that holds the model,
`python -m bot.engine.worker MODEL THREADS DTYPE CACHE_MIB MAX_RUNNING RELEASES`, the last a JSON object of LoRA folders
by their releases' names.

It speaks frames (`bot.engine.wire`) on its standard input and output, and ends by itself when its input does: when the
bot closes it, and when the bot is gone, however it went. Three threads share the work, and a fourth for as long as
other weights load:

- *reader* takes messages in, and ends the process at the end of the input, whatever the others do;
- *counter* answers `count` and `check` with a tokenizer of its own, from before the weights are there, and while the
  model is generating;
- the main thread loads the model and steps all requests on together, whatever releases they run on.

Messages by their `kind`, first those that come in:

    count    {ask, messages}               → counted
    check    {ask, messages}               → checked, refused
    run      {id, messages, sampling, release}
                                           → started, piece*, then done, refused or broken; release: a loaded one's name
    cancel   {id}                          the run ends with done(cancelled)
    load     {ask, release, lora}          → loaded, unusable; lora: a folder
    unload   {ask, release}                → unloaded, when the last request that runs on it has ended

    progress {detail, release}             what loading is at; release: a release's name, or "" for the base model
    counting {window, base}                the tokenizer is there; base: the base model's name as a release
    ready    {detail, unusable}            the weights are there; unusable: what is wrong with releases, by their names
    failed   {detail}                      they cannot be loaded; the process ends
    counted  {ask, tokens: [int]}
    checked  {ask, tokens}
    loaded   {ask, release, lora, mib}     requests may name it; mib: the memory that it takes beside the base model
    unusable {ask, detail}                 it cannot be loaded; what is loaded stays
    unloaded {ask}
    refused  {ask or id, reason}           a sentence on why the request is impossible
    started  {id, release}
    piece    {id, text, tokens}            tokens: how many were generated so far
    done     {id, reason, prompt_tokens, completion_tokens}
    broken   {id, detail}                  its steps failed; detail names the error, and holds no content
"""

from __future__ import annotations

import copy
import faulthandler
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from bot.engine import hardware, lora, weights
from bot.engine.wire import Message, frame, read_frame_blocking, unpack_messages, unpack_sampling
from bot.errors import ModelError, PromptTooLong, RequestRejected

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bot.engine.generic import ModelPath
    from bot.engine.prompts import ChatPrompts
    from bot.engine.runner import Event, Runner

_MEBIBYTE = 2**20


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
    """One model's process. `releases` are those to begin with: folders of LoRA weights by name."""

    def __init__(
        self,
        channel: Channel,
        model: str,
        threads: int,
        dtype: str,
        cache_mib: int,
        max_running: int,
        releases: Mapping[str, str],
    ) -> None:
        self._channel = channel
        self._model = model
        self._threads = threads
        self._dtype = dtype
        self._cache_mib = cache_mib
        self._max_running = max_running
        self._releases = releases
        self._folder: Path
        self._base: ModelPath
        self._loading = threading.Lock()
        self._unloads: list[Message] = []
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
                self._confirm_unloads(runner)
            self._tell(runner.step())
            self._confirm_unloads(runner)

    def _read(self) -> None:
        try:
            while (message := self._channel.receive()) is not None:
                match message["kind"]:
                    case "run" | "cancel" | "unload":
                        self._runs.put(message)
                    case "load":
                        threading.Thread(target=self._load_release, args=(message,), name="loader", daemon=True).start()
                    case _:
                        self._asks.put(message)
        finally:
            # The main thread may be deep in a step or a load, and nobody is left to read what comes of it.
            os._exit(0)

    def _load(self) -> Runner:
        self._channel.send("progress", detail=f"looking for {self._model}", release="")
        folder = weights.find_folder(self._model)
        weights.check_folder(folder)
        self._channel.send("progress", detail=f"loading {self._model}", release="")
        tokenizer = weights.load_tokenizer(folder)
        base = weights.release_name(self._model, weights.fingerprint(folder))
        window = self._start_counting(folder, tokenizer, base)
        model = self._load_weights(folder)

        from bot.engine.generic import choose_model
        from bot.engine.prompts import ChatPrompts
        from bot.engine.runner import Defaults, Runner

        defaults, dtype = Defaults.of(model.generation_config), str(model.dtype).removeprefix("torch.")
        device = model.device.type
        self._folder, self._base = folder, choose_model(model, window)
        cache_mib = hardware.choose_cache_mib(self._cache_mib)
        runner = Runner(base, self._base, ChatPrompts(tokenizer), defaults, window, cache_mib, self._max_running)
        unusable = self._load_first_releases(runner)
        detail = f"{dtype} on {device}, {hardware.choose_threads(self._threads)} threads"
        self._channel.send("ready", detail=detail, unusable=unusable)
        return runner

    def _load_first_releases(self, runner: Runner) -> dict[str, str]:
        """Load the releases that an earlier worker had; what is wrong with those that cannot be."""
        unusable = {}
        for release, folder in self._releases.items():
            self._channel.send("progress", detail=f"loading {release}", release=release)
            try:
                runner.load(release, self._tune(release, folder))
            except ModelError as error:
                unusable[release] = str(error)
        return unusable

    def _start_counting(self, folder: Path, tokenizer: PreTrainedTokenizerBase, base: str) -> int:
        """Start the counter and return the model's window."""
        from bot.engine.prompts import ChatPrompts

        window = weights.window_of(folder, tokenizer)
        try:
            prompts = ChatPrompts(copy.deepcopy(tokenizer))
        except RequestRejected as error:
            raise ModelError(f"The chat template in {folder} is unusable: {error.values['reason']}.") from error
        threading.Thread(target=self._count, args=(prompts,), name="counter", daemon=True).start()
        self._channel.send("counting", window=window, base=base)
        return window

    def _load_weights(self, folder: Path) -> PreTrainedModel:
        import torch

        torch.set_num_threads(hardware.choose_threads(self._threads))
        device = hardware.choose_device()
        return weights.load_model(folder, hardware.choose_dtype(self._dtype, device), device)

    def _load_release(self, message: Message) -> None:
        """Load a release beside what is loaded, one at a time, and leave it to the main thread to take it in."""
        try:
            with self._loading:
                path = self._tune(message["release"], message["lora"])
        except ModelError as error:
            self._channel.send("unusable", ask=message["ask"], detail=str(error))
        else:
            self._runs.put({**message, "path": path})

    def _tune(self, release: str, adapter: str) -> ModelPath:
        """The base model with LoRA weights merged into it.

        Raises:
            ModelError: they cannot be; everything else goes on.
        """
        from bot.engine.generic import tuned

        try:
            lora.check_release(release, Path(adapter))
            model = self._load_weights(self._folder)
            return tuned(self._base, model, lora.merge(model, Path(adapter), release))
        except ModelError:
            raise
        except Exception as error:  # whatever it is, what is loaded must go on
            raise ModelError(f"The weights in {adapter} could not be loaded ({_where(error)}).") from error

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
        match message["kind"]:
            case "load":
                release, path = message["release"], message["path"]
                runner.load(release, path)
                mib = round(path.own_bytes / _MEBIBYTE, 1)
                self._channel.send("loaded", ask=message["ask"], release=release, lora=message["lora"], mib=mib)
            case "unload":
                runner.unload(message["release"])
                self._unloads.append(message)
            case "cancel":
                self._tell(runner.cancel(message["id"]))
            case _:
                self._open(runner, message)

    def _open(self, runner: Runner, message: Message) -> None:
        number, messages = message["id"], unpack_messages(message["messages"])
        try:
            runner.open(number, messages, unpack_sampling(message["sampling"]), message["release"])
        except RequestRejected as error:
            self._channel.send("refused", id=number, reason=error.values["reason"])
        except PromptTooLong as error:
            self._channel.send("refused", id=number, reason=f"{error.values['tokens']} tokens do not fit the window")
        except Exception as error:  # one odd text must not end the others
            self._channel.send("broken", id=number, detail=_where(error))

    def _confirm_unloads(self, runner: Runner) -> None:
        for message in [message for message in self._unloads if not runner.runs_on(message["release"])]:
            self._unloads.remove(message)
            self._channel.send("unloaded", ask=message["ask"])

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
    model, threads, dtype, cache_mib, max_running, releases = arguments
    Worker(channel, model, int(threads), dtype, int(cache_mib), int(max_running), json.loads(releases)).work()


if __name__ == "__main__":
    main(sys.argv[1:])
