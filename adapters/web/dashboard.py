"""What the host looks at: the dashboard's figures, Prometheus metrics, and health for probes."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from bot.chat.reading import Dashboard, Reading, RunView
from bot.domain.generation import EngineState
from bot.domain.places import Person, Platform
from bot.errors import StorageError

# The periods that can be looked at, in hours.
PERIODS = (1, 24, 168, 720)

_NOBODY = Person(Platform.WEB, "", "")


class Monitor:
    """The host's routes."""

    def __init__(self, reading: Reading, registry: CollectorRegistry) -> None:
        self._reading = reading
        self._registry = registry

    def routes(self) -> list[web.RouteDef]:
        """What is served here."""
        return [
            web.get("/api/dashboard", self.figures),
            web.get("/plotly.js", self.plotly),
            web.get("/metrics", self.metrics),
            web.get("/healthz", self.health),
        ]

    async def figures(self, request: web.Request) -> web.Response:
        """The figures of the last `hours`."""
        hours = request.query.get("hours", "24")
        if hours not in map(str, PERIODS):
            raise web.HTTPBadRequest(text=f"hours must be one of {', '.join(map(str, PERIODS))}")
        try:
            dashboard = await self._reading.dashboard(int(hours))
        except StorageError as error:
            raise web.HTTPServiceUnavailable(text="The database does not answer; see the log.") from error
        return web.json_response(_shape(dashboard))

    async def plotly(self, request: web.Request) -> web.FileResponse:
        """plotly.js as the plotly package brings it."""
        path = Path(str(files("plotly") / "package_data" / "plotly.min.js"))
        kept = {hdrs.CACHE_CONTROL: "private, max-age=86400", hdrs.CONTENT_TYPE: "text/javascript; charset=utf-8"}
        return web.FileResponse(path, headers=kept)

    async def metrics(self, request: web.Request) -> web.Response:
        """All metrics, in Prometheus' text format."""
        return web.Response(body=generate_latest(self._registry), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})

    async def health(self, request: web.Request) -> web.Response:
        """200 when the engine is ready and the database answers, else 503; the body says which is not."""
        engine = self._reading.health()
        try:
            await self._reading.view("", _NOBODY)
            database = "ok"
        except StorageError:
            database = "unreachable"
        well = engine.state is EngineState.READY and database == "ok"
        body = {"ok": well, "engine": engine.state, "model": engine.model, "release": engine.release}
        return web.json_response(body | {"database": database}, status=200 if well else 503)


def _shape(dashboard: Dashboard) -> dict[str, Any]:
    buckets = [asdict(bucket) | {"start": int(bucket.start.timestamp() * 1000)} for bucket in dashboard.buckets]
    return {
        "buckets": buckets,
        "step_seconds": dashboard.step_seconds,
        "releases": [asdict(release) for release in dashboard.releases],
        "totals": asdict(dashboard.totals),
        "engine": asdict(dashboard.engine),
        "painter": asdict(dashboard.painter) if dashboard.painter else None,
        "line": dashboard.line,
        "data_bytes": dashboard.data_bytes,
        "training": _training(dashboard.training) if dashboard.training else None,
    }


def _training(view: RunView) -> dict[str, Any]:
    """The run and its curves, each as two lists; what the run was asked with stays on this side."""
    curves: dict[str, dict[str, list[float]]] = {}
    for point in view.curves:
        curve = curves.setdefault(point.name, {"x": [], "y": []})
        curve["x"].append(point.step)
        curve["y"].append(point.value)
    return {
        "state": view.run.state,
        "started": int(view.run.started_at.timestamp() * 1000),
        "used": view.run.used,
        "release": view.run.release,
        "progress": asdict(view.progress) if view.progress else None,
        "curves": curves,
    }
