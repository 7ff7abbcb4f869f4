"""What the bot itself says on Discord alone, in English and Chinese."""

from __future__ import annotations

from bot.domain.lines import Text


def say(key: str, locale: str, **values: object) -> str:
    """The line of this key for a reader of this locale, its `{names}` filled from values."""
    return LINES[key].in_locale(locale).format(**values)


LINES: dict[str, Text] = {
    # Buttons and menus.
    "button.regenerate": Text("Regenerate", "重新生成"),
    "button.continue": Text("Continue", "继续"),
    "button.suggest": Text("Suggest", "改进"),
    "button.pick": Text("Pick {detail}", "选 {detail}"),
    "button.share": Text("Share", "分享"),
    "button.use": Text("Use as message", "作为消息发送"),
    "button.stop": Text("Stop", "停止"),
    "menu.changes": Text("Change …", "修改……"),
    "change.shorter": Text("Shorter", "更短"),
    "change.longer": Text("Longer", "更长"),
    "change.formal": Text("More formal", "更正式"),
    "change.friendly": Text("Friendlier", "更亲切"),
    "change.english": Text("In English", "译成英文"),
    "change.chinese": Text("In Chinese", "译成中文"),
    "change.vary": Text("Vary it", "换个样子"),
    "change.animate": Text("Let it move", "让它动起来"),
    "menu.summarize": Text("Summarise from here", "从这里开始总结"),
    "menu.rewrite": Text("Rewrite this", "改写这条消息"),
    "option.file": Text("a text file to read", "要读的文本文件"),
    # The form behind 👎 and Suggest.
    "form.title_bad": Text("What went wrong?", "哪里不好？"),
    "form.title_suggest": Text("Suggest a better answer", "写出更好的回答"),
    "form.reason": Text("Why was it not good?", "为什么不好？"),
    "form.better": Text("A better answer", "更好的回答"),
    "form.thanks": Text("Noted, thank you.", "已记下，谢谢。"),
    "form.empty": Text("Nothing was written, so nothing is kept.", "没有填写内容，所以没有保存。"),
    # What pressing leads to.
    "act.rated_good": Text("Noted: 👍", "已记下：👍"),
    "act.unknown_answer": Text(
        "I no longer know this answer, so nothing can be done with it.", "我已不记得这条回答，无法操作。"
    ),
    "act.not_under_way": Text("This answer is not being written any more.", "这条回答已不在生成中。"),
    "act.no_words": Text("There are no words in this message to rewrite.", "这条消息没有可以改写的文字。"),
    # While an answer is made.
    "show.in_line": Text("Number {position} in line …", "排队中，第 {position} 位……"),
    "show.writing": Text("Writing …", "正在写……"),
    "show.empty": Text("(There is nothing to show.)", "（没有内容。）"),
    "show.repeat": Text(
        "I was interrupted while sending this, so it may be a repeat.", "发送时被中断过，这条可能是重复的。"
    ),
    "show.mention_me": Text(
        "To go on in this thread, mention me: I may not read other messages here.",
        "想在这个帖子里继续，请@我：其他消息我无权读取。",
    ),
    # Where an answer is that only one person sees.
    "send.directly": Text("For your eyes only, so I answered directly: {link}", "只给你看的回答，已私信发送：{link}"),
    # What cannot be shown.
    "send.no_direct": Text(
        "This answer is for you alone, and I cannot send you a direct message. Allow direct messages from this server, "
        "or use the slash command, whose answer only you see.",
        "这条回答只给你看，但我无法给你发私信。请允许来自此服务器的私信，或使用斜杠命令（其回答只有你能看到）。",
    ),
    "send.locked": Text(
        "You asked me something in <#{channel}>, but that thread is locked by now.",
        "你在 <#{channel}> 向我提问，但那个帖子现在已被锁定。",
    ),
    "send.forbidden": Text(
        "You asked me something in <#{channel}>, but I may not write there. An admin can give me the permissions "
        "“View Channel” and “Send Messages” (in threads “Send Messages in Threads”).",
        "你在 <#{channel}> 向我提问，但我在那里没有发言权限。"
        "管理员可以授予我「查看频道」和「发送消息」（帖子中为「在子区内发送消息」）权限。",
    ),
}
