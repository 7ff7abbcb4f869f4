"""What the bot says of personas, of a place's settings, and when it greets."""

from __future__ import annotations

from bot.domain.texts import Text

PLACE: dict[str, Text] = {
    # /persona.
    "persona.off_label": Text("back to how I am without one", "恢复没有角色时的样子"),
    "persona.unknown": Text(
        "There is no persona “{name}”. I know: {known}. For wishes in your own words: "
        "`/persona instructions:your words`.",
        "没有「{name}」这个角色。可用的有：{known}。要用自己的话提要求，请用 `/persona instructions:你的话`。",
    ),
    "persona.too_long": Text(
        "Together with what holds here, this takes {tokens} of the {window} tokens that the model reads, and may take "
        "{most}, so that the talk has room. Please say it shorter.",
        "加上这里已有的设置，这要占用 {tokens} 个词元，而模型一次只读 {window} 个，最多可用 {most} 个，"
        "好给对话留出空间。请写短一些。",
    ),
    "persona.fills_window": Text(
        "Persona, instructions and house style fill what the model reads ({window} tokens), and leave no room for your "
        "message. Shorten yours by /persona, or have an admin shorten the place's by /settings and /persona.",
        "角色、指示和文风占满了模型能读的 {window} 个词元，容不下你的消息。请用 /persona 缩短你的设置，或请管理员用 "
        "/settings 和 /persona 缩短这里的设置。",
    ),
    "persona.set_me": Text(
        "Done: this holds for my answers to you, wherever you ask.", "好了：在任何地方，我都这样回答你。"
    ),
    "persona.set_here": Text(
        "Done: this holds for my answers in this place, except to those who chose for themselves.",
        "好了：我在这里都这样回答，自己另有选择的人除外。",
    ),
    "persona.in_force": Text("**In my answers to you here:**", "**我在这里回答你时：**"),
    "persona.in_force_here": Text("**In my answers to everyone here:**", "**我在这里回答大家时：**"),
    "persona.row": Text(
        "- persona: `{name}`, {source}. {description}.", "- 角色：`{name}`（{source}）。{description}。"
    ),
    "persona.host_row": Text("- persona: none but the host's own instructions.", "- 角色：无，只遵循主机自己的指示。"),
    "persona.gone_row": Text(
        "- persona: `{name}` ({source}) does not exist any more, so none.",
        "- 角色：`{name}`（{source}）已不存在，因此没有角色。",
    ),
    "persona.instructions_row": Text("- instructions, {source}:\n\n{words}", "- 指示（{source}）：\n\n{words}"),
    "persona.no_instructions_row": Text("- instructions: none.", "- 指示：无。"),
    "persona.from_me": Text("your choice", "你的选择"),
    "persona.from_here": Text("set for this place", "这里的设置"),
    "persona.from_default": Text("as I am without any", "没有设定时的样子"),
    "persona.host_first": Text(
        "The host's own instructions come before all of these.", "主机自己的指示优先于以上各项。"
    ),
    "persona.known": Text("**The personas:**", "**可选的角色：**"),
    "persona.how": Text(
        "`/persona poet` chooses one, `/persona instructions:answer in three lines` adds your own words, "
        "`/persona off` goes back. With `for:here` an admin chooses for this place.",
        "`/persona poet` 选一个角色，`/persona instructions:用三行回答` 加上你自己的话，`/persona off` 恢复默认。"
        "管理员加上 `for:here` 可为这里设定。",
    ),
    # /settings.
    "settings.title": Text("**What holds in this place**", "**这里的设置**"),
    "settings.head": Text("setting | here | set", "设置 | 现在 | 由谁设定"),
    "settings.by_host": Text("by the host", "主机"),
    "settings.by": Text("by {who}, {when}", "{who}，{when}"),
    "settings.you": Text("you", "你"),
    "settings.an_admin": Text("an admin", "某位管理员"),
    "settings.none": Text("none", "无"),
    "settings.minutes": Text("{count} min", "{count} 分钟"),
    "settings.hours": Text("{count} h", "{count} 小时"),
    "settings.messages": Text("{count} messages", "{count} 条消息"),
    "settings.all": Text("all that fit the model", "模型能读的全部"),
    "settings.on": Text("on", "开"),
    "settings.off": Text("off", "关"),
    "settings.chosen": Text("{count} characters, below", "{count} 个字，见下"),
    "settings.how_house-style": Text(
        "`/settings house-style Say “we”. No exclamation marks.` Everything that I write here keeps to it; `off` drops "
        "it.",
        "`/settings house-style 用“我们”，不用感叹号。` 我在这里写的一切都遵循它；`off` 取消。",
    ),
    "settings.how_idle": Text(
        "`/settings idle 2h` A message in a channel that replies to none carries on from the last one for so long, "
        "then a new talk begins: 0 minutes to 7 days. Threads and direct messages always carry on.",
        "`/settings idle 2h` 频道里没有回复任何人的消息，在这段时间内接着上文聊，之后就是新的对话：0 分钟到 7 天。"
        "讨论串和私聊总是接着聊。",
    ),
    "settings.how_memory": Text(
        "`/settings memory 20` So many earlier messages I read at most before I answer: 0 to {high}, or `all`.",
        "`/settings memory 20` 回答前我最多读这么多条先前的消息：0 到 {high}，或 `all`。",
    ),
    "settings.how_greet": Text(
        "`/settings greet on` I greet who opens a thread here, and answer in it without being mentioned.",
        "`/settings greet on` 有人在这里新开讨论串时我会问候，并在其中不用提及也回答。",
    ),
    "settings.how_reset": Text(
        "`/settings reset` puts all of these back to the host's own, `/settings reset idle` one of them.",
        "`/settings reset` 全部恢复主机的设置，`/settings reset idle` 只恢复一项。",
    ),
    "settings.persona": Text(
        "Persona and instructions of this place: `/persona for:here`.", "这里的角色和指示：`/persona for:here`。"
    ),
    "settings.changed": Text("Done.", "好了。"),
    "settings.bad_idle": Text(
        "“idle” takes a time from 0 minutes to {high} (7 days), such as 45, 90m, 2h or 1d, not “{value}”.",
        "“idle” 须是 0 到 {high} 分钟（7 天）的时长，如 45、90m、2h、1d，而不是「{value}」。",
    ),
    "settings.bad_memory": Text(
        "“memory” takes a whole number of messages from 0 to {high}, or “all”, not “{value}”.",
        "“memory” 须是 0 到 {high} 的整数（消息条数）或 “all”，而不是「{value}」。",
    ),
    "settings.bad_greet": Text("“greet” is on or off, not “{value}”.", "“greet” 只能是 on 或 off，而不是「{value}」。"),
    "settings.bad_reset": Text(
        "There is no setting “{value}”. Reset one of these: {known}; or all of them by `/settings reset`.",
        "没有「{value}」这项设置。可恢复：{known}；或用 `/settings reset` 全部恢复。",
    ),
    "settings.which": Text(
        "Say which setting this is for: `/settings idle 2h`. There are: {known}.",
        "请说明是哪项设置，例如 `/settings idle 2h`。可用的有：{known}。",
    ),
    "settings.no_value": Text("Say the new value of “{name}”: {how}", "请给出 “{name}” 的新值：{how}"),
    # A thread is opened.
    "greeting.hello": Text(
        "Hello {who}, I am {name}. Write here and I answer; I read this thread, so nobody needs to mention me.",
        "{who}，你好，我是 {name}。在这里直接写，我就会回答；我会读这个讨论串，不用提及我。",
    ),
    "greeting.hello_direct": Text(
        "Hello {who}, I am {name}. Write here and I answer.", "{who}，你好，我是 {name}。在这里直接写，我就会回答。"
    ),
    "greeting.persona": Text(
        "Here I speak as `{persona}`: {description}.", "我在这里的角色是 `{persona}`：{description}。"
    ),
    "greeting.help": Text("`!help` says what else I can do.", "`!help` 会告诉你我还能做什么。"),
}
