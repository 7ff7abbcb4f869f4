"""`/write`: a text in a form, drafted from a few words."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.prompting import fit, instructions
from bot.chat.replying import keep_attachments
from bot.chat.streaming import write_answer
from bot.domain.commands import WRITE
from bot.domain.conversation import Turn
from bot.domain.generation import PromptMessage, Role, SamplingParams
from bot.domain.lines import Text, is_chinese

# What the model is asked for each form; `{about}` is the person's words.
PROMPTS: Mapping[str, Text] = {
    "free": Text("{about}", "{about}"),
    "email": Text("Write an email: {about}", "写一封邮件：{about}"),
    "announcement": Text("Write an announcement: {about}", "写一个公告：{about}"),
    "story": Text("Tell me a story about {about}.", "讲一个关于{about}的故事。"),
    "poem": Text("Write a poem about {about}.", "写首小诗：{about}"),
    "list": Text("Make a list of {about}.", "列一个{about}的清单。"),
    "rewrite": Text("Rewrite in plain language: {about}", "把这段话改写得更清楚：{about}"),
    "title": Text("Suggest a short title for the following text.\n\n{about}", "给下面的文字起个标题：\n\n{about}"),
}


async def write(job: Job, services: Services) -> Turn:
    """Draft the text that the command asks for."""
    options = options_of(job.question, WRITE)
    await keep_attachments(job, services)
    locale = _language(str(options.get("language", "")), job.locale)
    about = "\n\n".join([str(options["about"]), *(file.text for file in job.question.attachments if file.text)])
    request = PROMPTS[str(options.get("form", "free"))].in_locale(locale).format(about=about)
    system = instructions(services.settings.bot_name, services.settings.instructions, locale)
    prompt = await fit(
        system,
        [PromptMessage(Role.USER, request)],
        services.generator,
        answer_tokens=services.settings.max_answer_tokens,
    )
    return await write_answer(job, services, prompt.messages, SamplingParams(max_tokens=prompt.answer_tokens))


def _language(asked: str, locale: str) -> str:
    """The locale to write in: as asked, else the asker's."""
    return {"english": "en", "chinese": "zh"}.get(asked) or ("zh" if is_chinese(locale) else "en")
