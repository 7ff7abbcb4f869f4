"""Every line that the bot itself says, in English and Chinese.

A line is named by a key; `say` fills it in the reader's language. Adapters and the page take their words from here too,
so that a test can hold both languages to the same set.
"""

from __future__ import annotations

from bot.domain.help_lines import HELPING
from bot.domain.learning_lines import LEARNING
from bot.domain.painting_lines import PAINTING
from bot.domain.place_lines import PLACE
from bot.domain.summary_lines import SUMMARIES
from bot.domain.texts import Text, is_chinese
from bot.domain.training_lines import TRAINING
from bot.domain.writing_lines import WRITING

__all__ = ["LINES", "Text", "is_chinese", "say"]


def say(key: str, locale: str, **values: object) -> str:
    """The line of this key for a reader of this locale, its `{names}` filled from values."""
    return LINES[key].in_locale(locale).format(**values)


LINES: dict[str, Text] = {
    # Errors that people see: what happened, then what to do.
    "error.unknown": Text(
        "Something went wrong on my side. It is in the log; please try again.",
        "我这边出了问题，已记入日志，请再试一次。",
    ),
    "error.generation": Text("I could not finish this answer. Please try again.", "这次回答没能完成，请再试一次。"),
    "error.prompt_too_long": Text(
        "Your message is too long for the model: {tokens} tokens, and it reads {window}. "
        "Shorten it, or paste it after /summarize, which reads long texts in parts.",
        "消息太长：共 {tokens} 个词元，模型一次只能读 {window} 个。请缩短，或放在 /summarize 之后，它会分段读长文。",
    ),
    "error.engine_loading": Text(
        "The model is still loading. Please ask again in a minute.", "模型还在加载，请一分钟后再问。"
    ),
    "error.engine_died": Text(
        "The model stopped in the middle of this answer. Press Continue to go on, or Regenerate to start over.",
        "模型在回答途中中断了。按「继续」接着写，或「重新生成」。",
    ),
    "error.engine_down": Text(
        "No model is answering right now. Your message is kept; please try again later, or tell the admin.",
        "现在没有可用的模型。你的消息已保存，请稍后再试，或告诉管理员。",
    ),
    "error.request_rejected": Text("The model refused this request: {reason}", "模型拒绝了这个请求：{reason}"),
    "error.painter_missing": Text(
        "Drawing is turned off here. The admin can leave IMAGE_MODEL in .env empty for the bundled painter, or name a "
        "diffusers model (a folder or a Hub id), and restart me; then /image draws.",
        "这里关闭了画图。管理员可在 .env 中把 IMAGE_MODEL 留空以使用自带画师，或填写一个 diffusers 模型"
        "（文件夹或 Hub 名称）并重启，之后 /image 就能画图。",
    ),
    "error.delivery": Text(
        "I cannot read this here: the platform did not let me. Invite me to the channel (on Slack: /invite), or have "
        "my permissions checked, then try again.",
        "平台没有让我读取这里的内容。请把我邀请进频道（Slack：/invite），或检查我的权限，然后再试。",
    ),
    "error.disk_full": Text(
        "The disk is full, so nothing can be kept and I cannot answer. The admin has to free some space.",
        "磁盘已满，无法保存任何内容，也就无法回答。请管理员腾出空间。",
    ),
    # Commands.
    "command.unknown": Text(
        "There is no command /{command}. I know: {commands}.",
        "没有 /{command} 这个命令。可用的有：{commands}。",
    ),
    "command.unknown_option": Text(
        "/{command} has no option “{option}”. It takes: {options}.",
        "/{command} 没有选项「{option}」，可用的有：{options}。",
    ),
    "command.missing_option": Text(
        "/{command} needs “{option}”. See /help.", "/{command} 需要「{option}」，见 /help。"
    ),
    "command.not_a_choice": Text(
        "“{value}” is not a choice of “{option}”. Choose one of: {choices}.",
        "「{option}」没有「{value}」这个选择，可选：{choices}。",
    ),
    "command.not_a_number": Text(
        "“{option}” must be a whole number from {low} to {high}, not “{value}”.",
        "「{option}」须是 {low} 到 {high} 的整数，而不是「{value}」。",
    ),
    "command.not_a_measure": Text(
        "“{option}” must be a number from {low} to {high}, not “{value}”.",
        "「{option}」须是 {low} 到 {high} 的数，而不是「{value}」。",
    ),
    "command.too_long": Text("“{option}” is longer than {limit} characters.", "「{option}」超过了 {limit} 个字符。"),
    "command.no_words": Text("/{command} takes no words after it.", "/{command} 后面不需要文字。"),
    "command.admins_only": Text(
        "Only admins may do this: those whom the host names in ADMINS, and the admins of this server or workspace. "
        "In direct messages only ADMINS count.",
        "只有管理员可以这样做：主机在 ADMINS 中指定的人，以及本服务器或工作区的管理员。在私聊中只认 ADMINS。",
    ),
    "error.storage": Text(
        "I could not store this, so I did not take it up. Please try again; if it happens again, tell the admin.",
        "没能保存这条消息，所以没有处理。请再试一次；如果仍然不行，请告诉管理员。",
    ),
    "error.empty_answer": Text(
        "The model had nothing to say to this. Put it in other words, or press Regenerate.",
        "模型没有给出内容。请换个说法，或按「重新生成」。",
    ),
    "error.gave_up": Text(
        "I tried this several times and was interrupted each time, so I have set it aside. Please ask again.",
        "这个请求我试了几次都被中断，只好放下。请重新提问。",
    ),
    # Messages.
    "message.empty": Text("There is nothing in this message. Write something first.", "消息是空的，请先写点什么。"),
    "message.too_long": Text(
        "This message has {length} characters; I take up to {limit}. Attach it as a text file instead.",
        "消息有 {length} 个字符，最多 {limit} 个。请改为附上文本文件。",
    ),
    "attachment.too_large": Text(
        "“{name}” is larger than {limit} KiB. Attach a smaller file.",
        "「{name}」超过 {limit} KiB，请附上小一些的文件。",
    ),
    "attachment.not_text": Text(
        "I cannot read “{name}”: it is not a text file. Attach plain text (txt, md, csv, code …).",
        "无法读取「{name}」：它不是文本文件。请附上纯文本（txt、md、csv、代码……）。",
    ),
    # Admission.
    "admission.person_budget": Text(
        "You have asked a lot in a short time. I can answer you again in {seconds} seconds.",
        "你短时间内问得太多了，{seconds} 秒后可以再问。",
    ),
    "admission.place_budget": Text(
        "This place has asked a lot in a short time. I can answer here again in {seconds} seconds.",
        "这里短时间内的提问太多了，{seconds} 秒后可以再问。",
    ),
    "admission.full": Text(
        "{limit} requests are waiting already, so I cannot take more. Please try again in a minute.",
        "已有 {limit} 个请求在排队，暂时不能再接。请一分钟后再试。",
    ),
    # Notes beneath answers.
    "share.by": Text("Shared by {name}.", "由 {name} 分享。"),
    "change.gone": Text(
        "The answer that this was to be made from has been deleted. Please ask anew.",
        "要修改的那条回答已被删除，请重新提问。",
    ),
    "pick.no_such_picture": Text(
        "There is no picture {number}: this answer has {count}.", "没有第 {number} 张图：这条回答共有 {count} 张。"
    ),
    "note.length": Text("This answer reached its length limit.", "这条回答达到了长度上限。"),
    "note.stopped": Text("Stopped.", "已停止。"),
    "note.left_out": Text(
        "This conversation is longer than the model can read: the oldest messages ({count}) are left out from here on.",
        "对话超出了模型能读的长度：从这里起不再读最早的 {count} 条。",
    ),
    # /privacy.
    "privacy.kept": Text(
        "I keep of you, on the machine that I run on only: messages {turns}, ratings {ratings}, suggested answers "
        "{suggestions}.",
        "我保存了你的 {turns} 条消息、{ratings} 个评价和 {suggestions} 条改进建议，只存在运行我的这台机器上。",
    ),
    "privacy.learning_is_on": Text("Learning from this place is on.", "可以从此处学习。"),
    "privacy.learning_is_off": Text(
        "Learning from this place is off: nothing said here is trained on. Ratings are still kept and counted.",
        "不会从此处学习：这里说的话不会用于训练，评价仍会保存和计数。",
    ),
    "privacy.opted_out": Text(
        "You have opted out: nothing of yours is trained on.", "你已退出：你的内容不会用于训练。"
    ),
    "privacy.opted_in": Text(
        "Your messages and ratings may be learned from again, where learning is on.",
        "在允许学习的地方，可以再次从你的消息和评价中学习。",
    ),
    "privacy.choices": Text(
        "`/privacy opt-out` keeps your words out of training; `/privacy forget-me` erases everything of yours.",
        "`/privacy opt-out` 让你的话不用于训练；`/privacy forget-me` 会抹去你的一切。",
    ),
    "privacy.forgotten": Text(
        "Done. I have erased {turns} messages (yours and my answers to them), {ratings} ratings and {suggestions} "
        "suggested answers.",
        "已抹去 {turns} 条消息（你的和我的回答）、{ratings} 个评价和 {suggestions} 条改进建议。",
    ),
    "privacy.built_on": Text(
        "Weights cannot forget. These releases were trained on examples of yours, too: {releases}. An admin can train "
        "anew without them by `/retrain start`, and put an earlier release into service until then by `/release use`.",
        "模型权重无法遗忘。这些版本的训练用过你的样本：{releases}。管理员可以用 `/retrain start` 在没有这些样本的情况下"
        "重新训练，在此之前可用 `/release use` 换回更早的版本。",
    ),
    "privacy.run_stopped": Text(
        "A training run was under way that may have used examples of yours. I have stopped it; an admin can start it "
        "again by `/retrain start`.",
        "当时有一次训练正在进行，可能用到了你的样本，我已将它停止。管理员可以用 `/retrain start` 重新开始。",
    ),
    "privacy.learning_on": Text(
        "**Learning from this place is on.** Answers that people here rate or improve become training examples, "
        "with the conversation that they answer. They stay on the machine that I run on, secrets and personal "
        "data are taken out first, and summaries are never used. What was said before counts, too. Anyone may "
        "keep theirs out with `/privacy opt-out` or erase it with `/privacy forget-me`; `/privacy learning-off` "
        "ends it for this place.",
        "**已允许从此处学习。** 大家在这里评价或改进过的回答，连同它所回应的对话，会成为训练样本。样本只留在运行"
        "我的这台机器上，先去除密钥和个人信息，总结从不使用。此前说过的话也算在内。任何人都可以用 `/privacy "
        "opt-out` 退出，或用 `/privacy forget-me` 抹去；`/privacy learning-off` 可随时关闭。",
    ),
    "privacy.policy_discord": Text(
        "**Your responsibility:** Discord's developer policy forbids training models on message content obtained "
        "through its API unless Discord permits it. By leaving this on you say that you have that permission, and "
        "that people here know.",
        "**你的责任：** Discord 的开发者政策规定，未经 Discord 许可，不得用通过其 API 获得的消息内容训练模型。保持开启"
        "即表示你已获得许可，并已告知这里的人。",
    ),
    "privacy.policy_slack": Text(
        "**Your responsibility:** Slack's developer policy forbids apps to use its data to train a large language "
        "model, under any circumstances; its API terms say so of third-party apps. By leaving this on you say that "
        "your organisation has the right to do it with its own app, and that people here know.",
        "**你的责任：** Slack 的开发者政策规定，应用在任何情况下都不得用其数据训练大语言模型；其 API 条款的同一禁令针对"
        "第三方应用。保持开启即表示你的组织有权用自己的应用这样做，并已告知这里的人。",
    ),
    **HELPING,
    **LEARNING,
    **PLACE,
    **PAINTING,
    **SUMMARIES,
    **TRAINING,
    **WRITING,
}
