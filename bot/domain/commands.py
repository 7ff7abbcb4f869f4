"""The commands, declared once: options, limits, help and who may use them.

Adapters, the Slack manifest, the page's completion and `/help` are made from `COMMANDS`, so a new entry appears on
every platform. `read_call` turns typed words into the same options that a platform's own form gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.domain.command_types import Choice, Command, Option, OptionType, Who, choices
from bot.domain.forms import LONGEST, SHORTEST, TONES
from bot.domain.lines import Text
from bot.domain.marked_words import quoted, read_marked, write_marked
from bot.domain.messages import OptionValue
from bot.domain.setting_commands import DIGEST, PERSONA, PRIVACY, RELEASE, RETRAIN, SETTINGS_COMMAND
from bot.errors import Refused

__all__ = [
    "COMMANDS",
    "DIGEST",
    "PERSONA",
    "PRIVACY",
    "RELEASE",
    "RETRAIN",
    "SETTINGS_COMMAND",
    "Choice",
    "Command",
    "Option",
    "OptionType",
    "Who",
    "command_named",
    "format_call",
    "read_call",
]


_LANGUAGE = Option(
    "language",
    OptionType.CHOICE,
    Text("language of the text", "文字的语言"),
    choices=choices(("english", "English", "英文"), ("chinese", "Chinese", "中文")),
)

_SEED = Option("seed", OptionType.INTEGER, Text("the same seed, the same text", "相同种子得到相同文字"), high=2**31 - 1)

WRITE = Command(
    "write",
    Text("draft a text: an email, an announcement, a story, a poem …", "起草文字：邮件、公告、故事、诗……"),
    (
        Option(
            "form",
            OptionType.TEXT,
            Text("what kind of text", "文字的形式"),
            # Those that come with the bot; a team adds its own (`bot.chat.form_files`).
            choices=choices(
                ("free", "free text", "不限"),
                ("email", "email", "邮件"),
                ("announcement", "announcement", "公告"),
                ("story", "story", "故事"),
                ("poem", "poem", "诗"),
                ("classical-poem", "classical Chinese poem", "古诗"),
                ("social-post", "social post", "社交媒体"),
                ("list", "list", "清单"),
                ("rewrite", "rewrite my text", "改写"),
                ("title", "title for my text", "拟标题"),
                ("release-notes", "release notes", "更新说明"),
            ),
            high=60,
            completes=True,
        ),
        Option("about", OptionType.TEXT, Text("what it is about", "写什么"), required=True, main=True),
        Option(
            "tone",
            OptionType.CHOICE,
            Text("how it sounds", "语气"),
            choices=tuple(Choice(value, label) for value, label in TONES.items()),
        ),
        Option(
            "length",
            OptionType.INTEGER,
            Text("how many words (English) or characters (Chinese)", "多少字（英文按词数）"),
            low=SHORTEST,
            high=LONGEST,
        ),
        _LANGUAGE,
        Option("audience", OptionType.TEXT, Text("who will read it", "写给谁看"), high=100),
        Option(
            "creativity",
            OptionType.CHOICE,
            Text("how freely it is worded", "措辞的自由程度"),
            choices=choices(
                ("precise", "precise", "严谨"), ("balanced", "balanced", "适中"), ("creative", "creative", "有创意")
            ),
        ),
        _SEED,
    ),
    reads_files=True,
)

TRANSLATE = Command(
    "translate",
    Text("say a text in another language", "把文字译成另一种语言"),
    (
        Option("text", OptionType.TEXT, Text("the text, if none is attached", "要翻译的文字，或附上文件"), main=True),
        Option(
            "to",
            OptionType.TEXT,
            Text("into which language (English, or Chinese for what is not Chinese)", "译成什么语言（默认中英互译）"),
            high=60,
            completes=True,
        ),
    ),
    reads_files=True,
)

CODE = Command(
    "code",
    Text("write code for a task", "按要求写代码"),
    (
        Option("task", OptionType.TEXT, Text("what the code should do", "代码要做什么"), required=True, main=True),
        Option(
            "language",
            OptionType.TEXT,
            Text("the programming language, such as Python", "编程语言，如 Python"),
            high=40,
            completes=True,
        ),
    ),
    reads_files=True,
)

# Styles that painters commonly know; any other words may be typed.
STYLES: tuple[Text, ...] = (
    Text("photograph", "摄影"),
    Text("watercolour", "水彩"),
    Text("oil painting", "油画"),
    Text("ink painting", "水墨画"),
    Text("pencil sketch", "铅笔素描"),
    Text("line drawing", "线稿"),
    Text("pixel art", "像素画"),
    Text("flat icon", "扁平图标"),
    Text("3d render", "三维渲染"),
    Text("comic", "漫画"),
    Text("paper cut", "剪纸"),
)

IMAGE = Command(
    "image",
    Text("draw a picture from words", "用文字画图"),
    (
        Option("prompt", OptionType.TEXT, Text("what to draw", "画什么"), required=True, main=True, high=1000),
        Option(
            "style",
            OptionType.TEXT,
            Text("a style, such as watercolour", "画风，如水彩"),
            high=100,
            completes=True,
        ),
        Option("negative", OptionType.TEXT, Text("what not to draw", "不要画什么"), high=500),
        Option("count", OptionType.INTEGER, Text("how many pictures, 1 to 4", "张数，1 到 4"), low=1, high=4),
        Option(
            "animate",
            OptionType.TEXT,
            Text("let it move: “yes”, or what it turns into", "画成动图：填 yes，或它要变成什么"),
            high=1000,
        ),
        Option("size", OptionType.INTEGER, Text("pixels of a side", "边长（像素）"), low=64, high=1024),
        Option("steps", OptionType.INTEGER, Text("more steps take longer", "步数，越多越慢"), low=1, high=100),
        Option("guidance", OptionType.NUMBER, Text("how closely it follows the words", "多大程度贴合描述"), high=20),
        Option(
            "seed",
            OptionType.INTEGER,
            Text("the same seed, the same picture", "相同种子得到相同图画"),
            high=2**31 - 1,
        ),
    ),
)

SUMMARIZE = Command(
    "summarize",
    Text("sum up this conversation, or a text you paste or attach", "总结这段对话，或粘贴、附上的文字"),
    (
        Option(
            "text",
            OptionType.TEXT,
            Text("a text to sum up instead", "改为总结这段文字"),
            main=True,
            high=100_000,
        ),
        Option(
            "last",
            OptionType.INTEGER,
            Text("the last N messages (100)", "最近 N 条消息（默认 100）"),
            low=1,
            high=10_000,
        ),
        Option(
            "since",
            OptionType.TEXT,
            Text(
                "since when: 2h, yesterday 9:00, Monday; “me”: since I was here",
                "从何时起：2小时、昨天9点、周一；“me”：我上次发言后",
            ),
            high=100,
        ),
        Option(
            "from",
            OptionType.TEXT,
            Text("from this message on: its link", "从这条消息开始：消息链接"),
            high=300,
        ),
        Option(
            "channels",
            OptionType.TEXT,
            Text("other channels that you can read: #general #ops", "你能看到的其他频道：#general #ops"),
            high=500,
        ),
        Option(
            "style",
            OptionType.CHOICE,
            Text("how it is told", "写法"),
            choices=choices(
                ("brief", "a few sentences", "几句话"),
                ("bullets", "bullet points", "要点"),
                ("minutes", "minutes, in the order of time", "按时间的会议纪要"),
                ("catch-up", "for someone who was away", "给刚回来的人"),
            ),
        ),
        Option(
            "language",
            OptionType.CHOICE,
            Text("language of the summary (yours)", "总结的语言（默认你的语言）"),
            choices=_LANGUAGE.choices,
        ),
    ),
    private=True,
    reads_files=True,
)

HELP = Command(
    "help",
    Text("what Inkling can do", "Inkling 能做什么"),
    (
        Option(
            "topic",
            OptionType.TEXT,
            Text("a command's name, or “here” for what holds in this place", "命令的名称，或 “here” 查看这里的设置"),
            main=True,
            high=40,
            completes=True,
        ),
    ),
    private=True,
)

COMMANDS: tuple[Command, ...] = (
    WRITE,
    TRANSLATE,
    CODE,
    IMAGE,
    SUMMARIZE,
    DIGEST,
    PERSONA,
    SETTINGS_COMMAND,
    PRIVACY,
    RETRAIN,
    RELEASE,
    HELP,
)


def command_named(name: str) -> Command:
    """The command of this name.

    Raises:
        Refused: there is none; the line names those that exist.
    """
    for command in COMMANDS:
        if command.name == name:
            return command
    raise Refused("command.unknown", command=name, commands=", ".join(f"/{command.name}" for command in COMMANDS))


def read_call(line: str) -> tuple[str, dict[str, OptionValue]]:
    """A typed command line as name and options: `/write form:email invite the team`, `/write email invite the team`.

    A word `name:value` sets the option of that name; a first word that is a choice of the first choice option sets
    that one; all other words are the main option, and so is everything after its own `name:`. A value of several words
    stands in quotation marks: `since:"yesterday 9:00"`. The leading mark is `/` or `!`. Values are checked by
    `Command.read`.

    Where the main option is a name, other options may follow it: see `bot.domain.marked_words`.

    Raises:
        Refused: there is no such command, or it takes no words.
    """
    name, rest = (*line.strip()[1:].split(maxsplit=1), "", "")[:2]
    command = command_named(name.lower())
    options: dict[str, OptionValue] = {}
    if command.main is not None and command.main.completes:
        return command.name, {**read_marked(command, rest)}
    while rest:
        word = _first_word(rest)
        named, value = _named(command, word, options)
        if named is None or named.main:
            break
        options[named.name] = value
        rest = rest[len(word) :].lstrip()
    if rest:
        main = command.main
        if main is None:
            raise Refused("command.no_words", command=command.name)
        options[main.name] = rest.removeprefix(f"{main.name}:").strip()
    return command.name, options


def format_call(name: str, options: Mapping[str, OptionValue]) -> str:
    """The line that one would type for these options; `read_call` reads it back."""
    command = command_named(name)
    main = command.main
    words = [f"/{name}"]
    if main is not None and main.completes:
        return " ".join([*words, *write_marked(command, options)])
    words += [f"{key}:{quoted(value)}" for key, value in options.items() if main is None or key != main.name]
    if main is not None and str(options.get(main.name, "")).strip():
        words.append(_marked(command, str(options[main.name]).strip(), options))
    return " ".join(words)


# A named value of several words, in straight, curly or Chinese quotation marks.
_QUOTED = re.compile(r'[\w-]+:(?:"[^"]*"|“[^”]*”|「[^」]*」)(?=\s|$)')


def _first_word(rest: str) -> str:
    quoted = _QUOTED.match(rest)
    return quoted[0] if quoted else rest.split(maxsplit=1)[0]


def _marked(command: Command, words: str, options: Mapping[str, OptionValue]) -> str:
    """The main option's words, with its name before them where their first word would be read as something else."""
    main = command.main
    assert main is not None
    others = {key: value for key, value in options.items() if key != main.name}
    named, _ = _named(command, words.split(maxsplit=1)[0], others)
    return words if named is None else f"{main.name}:{words}"


def _named(command: Command, word: str, taken: Mapping[str, OptionValue]) -> tuple[Option | None, str]:
    """The option that a word sets, and to what: by its name, or as a leading choice."""
    key, mark, value = word.partition(":")
    named = command.option(key.lower()) if mark and (value or key == (command.main and command.main.name)) else None
    if named is not None:
        is_quoted = len(value) > 1 and value[0] + value[-1] in ('""', "“”", "「」")
        return named, value[1:-1] if is_quoted else value
    first = next((option for option in command.options if option.choices and not option.main), None)
    if first is None or taken or all(choice.value != word.lower() for choice in first.choices):
        return None, ""
    return first, word
