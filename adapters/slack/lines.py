"""What the bot itself says on Slack alone, in English and Chinese."""

from __future__ import annotations

from bot.domain.lines import Text


def say(key: str, locale: str, **values: object) -> str:
    """The line of this key for a reader of this locale, its `{names}` filled from values."""
    return LINES[key].in_locale(locale).format(**values)


LINES: dict[str, Text] = {
    # While one waits. Slack writes the app's name before a status.
    "status.thinking": Text("is thinking …", "正在思考……"),
    "status.in_line": Text("will get to this: number {position} in line …", "稍后就来：排在第 {position} 位……"),
    "working": Text("One moment, I am at work on it …", "请稍候，正在处理……"),
    # What can be pressed.
    "button.good": Text("Good answer", "回答得好"),
    "button.bad": Text("Bad answer", "回答得不好"),
    "button.regenerate": Text("Regenerate", "重新生成"),
    "button.continue": Text("Continue", "继续"),
    "button.suggest": Text("Suggest a better answer", "提供更好的回答"),
    "button.stop": Text("Stop", "停止"),
    "button.pick": Text("Pick {number}", "选 {number}"),
    "button.share": Text("Share", "分享"),
    "button.use": Text("Use as message", "作为消息发送"),
    "menu.changes": Text("Change …", "修改……"),
    "change.shorter": Text("Shorter", "更短"),
    "change.longer": Text("Longer", "更长"),
    "change.formal": Text("More formal", "更正式"),
    "change.friendly": Text("Friendlier", "更亲切"),
    "change.english": Text("In English", "译成英文"),
    "change.chinese": Text("In Chinese", "译成中文"),
    "change.vary": Text("Vary it", "换个样子"),
    "change.animate": Text("Let it move", "让它动起来"),
    "picture.like": Text("How do you like it?", "满意吗？"),
    "picture.pick": Text("Which one do you like best?", "最喜欢哪一张？"),
    # What is said back.
    "rated.good": Text("Noted: 👍 Thank you.", "已记下：👍 谢谢。"),
    "suggested": Text(
        "Noted, thank you: your text is kept as the better answer.", "已记下，谢谢：你的文字作为更好的回答保存了。"
    ),
    "reasoned": Text("Noted, thank you.", "已记下，谢谢。"),
    "gone": Text(
        "I no longer know this answer, so there is nothing to do with it. Ask me again.",
        "我已不记得这条回答，无法处理。请重新提问。",
    ),
    "nothing_to_stop": Text("There is nothing under way to stop.", "没有正在进行的回答可以停止。"),
    "not_yours_to_stop": Text(
        "Nothing that you asked for is under way here. What others asked for can be stopped once its words appear.",
        "这里没有正在为你生成的回答。给别人的回答，要等文字出现后才能停止。",
    ),
    "no_words": Text("There are no words in this message to rewrite.", "这条消息没有可以改写的文字。"),
    "not_here": Text(
        "I cannot post in this channel, because I am not a member of it. Type `/invite @{name}` here, then ask again.",
        "我不是此频道的成员，无法在这里发言。请在此输入 `/invite @{name}`，然后再问一次。",
    ),
    "lost.outside": Text(
        "You asked me something in {channel}, but I am no member of that channel. Invite me there, then ask again.",
        "你在 {channel} 向我提问，但我不是该频道的成员。请先邀请我加入，然后再问一次。",
    ),
    "lost.archived": Text(
        "You asked me something in {channel}, but that channel is archived by now.",
        "你在 {channel} 向我提问，但该频道现在已归档。",
    ),
    "lost.restricted": Text(
        "You asked me something in {channel}, but only some people may post there. Its managers can let me.",
        "你在 {channel} 向我提问，但那里只有部分成员可以发言。频道管理员可以允许我发言。",
    ),
    "repeat": Text(
        "I was interrupted while sending this, so it may be a repeat.", "发送时曾被中断，这条内容可能是重复的。"
    ),
    # The modal under 👎 and the one for a better answer.
    "modal.title": Text("About this answer", "关于这条回答"),
    "modal.submit": Text("Send", "发送"),
    "modal.close": Text("Cancel", "取消"),
    "modal.reason": Text("What is wrong with it?", "哪里不好？"),
    "modal.better": Text("What should it have been?", "更好的回答是什么？"),
    "modal.better_hint": Text(
        "Your text is kept as the better answer to the same question.", "你的文字会作为同一问题的更好回答保存。"
    ),
    "modal.late": Text(
        "Slack was too slow to open the form. Press again; a vote given meanwhile is kept.",
        "Slack 没能及时打开表单。请再按一次，已投的票不会丢失。",
    ),
    # The agent's pane and the app's home.
    "prompt.email.title": Text("Write an email", "写一封邮件"),
    "prompt.email": Text(
        "Write an email inviting the team to lunch on Friday.", "写一封邮件，邀请大家周五一起吃午饭。"
    ),
    "prompt.idea.title": Text("Find a name", "起个名字"),
    "prompt.idea": Text("Suggest five names for a reading group.", "给一个读书会想五个名字。"),
    "prompt.help.title": Text("What can you do?", "你能做什么？"),
    "prompt.help": Text("!help", "!help"),
    "home.intro": Text(
        "I am {name}. Mention me in a channel, or write to me under *Messages*: I answer and remember the thread. "
        "Where slash commands do not work (threads, and our direct messages), write `!write …` instead of `/write …`.",
        "我是 {name}。在频道里提到我，或在「消息」中写给我，我会回答并记住这个话题。"
        "在不能使用斜杠命令的地方（话题和私信），用 `!write …` 代替 `/write …`。",
    ),
    "home.commands": Text("Commands", "命令"),
    "home.rating": Text(
        "React 👍 or 👎 to an answer, or press the buttons below it.", "请用 👍 或 👎 评价回答，或按下方的按钮。"
    ),
}
