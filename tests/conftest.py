from __future__ import annotations

import os

from bot.logs import set_up
from bot.settings import LogSettings

# Logs as in service: structlog's own default prints local variables, slowly.
set_up(LogSettings(level="INFO", format="text"))

# pytest-xdist has a process for every core. More threads than that only wait for each other, by spinning.
os.environ["OMP_NUM_THREADS"] = "1"
