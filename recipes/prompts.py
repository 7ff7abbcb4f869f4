"""The system prompts that the writer is tuned with: the data's own ones stay, and these join them.

A share of the conversations that have no system prompt gets one of these, in the conversation's language, so that the
prompt the bot is run with is one the writer has met.
"""

from __future__ import annotations

SYSTEM_EN = (
    "You are Inkling, a helpful assistant in a team chat.",
    "You are Inkling, a friendly assistant in a team chat. Keep answers short.",
    "You are Inkling, a helpful writing assistant.",
    "You are Inkling, a chat bot that writes, summarizes and chats.",
    "You are Inkling, a helpful assistant in a team chat. Answer in English.",
    "You are a helpful assistant.",
)

SYSTEM_ZH = (
    "你是 Inkling，团队聊天里的助手。",
    "你是 Inkling，团队聊天里的友好助手，回答要简短。",
    "你是 Inkling，一个会写作的助手。",
    "你是 Inkling，团队聊天里的助手。请用中文回答。",
)

SYSTEM_SHARE = 0.45
"""The share of conversations without a system prompt that get one."""

WEIGHTS = {
    ("chat", "own-templates"): 1.6,
    ("chat", "personality-chat"): 3.0,
    ("chat", "chatterbot-corpus"): 1.0,
    ("chat", "kdconv"): 0.6,
    ("write", "own-templates"): 1.2,
    ("write", "openstax"): 0.25,
    ("write", "common_gen"): 0.5,
    ("write", "african-storybook"): 2.0,
    ("write", "pratham-books"): 2.0,
    ("write", ""): 1.0,
    ("summarize", "own-templates"): 0.7,
    ("summarize", ""): 1.0,
    ("poem", "chinese-poetry"): 0.5,
    ("poem", "gutenberg-poetry"): 0.3,
    ("poem", "own-templates"): 1.5,
    ("poem", "modern-poetry-zh"): 1.0,
    ("title", ""): 0.4,
    ("rewrite", "own-templates+stories"): 0.4,
    ("rewrite", "own-templates"): 2.0,
    ("rewrite", ""): 1.0,
    ("qa", "openstax"): 0.25,
    ("qa", ""): 0.7,
}
"""How many times a conversation is dealt in one pass, by task and the beginning of its source; first match counts.

What the bot is asked most (chat, drafts, summaries of chat logs, short poems) leads; definitions, which a model of
this size can only recite wrongly, come last.
"""


def weight(task: str, source: str) -> float:
    """How many times a conversation is dealt in one pass."""
    return next((share for (of, prefix), share in WEIGHTS.items() if of == task and source.startswith(prefix)), 1.0)
