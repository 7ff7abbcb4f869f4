"""The sanity panel: fixed prompts in both languages, and what makes a reply to them broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

PROMPTS = (
    "Hello! How are you today?",
    "What can you do for our team?",
    "Write an email to my boss asking for Friday off because of a family matter.",
    "Write a thank you note to Nadia for your help with the move.",
    "Write a short announcement: the office is closed on Monday.",
    "Write an invitation to a housewarming party on Friday at 7 pm.",
    "Make this more formal: hey, can u send me the file?",
    "Fix the grammar and spelling: she dont likes the new desk.",
    "Make a list of things to bring to a picnic.",
    "Suggest a title for a story about a lost umbrella.",
    "Summarize this conversation:\nana: the build is red again\nben: I will look at it after lunch\nana: thanks!",
    "What is a deadline?",
    "你好！今天怎么样？",
    "你能帮我们团队做什么？",
    "写一封请假邮件，周五请假，家里有事。",
    "写一段话感谢小王帮忙搬家。",
    "写一个公告：周一办公室关门。",
    "写一个聚会的邀请，周五晚上七点。",
    "把这句话改得正式一点：喂，文件发我一下。",
    "列一个野餐要带的东西的清单。",
    "给一个关于丢失的雨伞的故事起个标题。",
    "总结一下这段聊天：\n小明：构建又失败了\n小红：我午饭后看看\n小明：谢谢！",
    "写一句祝小李生日快乐的话。",
    "什么是截止日期？",
)
# Looping: so many words or characters in a row, said over and over, make up so much of a reply.
_GRAM = 4
_LOOP_SHARE = 0.5
_LEAST_GRAMS = 12


@dataclass(frozen=True, slots=True)
class Reply:
    """What a release answered. `whole` says whether it came to its own end; `raw` keeps special tokens."""

    text: str
    raw: str
    whole: bool


def fault(reply: Reply, special: frozenset[str]) -> str:
    """What is wrong with a reply: "empty", "looping", "characters", "tokens"; "" when nothing is.

    `special` are the tokenizer's special tokens, none of which belongs into an answer.
    """
    text = reply.text.strip()
    if not any(character.isalnum() for character in text):
        return "empty"
    # An answer cut at its last token may end within a character.
    if "\ufffd" in (text if reply.whole else text.rstrip("\ufffd")):
        return "characters"
    if any(token in reply.raw for token in special):
        return "tokens"
    return "looping" if _loops(text) else ""


def _loops(text: str) -> bool:
    """Whether most of the text repeats itself: the share of its 4-grams that occurred before.

    The measure is seq-rep-4 of Welleck et al. 2019 (https://arxiv.org/abs/1908.04319), on words, or on characters where
    words are not written apart.
    """
    words = text.lower().split()
    parts = words if len(words) * 6 >= len(text) / 2 else list(text.replace(" ", ""))
    grams = Counter(tuple(parts[start : start + _GRAM]) for start in range(len(parts) - _GRAM + 1))
    total = sum(grams.values())
    return total >= _LEAST_GRAMS and 1 - len(grams) / total > _LOOP_SHARE
