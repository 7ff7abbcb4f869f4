"""Throughput and time to the first token against the number of conversations, as a picture for the README."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

# Read well on white and on black, as the README is shown in both.
_INK = "#7d8590"
_COLOURS = {
    "ours": "#e5484d",
    "generate": "#8b8d98",
    "static": "#3e8ed0",
    "transformers_cb": "#a371f7",
    "openvino": "#d29922",
}
_NAMES = {
    "ours": "Inkling",
    "generate": "transformers, one after another",
    "static": "transformers, one padded batch",
    "transformers_cb": "transformers, continuous batching",
    "openvino": "OpenVINO GenAI",
}


def draw(figures: dict[str, Any], path: Path) -> None:
    """Save as the path's ending says, .svg or .png."""
    # Text stays text in an SVG, and equal figures give equal files.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "inkling", "font.size": 9})
    mpl.rcParams.update(dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor"), _INK))
    mpl.rcParams.update(dict.fromkeys(("xtick.color", "ytick.color", "grid.color"), _INK))
    figure = Figure(figsize=(9, 3.9), layout="constrained")
    throughput, first_token = figure.subplots(1, 2)
    for side, rates in figures["tokens_per_s"].items():
        conversations = [int(number) for number in rates]
        style = {"linewidth": 2.5} if side == "ours" else {"linewidth": 1.2, "linestyle": "--"}
        throughput.plot(
            conversations, list(rates.values()), marker="o", label=_NAMES[side], color=_COLOURS[side], **style
        )
    throughput.set(title="Throughput", ylabel="new tokens in a second")
    throughput.set_yscale("log", base=2)
    throughput.yaxis.set_major_formatter(ScalarFormatter())
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    first_ms = figures["first_token_ms"]
    first_token.plot(
        [int(number) for number in first_ms], list(first_ms.values()), marker="o", color=_COLOURS["ours"], linewidth=2.5
    )
    first_token.set(title="Time to the first token", ylabel="milliseconds, median", ylim=(0, None))
    for axes in (throughput, first_token):
        axes.set_xscale("log", base=2)
        axes.set_xlabel("conversations at once")
        axes.set_xticks([int(number) for number in first_ms])
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.2)
    figure.savefig(path, transparent=True, metadata={"Date": None} if path.suffix == ".svg" else None)
