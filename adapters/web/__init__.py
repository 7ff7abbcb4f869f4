"""The local page and dashboard, an adapter like any other, served by aiohttp on loopback."""

from adapters.web.lifecycle import WebPlatform

__all__ = ["WebPlatform"]
