"""A text made anew from an answer: shorter, longer, more formal, friendlier, or in the other language.

The answer stands beside the one that it is made from. A model that follows is given the text with what to do to it. The
bundled writer does not: it keeps the beginning of the text, or goes on with it, under the prompt that it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.chat.drafting import Order, draft, follows_corrections, room_for, sampling_of
from bot.chat.form_files import TRANSLATION, Library, load_forms
from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.place_settings import settings_of
from bot.chat.prompting import fit, system_message
from bot.chat.sharing import source_of
from bot.domain.commands import WRITE
from bot.domain.conversation import Turn
from bot.domain.forms import Asked, Form
from bot.domain.generation import PromptMessage, Role
from bot.domain.languages import named_language
from bot.domain.lengths import Length, count, is_mostly_chinese
from bot.domain.lines import Text
from bot.domain.messages import Change, RegenerateReply
from bot.errors import Refused

# As shares of the text's own length.
SHORTER = (0.4, 0.7)
LONGER = (1.3, 2.0)

_REQUESTS: Mapping[Change, Text] = {
    Change.SHORTER: Text(
        "Make the following text shorter: about {target} words. Answer with the text only.\n\n{text}",
        "把下面的文字缩短到大约{target}字，只写结果。\n\n{text}",
    ),
    Change.LONGER: Text(
        "Make the following text longer: about {target} words. Answer with the text only.\n\n{text}",
        "把下面的文字扩写到大约{target}字，只写结果。\n\n{text}",
    ),
    Change.FORMAL: Text(
        "Make the following text more formal. Answer with the text only.\n\n{text}",
        "把下面的文字改得更正式，只写结果。\n\n{text}",
    ),
    Change.FRIENDLY: Text(
        "Make the following text friendlier. Answer with the text only.\n\n{text}",
        "把下面的文字改得更亲切，只写结果。\n\n{text}",
    ),
}
_LANGUAGES = {Change.ENGLISH: "english", Change.CHINESE: "chinese"}

TEXT_CHANGES = (*_REQUESTS, *_LANGUAGES)


async def revise(job: Job, services: Services) -> Turn:
    """Change an answer's text as the asker ordered.

    Raises:
        Refused: the answer is gone, or has no text.
    """
    change = Change(job.answer.change)
    async with services.units.reading() as uow:
        source = await source_of(job.answer, uow)
        here = await settings_of(job.place, job.asker, services, uow)
    if not source.text:
        raise Refused("change.no_text")
    library = await load_forms(services.settings.data_folder)
    form = _form_of(job.question, library) if change in _REQUESTS else library.forms[TRANSLATION]
    length = _length(change, source.text)
    locale = "zh" if is_mostly_chinese(source.text) else "en"
    if length is not None and source.prompt and not follows_corrections(services):
        job.answer = replace(job.answer, release=source.release)
        # Asked for another one, it drafts anew: the same beginning would be the same text.
        start = "" if isinstance(job.ask, RegenerateReply) else source.text
        sampling = sampling_of(form, room_for(length, 0))
        return await draft(job, services, Order(source.prompt, sampling, form, locale, length=length, start=start))
    prompt = await fit(
        system_message(here, services, locale),
        [PromptMessage(Role.USER, _request(change, source.text, form, length, locale))],
        services.generator,
        answer_tokens=await _room(source.text, length, services),
    )
    sampling = sampling_of(form, prompt.answer_tokens)
    language = _LANGUAGES.get(change, "")
    return await draft(job, services, Order(prompt.messages, sampling, form, locale, language, length))


def _form_of(question: Turn, library: Library) -> Form:
    """The form that the text was written in; any other text has none of its own."""
    if question.origin == WRITE.name:
        name = str(options_of(question, WRITE).get("form", "free"))
        return next((form for form in library.for_writing if form.name == name), library.forms["free"])
    return library.forms["free"]


def _length(change: Change, text: str) -> Length | None:
    shares = {Change.SHORTER: SHORTER, Change.LONGER: LONGER}.get(change)
    return Length.between(shares[0] * count(text), shares[1] * count(text)) if shares else None


def _request(change: Change, text: str, form: Form, length: Length | None, locale: str) -> str:
    """What the model is asked: the form of translations for another language, else what to do with the text."""
    if change in _LANGUAGES:
        return form.request(Asked(text, language=named_language(_LANGUAGES[change], locale)[1]), locale)
    return _REQUESTS[change].in_locale(locale).format(text=text, target=length.target if length else "")


async def _room(text: str, length: Length | None, services: Services) -> int:
    """Tokens for the answer: what its length takes, else twice what the text itself takes."""
    if length is not None:
        return room_for(length, 0)
    (cost,) = await services.generator.count_tokens([PromptMessage(Role.USER, text)])
    return max(services.settings.max_answer_tokens, 2 * cost)
