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
    check    {ask, messages}               → checked; both: or unanswerable
    run      {id, messages, sampling, release}
                                           → started, piece*, then done, refused or broken; release: a loaded one's name
    cancel   {id}                          the run ends with done(cancelled)
    load     {ask, release, lora}          → loaded, unusable; lora: a folder
    unload   {ask, release}                → unloaded, when the last request that runs on it has ended

    progress {detail, release}             what loading is at; release: a release's name, or "" for the base model
    download {done, total}                 the model is being fetched from the Hub: bytes
    counting {window, base}                the tokenizer is there; base: the base model's name as a release
    ready    {detail, window, unusable}    the weights are there; window: what there is memory for; unusable: what is
                                           wrong with releases, by their names
    failed   {detail, unreachable}         they cannot be loaded; the process ends
    counted  {ask, tokens: [int]}
    checked  {ask, tokens}
    loaded   {ask, release, lora, mib}     requests may name it; mib: the memory that it takes beside the base model
    unusable {ask, detail}                 it cannot be loaded; what is loaded stays
    unloaded {ask}
    unanswerable {ask, reason}             a sentence on why a prompt is impossible
    refused  {id, reason}                  the same of a request
    started  {id, release}
    piece    {id, text, tokens}            tokens: how many were generated so far
    done     {id, reason, prompt_tokens, completion_tokens}
    broken   {id, detail}                  its steps failed; detail names the error, and holds no content
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING

from bot.engine import hardware
from bot.engine.channel import Channel, place_of
from bot.engine.counting import Counter
from bot.engine.loading import Loader
from bot.engine.prompts import ChatPrompts, KeptPrompts
from bot.engine.wire import Message, unpack_messages, unpack_sampling
from bot.errors import ModelError, ModelUnreachable, PromptTooLong, RequestRejected

if TYPE_CHECKING:
    from bot.engine.runner import Event, Runner

_MEBIBYTE = 2**20


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
        self._loader = Loader(model, threads, dtype)
        self._kept = KeptPrompts()
        self._counter = Counter(channel, self._kept)
        self._cache_mib = cache_mib
        self._max_running = max_running
        self._releases = releases
        self._loading = threading.Lock()
        self._unloads: list[Message] = []
        self._runs: SimpleQueue[Message] = SimpleQueue()

    def work(self) -> None:
        """Load, then serve until the input ends. Returns only when the model cannot be loaded."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        try:
            runner = self._load()
        except ModelError as error:
            self._channel.send("failed", detail=str(error), unreachable=isinstance(error, ModelUnreachable))
            return
        except Exception as error:  # whatever it is, another try would meet it again
            traceback.print_exc()
            detail = f"The model {self._model} could not be loaded ({place_of(error)})."
            self._channel.send("failed", detail=detail, unreachable=False)
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
                        self._counter.ask(message)
        finally:
            # The main thread may be deep in a step or a load, and nobody is left to read what comes of it.
            os._exit(0)

    # --- loading ---

    def _load(self) -> Runner:
        loader = self._loader
        self._channel.send("progress", detail=f"looking for {self._model}", release="")
        loader.find(lambda done, total: self._channel.send("download", done=done, total=total))
        self._channel.send("progress", detail=f"loading {self._model}", release="")
        loader.open()
        try:
            self._counter.start(loader.tokenizer)
        except RequestRejected as error:
            raise ModelError(f"The chat template of {self._model} is unusable: {error.values['reason']}.") from error
        self._channel.send("counting", window=loader.window, base=loader.release)
        loader.load()
        cache_mib = hardware.choose_cache_mib(self._cache_mib, loader.path.device.type)
        window = loader.afford(cache_mib)
        runner = self._make_runner(window, cache_mib)
        unusable = self._load_first_releases(runner)
        self._channel.send("ready", detail=loader.description, window=window, unusable=unusable)
        return runner

    def _make_runner(self, window: int, cache_mib: int) -> Runner:
        from bot.engine.runner import Runner

        loader = self._loader
        prompts = ChatPrompts(loader.tokenizer, self._kept)
        return Runner(loader.release, loader.path, prompts, loader.defaults, window, cache_mib, self._max_running)

    def _load_first_releases(self, runner: Runner) -> dict[str, str]:
        """Load the releases that an earlier worker had; what is wrong with those that cannot be."""
        unusable = {}
        for release, folder in self._releases.items():
            self._channel.send("progress", detail=f"loading {release}", release=release)
            try:
                runner.load(release, self._loader.tune(release, folder))
            except ModelError as error:
                unusable[release] = str(error)
        return unusable

    def _load_release(self, message: Message) -> None:
        """Load a release beside what is loaded, one at a time, and leave it to the main thread to take it in."""
        try:
            with self._loading:
                path = self._loader.tune(message["release"], message["lora"])
        except ModelError as error:
            self._channel.send("unusable", ask=message["ask"], detail=str(error))
        else:
            self._runs.put({**message, "path": path})

    # --- serving ---

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
            self._channel.send("broken", id=number, detail=place_of(error))

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
            return {"kind": "broken", "id": number, "detail": place_of(error)}


def main(arguments: list[str]) -> None:
    """Serve the model named by the arguments."""
    # What a start imports is no garbage: looking through it for some, every 700 objects, was a sixth of the start.
    gc.set_threshold(10_000, 10, 10)
    channel = Channel.on_standard_streams()
    faulthandler.enable()
    # A service manager's SIGTERM goes to every process of the service; the bot still wants its answers finished then.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.environ.update(TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")
    model, threads, dtype, cache_mib, max_running, releases = arguments
    Worker(channel, model, int(threads), dtype, int(cache_mib), int(max_running), json.loads(releases)).work()


if __name__ == "__main__":
    main(sys.argv[1:])
