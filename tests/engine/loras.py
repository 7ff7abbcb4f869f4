"""LoRA weights for the tiny writer, as peft saves them, and what peft makes of them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

MODULES = ("model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.o_proj")


def save_lora(folder: Path, model: Any, *, seed: int = 1, modules: tuple[str, ...] = MODULES, **config: Any) -> Path:
    """Random matrices of rank 4 for these modules, large enough to change every answer."""
    torch.manual_seed(seed)
    tensors = {}
    for module in modules:
        out, into = model.get_submodule(module).weight.shape
        tensors[f"base_model.model.{module}.lora_A.weight"] = torch.randn(4, into)
        tensors[f"base_model.model.{module}.lora_B.weight"] = torch.randn(out, 4)
    folder.mkdir(exist_ok=True, parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    targets = sorted({module.rpartition(".")[2] for module in modules})
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": 4,
        "lora_alpha": 8,
        "target_modules": targets,
        "layers_to_transform": [1],
        **config,
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def answer_by_peft(writer: Path, lora_folder: Path, question: str, new_tokens: int) -> str:
    """What peft and transformers answer at temperature 0 on the unmerged weights."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(writer)
    with warnings.catch_warnings():
        # peft still reads an attribute that transformers renamed.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(writer), str(lora_folder)).eval()
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        out = model.generate(**prompt, max_new_tokens=new_tokens, do_sample=False)
    text: str = tokenizer.decode(out[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    # Where the length cuts a character in two, the engine leaves it out.
    return text.rstrip("\ufffd")
