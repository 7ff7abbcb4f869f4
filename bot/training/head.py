"""The end of the model, for training on a processor: only the answers' tokens are turned into probabilities.

TRL gives a model a fused head (`trl.trainer.utils.add_fused_lm_head`). On a GPU it looks at the answers' tokens only;
on a processor at every position, computes figures that only a log shows, and turns everything into probabilities a
second time on the way back. That was two fifths of a step with a Llama of 30 million parameters. This head takes its
place and gives the trainers the same log-probabilities; entropy, accuracy and mean logits are left at zero.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch.utils.checkpoint import checkpoint
from trl.trainer.utils import FusedCausalLMOutput

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

# Logits that are looked at together: they fit into the processor's cache, and into the memory that the last ones used.
_TOGETHER = 2**22
# So many may be kept for the way back; of more, the probabilities are computed again there.
_KEPT = 2**28
# Models with one of these do more to their logits than a product; they keep TRL's head.
_SHAPED = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


def add_answer_head(model: PreTrainedModel) -> bool:
    """Make `model(..., labels=..., fused_lm_head=True)` look at labelled positions only; whether it could be done."""
    config = model.config.get_text_config()
    if model.device.type != "cpu" or any(getattr(config, name, None) is not None for name in _SHAPED):
        return False
    model.forward = types.MethodType(_forward, model)
    return True


def _forward(
    self: Any,
    *args: Any,
    fused_lm_head: bool = False,
    labels: Any = None,
    num_items_in_batch: Any = None,
    **kwargs: Any,
) -> Any:
    if not fused_lm_head:
        return type(self).forward(self, *args, labels=labels, **kwargs)
    kwargs["use_cache"] = False
    hidden = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]
    labels = labels[:, 1:]
    mask = labels != -100
    scored = _log_probs(hidden[mask], self.get_output_embeddings(), labels[mask])
    # Stays connected to the model when a batch has no label at all.
    log_probs = scored.new_zeros(mask.shape).masked_scatter(mask, scored)
    nothing = torch.zeros_like(log_probs, requires_grad=False)
    count = mask.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
    return FusedCausalLMOutput(
        loss=-log_probs.sum() / count,
        log_probs=log_probs,
        entropy=nothing,
        mean_logits=nothing,
        is_top1=nothing.bool(),
        label_mask=mask,
    )


def _log_probs(hidden: Tensor, head: Any, targets: Tensor) -> Tensor:
    """The log-probability of each target, in float32."""
    vocabulary = int(head.weight.shape[0])
    rows = max(1, _TOGETHER // vocabulary)
    again = torch.is_grad_enabled() and len(targets) * vocabulary > _KEPT

    def score(some: Tensor, goals: Tensor) -> Tensor:
        return -F.cross_entropy(head(some).float(), goals, reduction="none")

    parts = [
        checkpoint(score, some, goals, use_reentrant=False) if again else score(some, goals)
        for some, goals in zip(torch.split(hidden, rows), torch.split(targets, rows), strict=True)
    ]
    return torch.cat(parts)
