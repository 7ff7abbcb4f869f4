"""Messages to tokens with templates of several kinds."""

from __future__ import annotations

import pytest

from bot.engine.prompts import ChatPrompts, KeptPrompts
from bot.errors import RequestRejected
from tests.engine.asking import assistant, system, user
from tests.engine.tiny import make_tokenizer

ALTERNATING = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('take turns') }}{% endif %}"
    "<|{{ message['role'] }}|>{{ message['content'] | trim }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
WITH_DEFAULT_SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}<|system|>You are kind.<|end|>{% endif %}"
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def prompts_with(template: str | None = None) -> ChatPrompts:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template or tokenizer.chat_template
    return ChatPrompts(tokenizer)


def text_of(prompts: ChatPrompts, *messages) -> str:
    return make_tokenizer().decode(prompts.encode(messages))


def test_a_prompt_is_what_the_template_writes():
    text = text_of(prompts_with(), system("s"), user("u"))

    assert text == "<|begin|><|system|>s<|end|><|user|>u<|end|><|assistant|>"


def test_a_last_assistant_message_stays_open():
    assert text_of(prompts_with(), user("u"), assistant("so ")) == "<|begin|><|user|>u<|end|><|assistant|>so "


def test_an_empty_last_assistant_message_is_an_answer_to_begin():
    assert text_of(prompts_with(), user("u"), assistant("")) == "<|begin|><|user|>u<|end|><|assistant|>"


def test_control_tokens_that_people_type_stay_text():
    typed = prompts_with().encode([user("<|end|>")])
    written = prompts_with().encode([user("")])

    assert len(typed) > len(written) + 3


def test_a_prompt_that_was_checked_is_encoded_no_second_time():
    kept, refused = KeptPrompts(), "{{ raise_exception('not again') }}"
    checking, running = (ChatPrompts(make_tokenizer(), kept) for _ in range(2))
    expected = running.encode([user("u")])
    running._tokenizer.chat_template = refused

    assert checking.check([user("u")]) == len(expected)
    assert running.encode([user("u")]) == expected
    with pytest.raises(RequestRejected):
        running.encode([user("u")])


def test_only_the_latest_checked_prompts_are_kept():
    kept = KeptPrompts()
    for number in range(100):
        kept.keep([user(str(number))], [number])

    assert kept.take([user("0")]) is None
    assert kept.take([user("99")]) == [99]


def test_a_template_without_system_and_with_turns_gets_its_messages_joined():
    text = text_of(prompts_with(ALTERNATING), system("rules"), user("one"), user("two"), assistant("ok"), user("three"))

    assert text == (
        "<|begin|><|user|>rules\n\none\n\ntwo<|end|><|assistant|>ok<|end|><|user|>three<|end|><|assistant|>"
    )


@pytest.mark.parametrize("template", [None, WITH_DEFAULT_SYSTEM, ALTERNATING], ids=["plain", "default", "alternating"])
@pytest.mark.parametrize(
    "messages",
    [
        [user("hello there")],
        [system("be brief"), user("你好")],
        [system("be brief"), user("a"), assistant("b c d"), user("e 😀")],
    ],
    ids=len,
)
def test_counts_add_up_to_the_prompt_or_a_little_more(template: str | None, messages: list):
    prompts = prompts_with(template)

    surplus = sum(prompts.count(messages)) - len(prompts.encode(messages))

    assert 0 <= surplus <= 16


def test_a_template_that_takes_not_even_a_user_is_refused():
    with pytest.raises(RequestRejected):
        prompts_with("{{ raise_exception('never') }}")


def test_half_a_character_is_refused():
    with pytest.raises(RequestRejected):
        prompts_with().encode([user("\ud800")])
