"""What the bot says about drafts, in English and Chinese; part of `bot.domain.lines.LINES`."""

from __future__ import annotations

from bot.domain.texts import Text

WRITING: dict[str, Text] = {
    "write.unknown_form": Text(
        "I know no form “{form}”. There are: {forms}. A team can add its own.",
        "没有「{form}」这种形式。现有：{forms}。团队可以自己添加。",
    ),
    "write.own_length": Text(
        "A {form} has a length of its own. Leave “length” out.", "「{form}」的长度由形式决定，请去掉 length。"
    ),
    "write.no_text": Text(
        "There is no text to translate. Put it after /translate, or attach a file.",
        "没有要翻译的文字。请写在 /translate 之后，或附上文件。",
    ),
    "change.no_text": Text("There is no text in this answer to change.", "这条回答里没有可以修改的文字。"),
    # Under a draft while it is made right.
    "write.longer": Text("Making it longer …", "正在加长……"),
    "write.shorter": Text("Making it shorter …", "正在缩短……"),
    "write.again": Text("Not right yet, so I write it again …", "还不合要求，正在重写……"),
    # Under a draft that could not be made right.
    "write.length_not_kept": Text(
        "Asked for {low} to {high} words, this has {count}: the model did not get closer.",
        "要求 {low} 到 {high} 字，这里有 {count} 字：模型没能更接近。",
    ),
    "write.not_right": Text("Not as it should be: {faults}", "有不合要求之处：{faults}"),
    # To the model, which is asked again.
    "write.ask_again": Text("That is not right yet. {faults} Write it again.", "还不合要求。{faults}请重写一遍。"),
    "write.ask_more": Text(
        "Go on where this ends, with about {count} words more. Write only what comes next.",
        "从结尾处接着写大约{count}字，只写后面的内容。",
    ),
    "write.ask_longer": Text(
        "That has only {count} words. Write it again with about {target} words.",
        "只有 {count} 字。请重写一遍，写到大约{target}字。",
    ),
    "write.ask_shorter": Text(
        "That has {count} words, which is too long. Write it again with about {target} words.",
        "有 {count} 字，太长了。请重写一遍，大约{target}字。",
    ),
    # What a check found.
    "check.max_words": Text("It has {count} words; at most {limit} are allowed.", "共 {count} 字，最多 {limit} 字。"),
    "check.max_characters": Text(
        "It has {count} characters; at most {limit} are allowed.", "共 {count} 个字符，最多 {limit} 个。"
    ),
    "check.max_lines": Text("It has {count} lines; at most {limit} are allowed.", "共 {count} 行，最多 {limit} 行。"),
    "check.one_line": Text("It must be one line.", "只能有一行。"),
    "check.lines_begin_with": Text("Each line must begin with one of {marks}.", "每一行都要以{marks}之一开头。"),
    "check.min_items": Text(
        "It has {count} list items; at least {limit} are needed.", "共列出 {count} 条，至少要 {limit} 条。"
    ),
    "check.has_subject": Text("It must begin with a line “Subject: …”.", "开头须有一行「主题：……」。"),
    "check.line_lengths": Text(
        "All verses must be equally long: {allowed} characters each.", "每句字数须相同，为 {allowed} 字。"
    ),
    "check.verses": Text("It has {count} verses instead of {allowed}.", "共 {count} 句，应为 {allowed} 句。"),
    "check.fenced_code": Text("The code must stand in a fenced block (```).", "代码须放在围栏代码块（```）里。"),
    "check.code_language": Text("The code block is not marked as {language}.", "代码块没有标明是 {language}。"),
    "check.parses": Text("The {language} code has an error at line {at}.", "{language} 代码第 {at} 行有语法错误。"),
    "check.in_language": Text("The text is not in {language}, as asked.", "文字不是要求的语言（{language}）。"),
}
