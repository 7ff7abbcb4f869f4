"""`/write`, `/translate` and `/code`: a text in a form, made to order from a person's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.chat.drafting import Order, draft, room_for, sampling_of
from bot.chat.form_files import CODE as CODE_FORM
from bot.chat.form_files import TRANSLATION, load_forms
from bot.chat.jobs import Job, Services
from bot.chat.options import options_of
from bot.chat.place_settings import settings_of
from bot.chat.prompting import fit, system_message
from bot.chat.replying import keep_attachments
from bot.domain.commands import CODE, TRANSLATE, WRITE
from bot.domain.conversation import Turn
from bot.domain.forms import Asked, Form
from bot.domain.generation import PromptMessage, Role
from bot.domain.languages import named_language
from bot.domain.lengths import Length, is_mostly_chinese
from bot.domain.lines import is_chinese
from bot.domain.messages import OptionValue
from bot.errors import Refused

# Of answers to the same question, each takes its own stretch of seeds: one for each try.
SEEDS_APART = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """A text that a person wants: its form and words, the language it is asked in, and how words are chosen.

    `language` is the one that the text is to be checked for, in lower-case English; `room` the answer's, in tokens.
    """

    form: Form
    asked: Asked
    locale: str
    language: str
    length: Length | None
    creativity: str
    seed: int | None
    room: int


async def write(job: Job, services: Services) -> Turn:
    """Draft the text that the command asks for."""
    options = options_of(job.question, WRITE)
    form = (await load_forms(services.settings.data_folder)).form(str(options.get("form", "free")))
    length = int(options.get("length", form.length or 0)) or None
    if form.own_length and "length" in options:
        raise Refused("write.own_length", form=form.label.in_locale(job.locale))
    await keep_attachments(job, services)
    language = str(options.get("language", form.language))
    locale = {"english": "en", "chinese": "zh"}.get(language) or ("zh" if is_chinese(job.locale) else "en")
    asked = Asked(
        _with_files(job.question, str(options["about"])),
        str(options.get("tone", "")),
        str(options.get("audience", "")),
        length,
        named_language(language, locale)[1],
    )
    return await _make(job, services, _wish(form, asked, locale, language, options, services))


async def translate(job: Job, services: Services) -> Turn:
    """Say a text, or attached ones, in another language: English for a Chinese text, else Chinese, unless named."""
    options = options_of(job.question, TRANSLATE)
    await keep_attachments(job, services)
    text = _with_files(job.question, str(options.get("text", "")))
    if not text:
        raise Refused("write.no_text")
    form = (await load_forms(services.settings.data_folder)).forms[TRANSLATION]
    named = str(options.get("to", "")) or ("english" if is_mostly_chinese(text) else "chinese")
    language, words = named_language(named, job.locale)
    wish = _wish(form, Asked(text, language=words), job.locale, language, options, services)
    # A translation is as long as its text: the usual room may be too small for it.
    (cost,) = await services.generator.count_tokens([PromptMessage(Role.USER, text)])
    return await _make(job, services, replace(wish, room=max(wish.room, 2 * cost)))


async def code(job: Job, services: Services) -> Turn:
    """Write code for a task."""
    options = options_of(job.question, CODE)
    await keep_attachments(job, services)
    form = (await load_forms(services.settings.data_folder)).forms[CODE_FORM]
    language = str(options.get("language", ""))
    asked = Asked(_with_files(job.question, str(options["task"])), language=language)
    return await _make(job, services, _wish(form, asked, job.locale, language.lower(), options, services))


def _wish(
    form: Form,
    asked: Asked,
    locale: str,
    language: str,
    options: Mapping[str, OptionValue],
    services: Services,
) -> Wish:
    """What is wanted, as the options say, else the form, else the host."""
    length = Length.about(asked.length) if asked.length else None
    return Wish(
        form=form,
        asked=asked,
        locale=locale,
        language=language,
        length=length,
        creativity=str(options.get("creativity", "")),
        seed=int(options["seed"]) if "seed" in options else None,
        room=room_for(length, services.settings.max_answer_tokens),
    )


async def _make(job: Job, services: Services, wish: Wish) -> Turn:
    form = wish.form
    async with services.units.reading() as uow:
        here = await settings_of(job.place, job.asker, services, uow)
        beside = [turn.id for turn in await uow.turns.children(job.question.id)]
    request = PromptMessage(Role.USER, form.request(wish.asked, wish.locale))
    system = system_message(here, services, wish.locale)
    prompt = await fit(system, [request], services.generator, answer_tokens=wish.room)
    # A seed gives the same text again to the same call; "another" means another one.
    apart = SEEDS_APART * beside.index(job.answer.id)
    seed = None if wish.seed is None else wish.seed + apart
    sampling = sampling_of(form, prompt.answer_tokens, wish.creativity, seed)
    return await draft(job, services, Order(prompt.messages, sampling, form, wish.locale, wish.language, wish.length))


def _with_files(question: Turn, words: str) -> str:
    """The person's words, and the texts that they attached."""
    return "\n\n".join(part for part in (words, *(file.text for file in question.attachments)) if part)
