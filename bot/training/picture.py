"""The report's picture: the losses, the ranking before and after with its interval, and how each held-out answer fared.

Its words are English: a font with Chinese characters is not on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.domain.training import Figure
from bot.training.judging import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _SOFT = "#1f2933", "#8a97a6"
_LIKED, _DISLIKED, _BEFORE, _AFTER = "#2f9e63", "#d9574a", "#b3bdc9", "#3b6fd4"
_PHASES = {
    "sft_loss": ("liked answers (SFT)", "#3b6fd4"),
    "kto_loss": ("all votes (KTO)", "#e0912f"),
    "dpo_loss": ("pairs (DPO)", "#8a5cc7"),
}
Curves = Mapping[str, Sequence[tuple[int, float]]]


def draw(path: Path, curves: Curves, figures: Mapping[str, Figure], scored: Sequence[Scored], passed: bool) -> None:
    """Save the picture, 1200 x 700 pixels.

    Raises:
        OSError: it cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    style: Any = {
        "font.size": 11,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "axes.edgecolor": _SOFT,
        "xtick.color": _INK,
        "ytick.color": _INK,
    }
    with mpl.rc_context(style):
        canvas = Canvas(figsize=(12, 7), dpi=100, layout="constrained", facecolor="white")
        verdict, colour = ("better: passed the gate", _LIKED) if passed else ("not better: refused", _DISLIKED)
        canvas.suptitle(f"Training run, {verdict}", fontsize=16, fontweight="bold", color=colour)
        left, middle, right = canvas.subplots(1, 3, width_ratios=(1.25, 0.8, 1.15))
        _draw_losses(left, curves)
        _draw_ranking(middle, figures)
        _draw_answers(right, scored)
        for axes in (left, middle, right):
            axes.spines[["top", "right"]].set_visible(False)
            axes.title.set_fontweight("bold")
        part = path.with_suffix(".part.png")
        canvas.savefig(part)
        part.replace(path)


def _draw_losses(axes: Axes, curves: Curves) -> None:
    """Each loss over its own phase, as a share of what it began with: their scales differ."""
    for name, (label, colour) in _PHASES.items():
        points = curves.get(name, ())
        if not points:
            continue
        steps = np.array([step for step, _ in points])
        losses = np.array([loss for _, loss in points])
        span = max(1, min(9, len(losses) // 4))
        smooth = np.convolve(
            np.pad(losses, (span // 2, span - 1 - span // 2), mode="edge"), np.ones(span) / span, "valid"
        )
        done = steps / steps[-1]
        axes.plot(done, losses / smooth[0], color=colour, alpha=0.25, linewidth=1)
        label = f"{label}: {smooth[0]:.3g} to {smooth[-1]:.3g}"
        axes.plot(done, smooth / smooth[0], color=colour, linewidth=2.2, label=label)
    axes.set(title="Loss", xlabel="share of the phase", ylabel="loss, as a share of its beginning", xlim=(0, 1))
    axes.grid(alpha=0.2)
    if axes.lines:
        axes.legend(frameon=False, fontsize=10, loc="best")
    else:
        axes.text(0.5, 0.5, "nothing was trained", ha="center", color=_SOFT, transform=axes.transAxes)


def _draw_ranking(axes: Axes, figures: Mapping[str, Figure]) -> None:
    axes.set(title="Held-out votes", ylabel="liked ranked above disliked", ylim=(0, 1.08), xlim=(-0.6, 1.6))
    axes.set_xticks([0, 1], ["in service", "candidate"])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "guessing\n50 %", "75 %", "100 %"])
    axes.axhline(0.5, color=_SOFT, linewidth=1, linestyle=":")
    if "ranking_gain" not in figures:
        axes.text(0.5, 0.75, "too few held-out votes\nto tell", ha="center", color=_DISLIKED)
        return
    for place, name, colour in ((0, "ranking_before", _BEFORE), (1, "ranking_after", _AFTER)):
        figure = figures[name]
        axes.bar(place, figure.value, width=0.62, color=colour)
        top = figure.value
        if figure.low is not None and figure.high is not None:
            spread: Any = [[max(0.0, figure.value - figure.low)], [max(0.0, figure.high - figure.value)]]
            axes.errorbar(place, figure.value, yerr=spread, color=_INK, capsize=6, linewidth=1.6)
            top = max(top, figure.high)
        axes.text(place, top + 0.015, f"{figure.value:.0%}", ha="center", va="bottom", fontweight="bold")
    gain = figures["ranking_gain"]
    if gain.low is not None and gain.high is not None:
        interval = f"95 % interval {100 * gain.low:+.0f} to {100 * gain.high:+.0f}"
        axes.set_xlabel(f"gain {100 * gain.value:+.0f} points\n({interval})")


def _draw_answers(axes: Axes, scored: Sequence[Scored]) -> None:
    """A dot for each held-out answer: how much likelier the candidate finds it than the release in service does."""
    dice = np.random.default_rng(0)
    for place, good, colour in ((1, True, _LIKED), (0, False, _DISLIKED)):
        gains = np.array([one.after - one.before for one in scored if one.good is good])
        if not gains.size:
            continue
        axes.scatter(gains, place + dice.uniform(-0.16, 0.16, gains.size), s=34, color=colour, alpha=0.55, linewidth=0)
        axes.plot([gains.mean()] * 2, [place - 0.3, place + 0.3], color=_INK, linewidth=2.4)
        axes.text(gains.mean(), place + 0.33, f"mean {gains.mean():+.3f}", ha="center", fontsize=10)
    axes.axvline(0, color=_SOFT, linewidth=1, linestyle=":")
    axes.set_yticks([0, 1], ["disliked", "liked"])
    axes.set(title="Each held-out answer", ylim=(-0.6, 1.65))
    axes.set_xlabel("log-likelihood a token, against in service\n(to the right: made likelier)")
    axes.grid(alpha=0.2, axis="x")
