"""What `/help` says, and lines that people could type for each command."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.texts import Text

HELPING: dict[str, Text] = {
    "help.here_label": Text("what holds in this place", "这里的设置"),
    "help.unknown_topic": Text(
        "I have no help on “{topic}”. There is: {topics}.", "没有关于「{topic}」的帮助。可以查看：{topics}。"
    ),
    # Without a topic.
    "help.intro": Text(
        "**I am {name}.** Write to me, in a channel by mentioning me, and I answer; I remember what was said before.",
        "**我是 {name}。** 直接给我写消息（在频道里提及我），我就会回答，并记得前面说过的话。",
    ),
    "help.asking": Text("**Ask for**", "**可以让我做**"),
    "help.yours": Text("**Make it yours**", "**按你的喜好**"),
    "help.admins": Text("**For admins**", "**管理员**"),
    "help.more": Text(
        "`/help write` shows a command in full with examples, `/help here` what holds in this place. Where slash "
        "commands do not work (in Slack's threads), begin with `!` instead: `!write …`.",
        "`/help write` 显示一个命令的全部选项和例子，`/help here` 显示这里的设置。斜杠命令不可用的地方"
        "（如 Slack 的讨论串），请改用 `!` 开头：`!write …`。",
    ),
    "help.outro": Text(
        "React 👍 or 👎 to an answer: I learn from it where that is allowed. The buttons under an answer try again, go "
        "on or stop it, and take a better answer from you.",
        "请用 👍 或 👎 评价回答，在允许的地方我会从中学习。回答下方的按钮可以重试、续写、停止，或让你给出更好的答案。",
    ),
    # One command.
    "help.title": Text("**/{name}**: {what}", "**/{name}**：{what}"),
    "help.only_admins": Text("Only admins may use it.", "只有管理员可以使用。"),
    "help.is_private": Text(
        "Only you see the answer, where the platform can hide it.", "在平台支持时，只有你能看到回答。"
    ),
    "help.reads_files": Text("Text files that you attach are read.", "会读取你附上的文本文件。"),
    "help.options": Text("**Options**", "**选项**"),
    "help.option": Text("- `{name}`: {what}", "- `{name}`：{what}"),
    "help.needed": Text("- `{name}` (needed): {what}", "- `{name}`（必填）：{what}"),
    "help.choice": Text("`{value}` ({label})", "`{value}`（{label}）"),
    "help.choices": Text(". One of: {values}", "。可选：{values}"),
    "help.proposals": Text(". For instance: {values}", "。例如：{values}"),
    "help.range": Text(". From {low} to {high}", "。{low} 到 {high}"),
    "help.typing": Text(
        "Typed by hand, an option is `name:value`, with several words in quotation marks; what you write without a "
        "name is `{main}`.",
        "手动输入时，选项写作 `名称:值`，有空格的值加引号；没有写名称的文字就是 `{main}`。",
    ),
    "help.examples": Text("**For example**", "**例如**"),
    # What holds in a place.
    "help.learning_on": Text(
        "**Learning:** on. Answers that are rated or improved here may be trained on.",
        "**学习：** 开。在这里被评价或改进的回答可能用于训练。",
    ),
    "help.learning_off": Text(
        "**Learning:** off. Nothing said here is trained on; ratings are still counted.",
        "**学习：** 关。这里说的话不会用于训练，评价仍会计数。",
    ),
    "help.digest": Text("**Digest:** the next one comes {next} ({zone}).", "**摘要：** 下一次在 {next}（{zone}）。"),
    "help.no_digest": Text(
        "**Digest:** none is ordered here (`/digest`).", "**摘要：** 这里没有定期摘要（`/digest`）。"
    ),
    "help.release": Text(
        "**Who answers:** release `{release}` of the model {model}.", "**由谁回答：** 模型 {model} 的版本 `{release}`。"
    ),
    "help.no_release": Text("**Who answers:** the model is not ready yet.", "**由谁回答：** 模型尚未就绪。"),
    "help.budgets": Text(
        "**How much:** {person} for each person, {place} for this place.",
        "**用量：** 每人{person}，这里一共{place}。",
    ),
    "help.per_second": Text("{amount} requests in {count} seconds", "每 {count} 秒 {amount} 次"),
    "help.per_minute": Text("{amount} requests in {count} minutes", "每 {count} 分钟 {amount} 次"),
    "help.per_hour": Text("{amount} requests in {count} hours", "每 {count} 小时 {amount} 次"),
    "help.per_day": Text("{amount} requests in {count} days", "每 {count} 天 {amount} 次"),
    "help.each_second": Text("{amount} requests a second", "每秒 {amount} 次"),
    "help.each_minute": Text("{amount} requests a minute", "每分钟 {amount} 次"),
    "help.each_hour": Text("{amount} requests an hour", "每小时 {amount} 次"),
    "help.each_day": Text("{amount} requests a day", "每天 {amount} 次"),
}

# Whole lines, as one would type them; each is read without complaint.
EXAMPLES: Mapping[str, tuple[Text, ...]] = {
    "write": (
        Text("/write email invite the team to lunch on Friday", "/write email 邀请大家周五一起吃午饭"),
        Text("/write form:poem language:chinese the sea in autumn", "/write form:poem 秋天的海"),
    ),
    "translate": (
        Text("/translate to:chinese The meeting is moved to Monday.", "/translate to:english 会议改到周一。"),
    ),
    "code": (
        Text(
            "/code language:python read a CSV file and print the mean of each column",
            "/code language:python 读取 CSV 文件并打印每一列的平均值",
        ),
    ),
    "image": (
        Text("/image a red house by a lake", "/image 湖边的红房子"),
        Text("/image style:watercolour count:4 a fox in the snow", "/image style:水彩 count:4 雪地里的狐狸"),
    ),
    "summarize": (
        Text("/summarize last:200 style:bullets", "/summarize last:200 style:bullets"),
        Text('/summarize since:"yesterday 9:00"', "/summarize since:「昨天 9点」"),
        Text("/summarize since:me style:catch-up", "/summarize since:me style:catch-up"),
    ),
    "digest": (
        Text("/digest every:daily 18:00", "/digest every:daily 18:00"),
        Text(
            "/digest every:weekly day:friday timezone:Europe/Berlin 16:30",
            "/digest every:weekly day:friday timezone:Asia/Shanghai 16:30",
        ),
        Text("/digest off", "/digest off"),
    ),
    "persona": (
        Text("/persona teacher", "/persona teacher"),
        Text(
            "/persona instructions: answer in three lines, and say how sure you are",
            "/persona instructions: 用三行回答，并说明有多大把握",
        ),
        Text("/persona editor for:here", "/persona editor for:here"),
        Text("/persona off", "/persona off"),
    ),
    "settings": (
        Text("/settings idle 2h", "/settings idle 2h"),
        Text("/settings house-style Say “we”. No exclamation marks.", "/settings house-style 用“我们”，不用感叹号。"),
        Text("/settings reset", "/settings reset"),
    ),
    "privacy": (
        Text("/privacy", "/privacy"),
        Text("/privacy opt-out", "/privacy opt-out"),
        Text("/privacy forget-me", "/privacy forget-me"),
    ),
    "retrain": (Text("/retrain dry-run", "/retrain dry-run"), Text("/retrain start quick", "/retrain start quick")),
    "release": (Text("/release list", "/release list"), Text("/release rollback", "/release rollback")),
    "help": (Text("/help here", "/help here"), Text("/help summarize", "/help summarize")),
}
