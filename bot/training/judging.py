"""The gate: is the candidate better than the release in service, on ratings that it never saw, and not worse elsewhere?

**Ranking.** Each held-out answer is scored by how much likelier the release finds it than the base model does, a token:
(log p(answer) - log p_base(answer)) / tokens. The log-ratio is DPO's and KTO's implicit reward (Rafailov et al. 2023,
https://arxiv.org/abs/2305.18290, equation 5); the mean over tokens keeps long answers from outweighing short ones (as
in SimPO, https://arxiv.org/abs/2405.14734). How likely an answer is at all, which is mostly a matter of its prompt,
cancels out; that is why it can tell from some fifteen ratings on. The ranking is the share of pairs of a liked and a
disliked answer that it puts in the right order, half for a draw: the area under the ROC curve (Hanley and McNeil 1982).
The base model itself scores every answer 0, so it has 50 %, what guessing has.

**Intervals** are bootstrap percentiles (Efron and Tibshirani 1993) over prompts: all ratings on a prompt are drawn
together, and both releases are scored on the same draw. Plain percentiles are too narrow for so few; they are widened
as in Hesterberg 2015 (https://doi.org/10.1080/00031305.2015.1089789, section 5.3), by Student's t and by
sqrt(n / (n - 1)), with n the number of prompts of the rarer verdict. In simulations a candidate that learned nothing
passed in 0.3 to 1.5 % of the cases with 15 to 60 ratings, and one whose scores differ by two standard deviations in 62
to 82 % with 15.

**Perplexity** is that of the answers of the general set's held-out part, over all their tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bot.domain.training import Figure
from bot.training.splitting import LEAST_HELDOUT, LEAST_SIDE

DRAWS = 4000
MOST_PERPLEXITY = 1.02
# Replies are drawn, and some break by the luck of the draw: so many more are let pass, and more than these unless they
# are surely more (Fisher's exact test, one-sided, at 10 %).
MORE_BROKEN = 2
_BROKEN_LEVEL = 0.1
_TAIL = 0.025

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """A held-out rating: what each release makes of the answer over the base model, in log-likelihood a token."""

    good: bool
    before: float
    after: float
    cluster: str
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Perplexed:
    """A text of the general set: its log-likelihood by each release, and its tokens."""

    before: float
    after: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The gates that were not passed, and every figure."""

    failed: tuple[str, ...]
    figures: dict[str, Figure]


def judge(
    ratings: Sequence[Scored], general: Sequence[Perplexed], broken: tuple[int, int], prompts: int, seed: int
) -> Judgement:
    """Compare the candidate (after) with the release in service (before).

    Args:
        ratings: the held-out ones.
        general: the held-out part of the general set.
        broken: how many of the panel's replies were broken, before and after. prompts: how many there were.
        seed: of the bootstrap.
    """
    figures: dict[str, Figure] = {}
    failed: list[str] = []
    good = sum(one.good for one in ratings)
    if len(ratings) < LEAST_HELDOUT or min(good, len(ratings) - good) < LEAST_SIDE:
        failed.append("gate.heldout_votes")
    else:
        figures |= _rank(ratings, seed)
        gain = figures["ranking_gain"]
        if gain.low is None or gain.low <= 0:
            failed.append("gate.ranking_gain")
    figures |= _perplexity(general, seed)
    if not figures["perplexity_ratio"].value <= MOST_PERPLEXITY:
        failed.append("gate.perplexity_ratio")
    before, after = broken
    figures |= {"broken_before": Figure(before), "broken_after": Figure(after)}
    if _surely_more(before, after, prompts):
        failed.append("gate.broken_after")
    figures["heldout_votes"] = Figure(len(ratings))
    return Judgement(tuple(failed), figures)


def _surely_more(before: int, after: int, of: int) -> bool:
    table = [[after, of - after], [before, of - before]]
    chance = float(stats.fisher_exact(table, alternative="greater").pvalue)
    return after > before + MORE_BROKEN and chance < _BROKEN_LEVEL


