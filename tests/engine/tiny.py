"""A tiny writer, made in a few seconds: a byte-level tokenizer and a small Llama that learned a few answers by heart.

It is small enough to train in a test and real enough to be loaded, streamed, killed and compared.
"""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WINDOW = 256
LEARNED = {
    "greet": "Hello! I am a tiny writer, and this is my only sentence.",
    "问候": "你好，世界！今天天气很好，我们一起写诗吧。",
    "emoji": "Look: 😀👍🏽 and 🇨🇳, then 龘 and €.",
    "count": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
}
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SPECIAL = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def make_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([LEARNED["greet"], LEARNED["count"], LEARNED["问候"][:6]], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin|>",
        eos_token="<|end|>",
        pad_token="<|pad|>",
        additional_special_tokens=_SPECIAL[3:],
        chat_template=TEMPLATE,
    )


def make_writer(folder: Path) -> Path:
    """Train and save the writer."""
    # So small a model gains nothing from threads, and loses much to them on a busy machine.
    torch.set_num_threads(1)
    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=WINDOW,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    _learn(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _learn(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    texts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}], tokenize=False
        )
        for ask, answer in LEARNED.items()
    ]
    batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(600):
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if loss.item() < 0.02:
            break
    model.eval()
