"""The loop that pretraining and tuning share: a plain loop over packed batches until the time is used up.

A checkpoint holds weights, optimizer states, the step and the seconds spent. A full disk or a killed process leaves the
last one valid (`recipes.checkpoints`), and a restarted run goes on along the same curve; `curve.jsonl` beside it gets a
line a logged step.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Qwen3ForCausalLM

from recipes import checkpoints
from recipes.clock import Budget, Schedule
from recipes.model import LongRow, block_mask, head_loss
from recipes.packing import Batch, Packer


@dataclass(frozen=True)
class Optimizing:
    """Muon (arXiv 2502.16982) for the matrices of the layers, AdamW for the embedding and the norms."""

    matrix_rate: float = 6e-3
    embedding_rate: float = 5e-2
    """Words are of size 1, the matrices' entries some hundredths."""
    vector_rate: float = 4e-3
    decay: float = 0.05
    clip: float = 1.0
    schedule: Schedule = field(default_factory=Schedule)


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    spent: float = 0.0
    tokens: int = 0


def optimizers(model: nn.Module, how: Optimizing) -> list[torch.optim.Optimizer]:
    """One optimizer for matrices, one for the rest; a group's learning rate is factored by the schedule from `top`."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    embedding = [p for name, p in named if "embed" in name]
    vectors = [p for _, p in named if p.ndim != 2]
    return [
        torch.optim.Muon(
            [{"params": matrices, "top": how.matrix_rate}],
            weight_decay=how.decay,
            momentum=0.95,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(
            [{"params": embedding, "top": how.embedding_rate}, {"params": vectors, "top": how.vector_rate}],
            weight_decay=0.0,
            betas=(0.9, 0.95),
        ),
    ]


def device_of(name: str | None = None) -> torch.device:
    """The asked device, or the best there is."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def narrow(device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """bf16 autocast where the hardware multiplies bf16 matrices; elsewhere float32."""
    fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else torch.cpu._is_amx_tile_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def worth_compiling(device: torch.device, budget: Budget) -> bool:
    """Whether torch.compile pays: always on a GPU; a CPU needs a C++ compiler and a minute, so a run of ten or more."""
    return device.type == "cuda" or (budget.seconds >= 600 and shutil.which("c++") is not None)


def matmul_peak(device: torch.device) -> float:
    """Floating point operations a second that one large matrix product reaches on this machine, measured now."""
    side = 8192 if device.type == "cuda" else 2048
    with narrow(device):
        a, b = (torch.randn(side, side, device=device) for _ in range(2))
        a, b = (x.bfloat16() if torch.is_autocast_enabled(device.type) else x for x in (a, b))
        best = float("inf")
        for _ in range(20):
            begun = time.perf_counter()
            (a @ b)[0, 0].item()
            best = min(best, time.perf_counter() - begun)
    return 2 * side**3 / best


_ROW = LongRow()


def batch_loss(model: Qwen3ForCausalLM, body: Callable[..., Any], batch: Batch, device: torch.device) -> Tensor:
    """The mean loss of a packed batch, over the tokens that are learned."""
    if device.type == "cpu":
        batch = batch.flat()
        _ROW.lengths = batch.lengths
        extra: dict[str, Any] = {"row": _ROW}
    else:
        extra = {"blocks": block_mask(batch.positions.to(device, non_blocking=True))}
    ids, targets, positions = (x.to(device, non_blocking=True) for x in (batch.ids, batch.targets, batch.positions))
    with narrow(device):
        hidden = body(input_ids=ids, position_ids=positions, use_cache=False, **extra).last_hidden_state
    return head_loss(hidden.to(torch.bfloat16) if _is_narrow(device) else hidden, model.lm_head.weight, targets)


def _is_narrow(device: torch.device) -> bool:
    with narrow(device):
        return torch.is_autocast_enabled(device.type)


@dataclass
class Trainer:
    """One time-boxed run in a folder of its own. `now` is the clock, in seconds; tests hand in another."""

    model: Qwen3ForCausalLM
    packer: Packer
    budget: Budget
    how: Optimizing
    folder: Path
    device: torch.device
    save_every: float = 120.0
    log_every: int = 10
    now: Callable[[], float] = time.monotonic
    compiled: bool | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        nn.Module.to(self.model, self.device).train()
        self.optimizers = optimizers(self.model, self.how)
        self.progress = Progress()
        self._resume()
        checkpoints.rewind(self.curve, self.progress.step)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def curve(self) -> Path:
        return self.folder / "curve.jsonl"

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.progress = Progress(**state["progress"])
        print(f"resumed at step {self.progress.step}, {self.progress.spent / 60:.1f} min in", flush=True)

    def save(self) -> None:
        """The run as it stands."""
        checkpoints.save(
            self.checkpoint,
            {
                "model": self.model.state_dict(),
                "optimizers": [o.state_dict() for o in self.optimizers],
                "progress": asdict(self.progress),
            },
        )

    def _update(self, loss: Tensor) -> None:
        factor = self.how.schedule.factor(self.budget.progress(self.progress.spent))
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.how.clip)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["top"] * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def _log(self, loss: float, since: tuple[float, int]) -> None:
        spent, tokens = self.progress.spent - since[0], self.progress.tokens - since[1]
        line = {
            "step": self.progress.step,
            "minutes": round(self.progress.spent / 60, 3),
            "loss": round(loss, 5),
            "tokens": self.progress.tokens,
            "tokens_per_second": round(tokens / max(spent, 1e-9)),
        }
        with self.curve.open("a", encoding="utf-8") as curve:
            curve.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def run(self, stop_after: int | None = None) -> Progress:
        """Train until the budget is spent (or, for tests, for some steps)."""
        compile_it = worth_compiling(self.device, self.budget) if self.compiled is None else self.compiled
        body = torch.compile(self.model.model) if compile_it else self.model.model
        last, saved = self.now(), self.progress.spent
        since, losses = (self.progress.spent, self.progress.tokens), []
        for batch in self.packer.batches(skip=self.progress.step):
            if self.progress.spent >= self.budget.seconds or stop_after == 0:
                break
            loss = batch_loss(self.model, body, batch, self.device)
            self._update(loss)
            losses.append(loss.item())
            at = self.now()
            self.progress.spent, last = self.progress.spent + at - last, at
            self.progress.step += 1
            self.progress.tokens += batch.ids.numel()
            stop_after = None if stop_after is None else stop_after - 1
            if self.progress.step % self.log_every == 0:
                self._log(sum(losses) / len(losses), since)
                since, losses = (self.progress.spent, self.progress.tokens), []
            if self.progress.spent - saved >= self.save_every:
                self.save()
                saved = self.progress.spent
        self.save()
        return self.progress
