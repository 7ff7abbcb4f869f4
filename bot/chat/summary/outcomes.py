"""Decisions, open questions and action items of a talk, found by how people mark them in English and Chinese.

Nothing is generated here: every item is a message that was said, with who is to do it and by when where the message
says so. Rules of this kind find fewer than there are, and what they find stands in the talk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat.summary.terms import terms
from bot.chat.summary.transcripts import Line

# How far behind a question its answer is looked for.
ANSWER_WITHIN = 6
MOST = 6

_DECISION = re.compile(
    r"\b(?:we(?:'ve| have)? (?:decided|agreed)|(?:decision|decided|settled|set|agreed):"
    r"|it'?s (?:decided|settled|a deal)|let'?s (?:go with|do|take|make it|stick (?:to|with))"
    r"|we(?:'re| are) going with|(?:then|so) we (?:go with|use|take)"
    r"|we(?:'ll| will) (?:go with|use|take)|(?:new|final) (?:date|plan|time|name):|\w+ it is\b|approved\b)"
    r"|^(?:fine|ok|okay|deal|alright|agreed)[,.:] .*\b(?:at \d|on \w+day|then$)"
    r"|决定|就这么定|那就|定了|说好了|说定|定在|敲定|拍板|一致同意|最终选|就用|改到|^(?:行|好|好的|可以)，.*(?:点|周|号)",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"\b(?:i'?ll|i will|i can|i'?m going to|let me|i am going to) "
    r"(?!be\b|see\b|say\b|never\b|think\b|miss\b|admit\b|not\b|pass\b|understand\b|imagine\b|know\b|pay that)(?:\w+)"
    r"|我(?:来|去|会|明天|今天|这就|马上)[^，。！!,.\s]|我来吧|我负责|交给我|包在我身上",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"(?:^|[.!,;]\s*)@?(?P<who>[^\W\d_][\w.\-]{0,30}(?: [A-Z][\w.\-]*)?)[,:]?\s+"
    r"(?:can|could|will|would|please|pls)\s*(?:you|please)?\b"
    r"|(?:请|麻烦|让|由)@?(?P<whom>[^\s，。,；]{2,})",
    re.IGNORECASE,
)
_TASK = re.compile(r"^\W*(?:todo|to do|action(?: item)?|待办|行动项)\s*[:：]\s*", re.IGNORECASE)
_DAY = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:\s+(?:morning|afternoon|evening|night))?"
    r"|tomorrow(?:\s+(?:morning|afternoon|evening))?|today|tonight|next (?:week|month)"
    r"|end of (?:the )?(?:day|week|month)|eod|\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?"
)
_HOUR = r"\d{1,2}(?::\d{2})?\s*(?:am|pm|o'clock)?"
_HAN_DAY = (
    r"(?:下下?|这|本)?(?:周|星期|礼拜)[一二三四五六日天末]|今天|明天|后天|今晚|明早|月底|年底|下周|下个?月"
    r"|\d{1,2}月\d{1,2}[日号]"
)
_WHEN = re.compile(
    rf"\b(?:(?:by|before|on|until|till|at|from|this|next)\s+){{0,2}}(?:{_DAY})\b(?:\s+(?:at\s+)?{_HOUR}(?!\w))?"
    rf"|\b(?:by|before|at|until)\s+{_HOUR}(?!\w|\s*%)"
    rf"|(?:{_HAN_DAY})(?:[早中下晚上]?[上午间]?)?(?:[一二两三四五六七八九十\d]{{1,3}}点半?)?(?:之?前)?",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？]\s*(?:\W*)$")
_ANSWER = re.compile(
    r"^\W*(?:yes|yep|yeah|no\b|nope|sure|ok|okay|i think|i can|i'll|it'?s|at |because|done|maybe|probably|try"
    r"|definitely|是|不|可以|好|对|行|应该|有|没|在|我|因为|大概|试试)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Task:
    """A message that takes on or hands out work: who is to do it, and when in the message's own words ("" unsaid)."""

    line: Line
    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What of a talk asks to be remembered, each at most `MOST`, the latest ones."""

    decisions: tuple[Line, ...] = ()
    questions: tuple[Line, ...] = ()
    tasks: tuple[Task, ...] = ()


def outcomes_of(lines: Sequence[Line]) -> Outcomes:
    """The decisions, open questions and tasks of people's lines, in their order."""
    spoken = [line for line in lines if line.author and not line.by_bot]
    people = {line.author.casefold(): line.author for line in spoken}
    tasks = [task for line in spoken if (task := _task(line, people)) is not None]
    taken = {id(task.line) for task in tasks}
    decisions = [
        line for line in spoken if id(line) not in taken and _DECISION.search(line.text) and not _is_question(line)
    ]
    questions = [line for index, line in enumerate(spoken) if _is_question(line) and not _is_answered(spoken, index)]
    open_ = [line for line in questions if id(line) not in taken]
    return Outcomes(tuple(decisions[-MOST:]), tuple(open_[-MOST:]), tuple(tasks[-MOST:]))


def _is_question(line: Line) -> bool:
    return _QUESTION.search(line.text) is not None


def _task(line: Line, people: dict[str, str]) -> Task | None:
    when = _WHEN.search(line.text)
    said_when = when[0].strip() if when else ""
    if _TASK.match(line.text):
        body = _TASK.sub("", line.text)
        first = re.match(r"@?([^\W\d_]\w*)", body)
        return Task(line, people.get(first[1].casefold(), "") if first else "", said_when)
    asked = _REQUEST.search(line.text)
    if asked:
        who = _called(asked["who"] or "", asked["whom"] or "", people)
        if who and who != line.author:
            return Task(line, who, said_when)
    if _PROMISE.search(line.text) and not _is_question(line):
        return Task(line, line.author, said_when)
    return None


def _called(who: str, words: str, people: dict[str, str]) -> str:
    """The person of this name, or the one whose name these (Chinese) words begin with; "" for nobody in the talk."""
    named = people.get(who.casefold(), "")
    return named or max((name for key, name in people.items() if words.casefold().startswith(key)), key=len, default="")


def _is_answered(spoken: Sequence[Line], index: int) -> bool:
    """Whether someone else answers soon: with an answer's words, the question's own words, or a statement at once."""
    asked = spoken[index]
    content = set(terms(asked.text))
    later = spoken[index + 1 : index + 1 + ANSWER_WITHIN]
    for distance, line in enumerate(later):
        if line.author == asked.author or _is_question(line):
            continue
        if distance < 2 or _ANSWER.match(line.text) or content & set(terms(line.text)):
            return True
    return False
