"""Every line that the bot itself says, in English and Chinese.

A line is named by a key; `say` fills it in the reader's language. Adapters and the page take their words from here too,
so that a test can hold both languages to the same set.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages."""

    en: str
    zh: str

    def in_locale(self, locale: str) -> str:
        """The text for a reader of this locale ("zh", "zh-CN", "zh_TW" read Chinese; everyone else English)."""
        return self.zh if is_chinese(locale) else self.en


def is_chinese(locale: str) -> bool:
    """Whether a reader of this locale is answered in Chinese."""
    return locale.lower().replace("_", "-").split("-")[0] == "zh"


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
        "No painter is set yet. The admin can set IMAGE_MODEL to a diffusers model (a folder or a Hub id) in .env "
        "and restart me; then /image draws.",
        "还没有设置画师。管理员可在 .env 中把 IMAGE_MODEL 设为一个 diffusers 模型（文件夹或 Hub 名称）并重启，之后 /image 就能画图。",
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
    "command.too_long": Text("“{option}” is longer than {limit} characters.", "「{option}」超过了 {limit} 个字符。"),
    "command.no_words": Text("/{command} takes no words after it.", "/{command} 后面不需要文字。"),
    "command.admins_only": Text(
        "Only admins may do this. The host names them in ADMINS, or makes them admins of this place.",
        "只有管理员可以这样做。可由主机在 ADMINS 中指定，或在平台上设为管理员。",
    ),
}
