"""What the bot says about summaries and digests, in English and Chinese; part of `bot.domain.lines.LINES`."""

from __future__ import annotations

from bot.domain.texts import Text

SUMMARIES: dict[str, Text] = {
    "summarize.nothing": Text(
        "There is nothing to sum up here yet. Paste a text after /summarize, or attach a file.",
        "这里还没有可以总结的内容。请在 /summarize 后粘贴文字，或附上文件。",
    ),
    "summarize.nothing_since": Text(
        "Nobody has written here since {since} ({zone}). Name an earlier time, or a number of messages: last:100.",
        "自 {since}（{zone}）以来这里没有人发言。请给出更早的时间，或消息条数：last:100。",
    ),
    "summarize.nothing_since_you": Text(
        "Nobody has written here since your last message. Name a time instead, such as since:2h.",
        "自你上次发言以来没有人说话。可以改为指定时间，如 since:2h。",
    ),
    "summarize.no_words": Text(
        "I read {count} messages, and none has words to sum up: only commands, other bots, pictures or emoji.",
        "我读了 {count} 条消息，但都没有可总结的文字：只有命令、其他机器人、图片或表情。",
    ),
    "summarize.empty_text": Text(
        "The text is empty, so there is nothing to sum up.", "这段文字是空的，没有可以总结的内容。"
    ),
    "summarize.unknown_time": Text(
        "I do not understand the time “{since}”. Write it as 2h, yesterday 9:00, Monday, or 2026-11-20 18:00.",
        "无法理解时间「{since}」。请写成 2小时、昨天9点、周一，或 2026-11-20 18:00。",
    ),
    "summarize.future": Text(
        "“{since}” has not come yet, so nothing was said since then. Name a time in the past.",
        "「{since}」还没有到，所以没有可以总结的消息。请给出过去的时间。",
    ),
    "summarize.unreadable": Text(
        "I cannot read the messages here: I may not, or the channel or thread is gone. Someone who manages it can let "
        "me read its message history; a text pasted after /summarize works in any case.",
        "我读不到这里的消息：可能没有权限，或频道、讨论串已不存在。管理者可以允许我读取消息历史；"
        "在 /summarize 后粘贴文字总是可以的。",
    ),
    "summarize.unreachable": Text(
        "The platform did not give me the messages just now. Please try again in a minute.",
        "平台刚才没有把消息给我，请一分钟后再试。",
    ),
    "summarize.message_gone": Text(
        "I did not find the message to begin at: it is deleted, or further back than 10,000 messages.",
        "没有找到作为起点的消息：可能已删除，或在一万条消息之前。",
    ),
    "summarize.file_gone": Text(
        "I could not fetch the attached file: it is broken or gone. Please attach it again, or paste its text.",
        "无法取得所附文件：文件损坏或已不存在。请重新附上，或直接粘贴文字。",
    ),
    "summarize.no_such_place": Text(
        "There is no channel {name} here that you can read. Write it as #name, separated by spaces.",
        "这里没有你能看到的频道 {name}。请写成 #频道名，用空格分开。",
    ),
    "summarize.too_many_places": Text(
        "I read at most {most} channels at once. Please name fewer.", "一次最多读 {most} 个频道，请少写几个。"
    ),
    "summarize.nothing_here": Text("Nothing to sum up.", "没有可总结的内容。"),
    "summarize.reading": Text("Reading the conversation …", "正在读取对话……"),
    "summarize.reading_many": Text("Reading the conversation: {count} messages …", "正在读取对话：已读 {count} 条……"),
    "summarize.progress": Text(
        "Summing up: {done} of {parts} parts are done …", "正在总结：共 {parts} 部分，已完成 {done} 部分……"
    ),
    "summarize.covered": Text(
        "Covers {count} messages by {people} people, {first} to {last} ({zone}).",
        "涵盖 {people} 人的 {count} 条消息，{first} 至 {last}（{zone}）。",
    ),
    "summarize.left_out": Text("Left out: {count} ({reasons}).", "未计入 {count} 条（{reasons}）。"),
    "summarize.cut": Text(
        "I read at most {most} messages at once: older ones are not covered.",
        "一次最多读 {most} 条，更早的没有计入。",
    ),
    "summarize.never_here": Text(
        "I found no message of yours among the last {count}.", "最近 {count} 条中没有找到你的发言。"
    ),
    "summarize.central_only": Text(
        "Of these the model read the {count} most central ones.", "其中模型读了最核心的 {count} 条。"
    ),
    "summarize.unsupported": Text(
        "Sentences of the model that I left out: {count}. They named what is not in the source: {words}.",
        "已删去模型写的 {count} 句话，其中提到了原文没有的内容：{words}。",
    ),
    "summarize.only_quotes": Text(
        "The model's summary did not hold against the conversation, so here is only what was said.",
        "模型写的总结与对话不符，因此只列出原话。",
    ),
    "left_out.command": Text("{count} commands", "{count} 条命令"),
    "left_out.automated": Text("{count} by other bots", "{count} 条来自其他机器人"),
    "left_out.own_post": Text("{count} digests of mine", "{count} 条我发的摘要"),
    "left_out.wordless": Text("{count} without words", "{count} 条没有文字"),
    "report.for_you": Text("Meant for you", "与你有关"),
    "report.key": Text("Key messages", "关键消息"),
    "report.decisions": Text("Decisions", "决定"),
    "report.tasks": Text("Action items", "待办"),
    "report.nobody": Text("Nobody named", "未指定"),
    "report.questions": Text("Open questions", "未解决的问题"),
    "report.links": Text("Links", "链接"),
    # /digest.
    "digest.title": Text("Digest: {first} to {last}", "摘要：{first} 至 {last}"),
    "digest.ordered": Text(
        "What is said here is summed up and posted here. The next digest comes at {next} ({zone}); "
        "`/digest off` ends it.",
        "我会总结这里的聊天并发布在此。下一份摘要：{next}（{zone}）；`/digest off` 可停止。",
    ),
    "digest.ordered_sent": Text(
        "What is said here is summed up and sent to you. The next digest comes at {next} ({zone}); "
        "`/digest off` ends it.",
        "我会总结这里的聊天并私信给你。下一份摘要：{next}（{zone}）；`/digest off` 可停止。",
    ),
    "digest.not_direct": Text(
        "I cannot send you direct messages here. Leave out `to:me`, and the digest is posted in this place.",
        "这里无法给你发私信。去掉 `to:me`，摘要就会发在这里。",
    ),
    "digest.off": Text("No digest of this place is made any more.", "不再总结这里的聊天。"),
    "digest.none": Text(
        "No digest is ordered for this place. `/digest daily 9:00` orders one.",
        "这里没有设置摘要。用 `/digest daily 9:00` 设置。",
    ),
    "digest.unknown_zone": Text(
        "I do not know the time zone “{zone}”. Write it as Europe/Berlin or Asia/Shanghai.",
        "没有「{zone}」这个时区，请写成 Europe/Berlin 或 Asia/Shanghai。",
    ),
    "digest.unknown_hour": Text(
        "“{at}” is no time of day. Write it as 9:00 or 17:30.", "「{at}」不是时间，请写成 9:00 或 17:30。"
    ),
}
