"""What the terminal itself says, in English and Chinese."""

from __future__ import annotations

from bot.domain.lines import Text


def say(key: str, locale: str, **values: object) -> str:
    """The line of this key for a reader of this locale, its `{names}` filled from values."""
    return LINES[key].in_locale(locale).format(**values)


LINES: dict[str, Text] = {
    "banner": Text(
        "{name} · write a message, / for commands, :help for keys; Ctrl-D leaves",
        "{name} · 直接输入消息，/ 列出命令，:help 查看按键；Ctrl-D 离开",
    ),
    "thinking": Text("thinking … {seconds} s", "思考中…… {seconds} 秒"),
    "in_line": Text("number {position} in line", "排队中，第 {position} 位"),
    "loading": Text("the model is loading … {seconds} s", "模型加载中…… {seconds} 秒"),
    "downloading": Text(
        "{model} is being downloaded: {done} of {total} MB ({percent} %)",
        "正在下载 {model}：{done} / {total} MB（{percent}%）",
    ),
    "replaced": Text(
        "{model} could not be fetched, so the bundled model answers. `doctor` and the log tell more.",
        "无法获取 {model}，暂由自带模型回答。详情见 `doctor` 与日志。",
    ),
    "replaced.painter": Text(
        "{model} could not be fetched, so the bundled painter draws. `doctor` and the log tell more.",
        "无法获取 {model}，暂由自带画师作画。详情见 `doctor` 与日志。",
    ),
    "press_again": Text("Ctrl-C again leaves", "再按一次 Ctrl-C 离开"),
    "finishing": Text("the answer under way gets a moment …", "正在等待回答写完……"),
    "attached": Text("attached: {names}", "已附上：{names}"),
    "answer_to": Text("answer to “{words}”", "回答「{words}」"),
    "answer_to_earlier": Text("answer to an earlier message, “{words}”", "回答之前的消息「{words}」"),
    "changed": Text("the answer was written anew:", "回答已重写："),
    "more": Text(":more goes on", ":more 接着写"),
    "pick": Text(":pick 1–{count} chooses one", ":pick 1–{count} 选用一张"),
    "change": Text(":change {first} … makes it anew", ":change {first} …… 改写"),
    "share": Text(":share posts it as a message", ":share 作为消息发出"),
    "rated": Text("Noted: {mark}", "已记下：{mark}"),
    "suggested": Text(
        "Noted, thank you: your text is kept as the better answer.", "已记下，谢谢：你的文字作为更好的回答保存了。"
    ),
    "nothing_to_rate": Text("There is no answer to rate yet.", "还没有可以评价的回答。"),
    "nothing_to_suggest": Text("There is no answer yet that a better one could replace.", "还没有可以改进的回答。"),
    "nothing_to_regenerate": Text("There is no answer to make again yet.", "还没有可以重新生成的回答。"),
    "nothing_to_continue": Text(
        "The last answer is complete; there is nothing to go on with.", "上一条回答已完整，没有可以续写的。"
    ),
    "nothing_to_change": Text(
        "There is no draft or picture to change yet. /write drafts a text, /image draws a picture.",
        "还没有可以修改的草稿或图片。/write 起草文字，/image 画图。",
    ),
    "change_into_what": Text(
        "Write after :change what it is to become: {changes}.", "请在 :change 之后写要改成什么：{changes}。"
    ),
    "nothing_to_pick": Text("There are no pictures to pick from yet.", "还没有可以挑选的图片。"),
    "pick_which": Text(
        "Write after :pick which picture, from 1 to {count}.", "请在 :pick 之后写第几张，1 到 {count}。"
    ),
    "nothing_to_share": Text(
        "There is no draft to post yet. /write makes one.", "还没有可以发出的草稿，用 /write 写一篇。"
    ),
    "no_picture": Text("There is no picture yet. /image draws one.", "还没有图片，用 /image 画一张。"),
    "suggest_what": Text("Write the better answer after :suggest.", "请在 :suggest 之后写出更好的回答。"),
    "attach_what": Text("Write the file's path after :attach.", "请在 :attach 之后写文件路径。"),
    "no_file": Text("There is no file {path} that I can read.", "没有可读取的文件 {path}。"),
    "unknown_verb": Text("There is no :{verb}. :help lists what there is.", "没有 :{verb}，:help 列出可用的。"),
    "not_utf8": Text(
        "Line {number} is not UTF-8 text, so it was left out. Convert the input to UTF-8 first.",
        "第 {number} 行不是 UTF-8 文本，已跳过。请先把输入转换成 UTF-8。",
    ),
    "line_too_long": Text(
        "Line {number} is longer than {limit} bytes, so it was left out. Split it, or attach it as a file (:attach).",
        "第 {number} 行超过 {limit} 字节，已跳过。请分成几行，或作为文件附上（:attach）。",
    ),
    "not_taken": Text("This line was not taken.", "这一行没有被接受。"),
    "help.keys": Text(
        "Enter sends, Alt-Enter begins a new line, Tab completes, Ctrl-C stops an answer, Ctrl-D leaves.",
        "Enter 发送，Alt-Enter 换行，Tab 补全，Ctrl-C 停止回答，Ctrl-D 离开。",
    ),
    "help.commands": Text("/help tells what {name} can do.", "/help 介绍 {name} 能做什么。"),
}
