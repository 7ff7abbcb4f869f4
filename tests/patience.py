"""How long tests wait for what has to happen: so long that a busy machine fails none, and below pytest's own limit.

No test's time is measured by it, and none waits for it to pass.
"""

from __future__ import annotations

PATIENCE_S = 60.0
