"""The painter's asyncio side: a line of requests before one process that holds a diffusers pipeline.

It refuses impossible values, keeps the process alive, passes progress and pictures on, and paints a request again when
the process died over it, once. Pipelines and their folders are the process's business (`bot.engine._painting_worker`).
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import secrets
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import structlog

from bot.domain.generation import (
    Download,
    EngineHealth,
    EngineState,
    Painted,
    PainterTraits,
    PaintEvent,
    PaintProgress,
    PaintRequest,
    Queued,
)
from bot.engine import checksums
from bot.engine._pipeline_card import read_card
from bot.engine._pipeline_folder import INDEX, INDEX_ALONE, check_weights, hub_files, index_in, public_name, read_index
from bot.engine.hub import Kept, kept
from bot.engine.supervision import Keeper, Supervisor
from bot.engine.wire import Message, pack_paint, unpack_traits
from bot.errors import EngineDied, EngineDown, EngineLoading, GenerationError, RequestRejected

log = structlog.get_logger(__name__)

_DEATHS_OF_A_REQUEST = 2
# For what is to be loaded first: a minute.
_LOOKS = 300
_LOOK_EVERY_S = 0.2
# Seeds that are drawn stay short enough to be typed again.
_DRAWN_SEEDS = 2**31
_RANGES: dict[str, tuple[float, float]] = {
    "size": (64, 2048),
    "steps": (1, 200),
    "guidance": (0, 50),
    "count": (1, 4),
    "seed": (0, 2**63 - 1),
    "strength": (0.05, 1.0),
}


class _Job:
    """A request on its way. Its number names it on the wire, where request ids may come again."""

    def __init__(self, number: int, request: PaintRequest) -> None:
        self.number = number
        self.request = request
        # Drawn here, so that a second try after a death gives the same picture.
        self.seed = secrets.randbelow(_DRAWN_SEEDS) if request.seed is None else request.seed
        self.position = 0
        self.deaths = 0
        self.left = False
        self.pictures: defaultdict[int, bytearray] = defaultdict(bytearray)
        self.events: asyncio.Queue[PaintEvent | Exception] = asyncio.Queue()

    def tell_position(self, position: int) -> None:
        """Say where the request stands, if that is news."""
        if position != self.position:
            self.position = position
            self.events.put_nowait(Queued(position))

    async def next(self) -> PaintEvent:
        """The next event.

        Raises:
            Exception: the error that ended the request.
        """
        event = await self.events.get()
        if isinstance(event, Exception):
            raise event
        return event


class LocalPainter:
    """A `Painter` over a diffusers pipeline on this machine.

    Args:
        model: a folder or a Hub id.
        threads: for the processor's work; 0 for one a physical core.
        dtype: "auto" (by the hardware), "float32" or "bfloat16".
        checker: a folder or a Hub id of an image classifier that looks at every picture before people do; "" for none.
        instead: a folder to paint with when the model is not here and the Hub does not give it; "" for none.
        load_wait_s: how long a request waits for a painter that is loading before EngineLoading.
    """

    def __init__(
        self,
        model: str,
        *,
        threads: int = 0,
        dtype: str = "auto",
        checker: str = "",
        instead: str = "",
        load_wait_s: float = 300.0,
    ) -> None:
        self._name = public_name(model)
        self._options = (model, str(threads), dtype, checker)
        self._instead = instead
        # Which model was set, and why it does not paint.
        self._replaced = self._excuse = ""
        self._load_wait_s = load_wait_s
        self._traits: PainterTraits | None = None
        self._settled = asyncio.Event()
        self._numbers = itertools.count()
        self._line: deque[_Job] = deque()
        self._current: _Job | None = None
        self._worker = Supervisor(
            "painter",
            "bot.engine._painting_worker",
            Keeper(lambda: self._options, self._hear, self._settled.clear, self._sort_out, self._stop),
            remedy="Give the machine more memory, or choose a smaller IMAGE_MODEL.",
        )
        self._handlers: dict[str, Callable[[Message], None]] = {
            "progress": self._on_progress,
            "download": self._on_download,
            "ready": self._on_ready,
            "failed": self._on_failed,
            "step": self._on_step,
            "part": self._on_part,
            "painted": self._on_painted,
            "refused": self._on_refused,
            "cancelled": self._on_cancelled,
            "broken": self._on_broken,
        }

    # --- life ---

    async def start(self, *, after: Callable[[], bool] | None = None) -> None:
        """Begin to load in the background, and return at once; `health` tells how it goes.

        Args:
            after: loading begins once this holds, or nobody has patience for it any longer.
        """
        self._worker.start(None if after is None else lambda: _until(after))

    async def close(self) -> None:
        """Stop the process. Requests still in flight end with EngineDown."""
        await self._worker.close()

    @property
    def worker_pid(self) -> int | None:
        """The process number of the worker while there is one."""
        return self._worker.pid

    def health(self) -> EngineHealth:
        """How the painter is now. It has no window of tokens, and its release is its model."""
        return EngineHealth(
            state=self._worker.state,
            model=self._name,
            release=self._name,
            window=0,
            running=int(self._current is not None),
            waiting=len(self._line),
            detail=self._worker.detail,
            traits=self._traits,
            download=self._worker.download,
            replaced=self._replaced,
        )

    # --- the port ---

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        """See `bot.ports.Painter.paint`. Progress starts over when the request has to be painted again.

        Raises:
            RequestRejected: at once for values out of range, later for what the pipeline does not take.
            EngineLoading: the pipeline was not there in time.
            EngineDown: it cannot be loaded, or the painter was closed.
            EngineDied: its process died twice over this request.
        """
        _check(request)
        self._refuse_when_down()
        job = _Job(next(self._numbers), request)
        self._line.append(job)
        self._advance()
        try:
            if not self._settled.is_set():
                yield await job.next()
                await self._wait_for_pipeline()
            while True:
                event = await job.next()
                yield event
                if isinstance(event, Painted):
                    return
        finally:
            self._leave(job)

    async def _wait_for_pipeline(self) -> None:
        try:
            async with asyncio.timeout(self._load_wait_s):
                await self._settled.wait()
        except TimeoutError as error:
            raise EngineLoading("paint.loading") from error

    def _refuse_when_down(self) -> None:
        if self._worker.state is EngineState.FAILED:
            raise EngineDown("paint.down", detail=self._worker.detail)

    # --- a request's way ---

    def _advance(self) -> None:
        """Hand the next request to the process when it is free, and tell the others where they stand."""
        if self._worker.state is EngineState.READY and self._current is None and self._line:
            self._current = job = self._line.popleft()
            job.pictures.clear()
            self._worker.send("paint", id=job.number, seed=job.seed, request=pack_paint(job.request))
        for position, job in enumerate(self._line, start=1):
            job.tell_position(position)

    def _leave(self, job: _Job) -> None:
        """Take a request out, wherever it stands. The process is free again after its present step."""
        job.left = True
        if job in self._line:
            self._line.remove(job)
            self._advance()
        elif job is self._current:
            self._worker.send("cancel", id=job.number)

    # --- what the process says ---

    def _hear(self, message: Message) -> None:
        self._handlers[message["kind"]](message)

    def _on_progress(self, message: Message) -> None:
        self._worker.detail = message["detail"]

    def _on_download(self, message: Message) -> None:
        self._worker.downloading(self._name, Download(message["done"], message["total"]))

    def _on_ready(self, message: Message) -> None:
        self._worker.ready(" ".join(filter(None, (message["detail"], self._excuse))))
        self._traits = unpack_traits(message["traits"])
        self._settled.set()
        log.info("painter.ready", model=self._name, detail=self._worker.detail)
        self._advance()

    def _on_failed(self, message: Message) -> None:
        if not (self._instead and message["unreachable"]):
            self._worker.fail(message["detail"])
            return
        log.warning("painter.replaced", model=self._name, by=public_name(self._instead), detail=message["detail"])
        self._excuse = f"({public_name(self._instead)} paints instead: {message['detail']})"
        self._options = (self._instead, *self._options[1:])
        self._replaced, self._name, self._instead = self._name, public_name(self._instead), ""
        self._worker.download = None

    def _on_step(self, message: Message) -> None:
        preview = None if message["preview"] is None else base64.b64decode(message["preview"])
        self._job().events.put_nowait(PaintProgress(message["done"], message["total"], preview))

    def _on_part(self, message: Message) -> None:
        self._job().pictures[message["picture"]] += base64.b64decode(message["data"])

    def _on_painted(self, message: Message) -> None:
        pictures = self._job().pictures
        images = tuple(bytes(pictures[index]) for index in sorted(pictures))
        self._end_job(Painted(images, message["parameters"], tuple(message["seeds"]), message["media_type"]))

    def _on_refused(self, message: Message) -> None:
        self._end_job(RequestRejected(message["line"], **message["values"]))

    def _on_cancelled(self, message: Message) -> None:
        log.info("painter.cancelled", request=self._job().request.id)
        self._end_job(None)

    def _on_broken(self, message: Message) -> None:
        log.error("painter.request_failed", request=self._job().request.id, detail=message["detail"])
        self._end_job(GenerationError("paint.no_memory" if message["memory"] else None))

    def _job(self) -> _Job:
        """The request under way, of which alone the process speaks."""
        assert self._current is not None
        return self._current

    def _end_job(self, end: Painted | GenerationError | None) -> None:
        job, self._current = self._job(), None
        if end is not None:
            job.events.put_nowait(end)
        self._advance()

    # --- for the next process ---

    def _sort_out(self, end: str) -> bool:
        """Let the request under way be painted again, once."""
        job, self._current = self._current, None
        if job is not None and not job.left:
            job.deaths += 1
            if job.deaths == _DEATHS_OF_A_REQUEST:
                log.warning("painter.request_set_aside", request=job.request.id, deaths=job.deaths)
                job.events.put_nowait(EngineDied("paint.died"))
            else:
                self._line.appendleft(job)
        return False

    def _stop(self, detail: str) -> None:
        self._settled.set()
        for job in (*self._line, *filter(None, [self._current])):
            job.events.put_nowait(EngineDown("paint.down", detail=detail))
        self._line.clear()
        self._current = None


async def _until(met: Callable[[], bool]) -> None:
    """Look now and then, for a while."""
    for _ in range(_LOOKS):
        if met():
            return
        await asyncio.sleep(_LOOK_EVERY_S)


def check_pipeline(folder: Path) -> None:
    """Find what can be found wrong with a pipeline's folder without loading it.

    Raises:
        ModelError: it is missing, damaged, or holds what we never load.
    """
    read_index(index_in(folder))
    check_weights(folder)
    read_card(folder)
    checksums.check(folder)


def kept_pipeline(model: str) -> Kept:
    """What of a Hub model is here; the network is not asked.

    Raises:
        ModelError: its `model_index.json` asks for what is never loaded.
    """
    here = kept(model, INDEX_ALONE)
    if here.folder is None:
        return here
    return kept(model, hub_files(read_index(here.folder / INDEX)[1]))


def _check(request: PaintRequest) -> None:
    """Refuse what no pipeline paints, before it takes a place in the line."""
    if not request.prompt.strip():
        raise RequestRejected("paint.empty")
    for name, (low, high) in _RANGES.items():
        value = getattr(request, name)
        if value is not None and not low <= value <= high:
            raise RequestRejected("paint.range", option=name, low=low, high=high, value=value)
    if request.size is not None and request.size % 8:
        raise RequestRejected("paint.size", value=request.size)
    try:
        "".join((request.prompt, request.towards, request.style, request.negative)).encode()
    except UnicodeEncodeError as error:
        raise RequestRejected("paint.unicode") from error
