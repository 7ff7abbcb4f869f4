from __future__ import annotations

from bot.logs import set_up
from bot.settings import LogSettings

# Logs as in service: structlog's own default prints local variables, slowly.
set_up(LogSettings(level="INFO", format="text"))