def _rank(ratings: Sequence[Scored], seed: int) -> dict[str, Figure]:
    """The ranking's figures; there are ratings of both verdicts."""
    sample = _Sample.of(ratings, seed)
    after = _figure(sample, lambda weights: _auc(sample, sample.after, weights))
    before = _figure(sample, lambda weights: _auc(sample, sample.before, weights))
    figures = {"ranking_after": after, "ranking_before": before}
    draws = _auc(sample, sample.after, sample.draws) - _auc(sample, sample.before, sample.draws)
    figures["ranking_gain"] = _interval(after.value - before.value, draws, sample)
    figures["sure_share"] = Figure(float((draws > 0).mean() + (draws == 0).mean() / 2))
    unseen = [one for one in ratings if one.unseen]
    if len({one.good for one in unseen}) == 2:
        some = _Sample.of(unseen, seed)
        figures["ranking_unseen"] = _figure(some, lambda weights: _auc(some, some.after, weights))
    change = sample.after - sample.before
    figures["margin_gain"] = _figure(
        sample, lambda weights: _mean(change, weights, sample.good) - _mean(change, weights, ~sample.good)
    )
    figures["liked_gain"] = _figure(sample, lambda weights: _mean(change, weights, sample.good))
    figures["disliked_gain"] = _figure(sample, lambda weights: _mean(change, weights, ~sample.good))
    return figures


@dataclass(frozen=True, slots=True)
class _Sample:
    """Ratings as arrays, with the bootstrap's draws: a row for each, how often each rating is in it."""

    good: NDArray[np.bool_]
    before: Floats
    after: Floats
    draws: Floats
    prompts: int

    @classmethod
    def of(cls, ratings: Sequence[Scored], seed: int) -> _Sample:
        good = np.array([one.good for one in ratings])
        names, cluster = np.unique([one.cluster for one in ratings], return_inverse=True)
        dice = np.random.default_rng(seed)
        # A draw of one verdict only has nothing to rank, and another takes its place.
        counts = dice.multinomial(len(names), np.full(len(names), 1 / len(names)), size=2 * DRAWS)
        draws = counts[:, cluster].astype(np.float64)
        both = (draws[:, good].sum(1) > 0) & (draws[:, ~good].sum(1) > 0)
        sides = (len(set(cluster[good])), len(set(cluster[~good])))
        values = ([one.before for one in ratings], [one.after for one in ratings])
        return cls(good, np.array(values[0]), np.array(values[1]), draws[both][:DRAWS], min(sides))


def _auc(sample: _Sample, scores: Floats, weights: Floats) -> Floats:
    """The weighted share of pairs of a liked and a disliked answer in the right order; one for each row of weights."""
    liked, disliked = scores[sample.good], scores[~sample.good]
    right = (liked[:, None] > disliked[None, :]) + 0.5 * (liked[:, None] == disliked[None, :])
    good, bad = weights[:, sample.good], weights[:, ~sample.good]
    pairs: Floats = ((good @ right) * bad).sum(1) / (good.sum(1) * bad.sum(1))
    return pairs


def _mean(values: Floats, weights: Floats, of: NDArray[np.bool_]) -> Floats:
    chosen: Floats = (weights[:, of] @ values[of]) / weights[:, of].sum(1)
    return chosen


def _figure(sample: _Sample, statistic: Callable[[Floats], Floats]) -> Figure:
    value = float(statistic(np.ones((1, len(sample.good))))[0])
    return _interval(value, statistic(sample.draws), sample)


def _interval(value: float, draws: Floats, sample: _Sample) -> Figure:
    if sample.prompts < 2:
        return Figure(value)
    wide = np.sqrt(sample.prompts / (sample.prompts - 1)) * stats.t.ppf(1 - _TAIL, sample.prompts - 1)
    tail = float(stats.norm.cdf(-wide))
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Figure(value, float(low), float(high))


def _perplexity(general: Sequence[Perplexed], seed: int) -> dict[str, Figure]:
    tokens = np.array([one.tokens for one in general], dtype=np.float64)
    before = np.array([one.before for one in general])
    after = np.array([one.after for one in general])
    picked = np.random.default_rng(seed).integers(0, len(general), size=(DRAWS, len(general)))

    def ratio(chosen: NDArray[np.int64]) -> Floats:
        raised: Floats = np.exp((before[chosen].sum(-1) - after[chosen].sum(-1)) / tokens[chosen].sum(-1))
        return raised

    low, high = np.quantile(ratio(picked), [_TAIL, 1 - _TAIL])
    value = float(ratio(np.arange(len(general))[None, :])[0])
    return {
        "perplexity_ratio": Figure(value, float(low), float(high)),
        "perplexity_before": Figure(float(np.exp(-before.sum() / tokens.sum()))),
        "perplexity_after": Figure(float(np.exp(-after.sum() / tokens.sum()))),
    }
