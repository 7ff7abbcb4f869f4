"""What is scrubbed from examples, and what only looks private and stays."""

from __future__ import annotations

import random
import string

import pytest

from bot.domain.generation import PromptMessage, Role
from bot.domain.training import Example, ExampleKind, ExampleSource, Origin
from bot.training.private_data import find
from bot.training.scrubbing import Scrubber, holds_own_private_data, scrub_example
from tests.storage.builders import NOW

# A text, and the private part of it. Tokens are put together, so that no scanner takes this file for a leak.
PRIVATE = [
    ("Write to ada.lovelace@example.org about it.", "ada.lovelace@example.org"),
    ("我的邮箱是ada@example.com，谢谢。", "ada@example.com"),
    ("联系:li.wei+news@mail.example.com.cn。", "li.wei+news@mail.example.com.cn"),
    ("<mailto:Bob_99@sub.example.co.uk|Bob>", "Bob_99@sub.example.co.uk"),
    ("EMAIL: O'NEIL-2@EXAMPLE.IO;", "NEIL-2@EXAMPLE.IO"),
    ("我的手机是13812345678，有事打给我", "13812345678"),
    ("电话：138 1234 5678", "138 1234 5678"),
    ("打+86 139-1234-5678找他", "+86 139-1234-5678"),
    ("座机010-62345678转8", "010-62345678"),
    ("客服 400-820-8820", "400-820-8820"),
    ("Call me at (202) 555-0143 after five", "(202) 555-0143"),
    ("my cell: 415-555-2671", "415-555-2671"),
    ("ring +1 650 253 0000 tomorrow", "+1 650 253 0000"),
    ("London office 020 7946 0958", "020 7946 0958"),
    ("Büro: +49 30 901820", "+49 30 901820"),
    ("tel +33 1 42 68 53 00", "+33 1 42 68 53 00"),
    ("+81 3-3580-3311 is the desk", "+81 3-3580-3311"),
    ("身份证号11010519491231002X请登记", "11010519491231002X"),
    ("ID: 440524188001010014", "440524188001010014"),
    ("SSN 536-90-4399 on file", "536-90-4399"),
    ("card 4111 1111 1111 1111 exp 12/29", "4111 1111 1111 1111"),
    ("银行卡6217000010012345677", "6217000010012345677"),
    ("amex 378282246310005.", "378282246310005"),
    ("mastercard 5555-5555-5555-4444", "5555-5555-5555-4444"),
    ("IBAN DE89 3704 0044 0532 0130 00, please", "DE89 3704 0044 0532 0130 00"),
    ("pay to GB82WEST12345698765432", "GB82WEST12345698765432"),
    ("it comes from 8.8.8.8, block it", "8.8.8.8"),
    ("host 2001:4860:4860:0:0:0:0:8888 is down", "2001:4860:4860:0:0:0:0:8888"),
    ("ask <@U02ABCDEF12> or <@!80351110224678912>", "<@U02ABCDEF12>"),
    ("password: hunter2", "hunter2"),
    ("The password is sesame123!", "sesame123"),
    ("pwd=Tr0ub4dor&3", "Tr0ub4dor&3"),
    ("密码是：abc123456", "abc123456"),
    ("wifi 口令：guest2024", "guest2024"),
    ("DB_PASSWORD=8charsX9", "8charsX9"),
    ('{"password": "pa55-word"}', "pa55-word"),
    ("postgres://bob:s3cretpw@db.example.com/app", "s3cretpw"),
    ("https://ci:tok3n-x@git.example.com/a.git", "tok3n-x"),
    ("my token is " + "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a", "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"),
    ("github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz"),
    ("use " + "AKIA" + "IOSFODNN7EXAMPLE" + " for now", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY=" + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("xoxb-" + "123456789012-1234567890123-abcdefGHIJ", "xoxb-" + "123456789012-1234567890123-abcdef"),
    ("xapp-" + "1-A012BCDEFGH-1234567890-abcdef0123456789", "xapp-" + "1-A012BCDEFGH-1234567890-abcdef0123456789"),
    ("sk-" + "proj-abcdefghijklmnopqrstuvwxyz1234567890ABCD", "sk-" + "proj-abcdefghijklmnopqrstuvwxyz1234567890ABCD"),
    ("sk-" + "ant-api03-Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA", "sk-" + "ant-api03-Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA"),
    ("hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"),
    ("AIza" + "SyA-1234567890abcdefghijklmnopqrstu", "AIza" + "SyA-1234567890abcdefghijklmnopqrstu"),
    ("stripe " + "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
    ("Authorization: Bearer " + "abcdef1234567890abcdef", "abcdef1234567890abcdef"),
    ("MTIzNDU2Nzg5MDEyMzQ1Njc4" + ".GabcDe.abcdefghijklmnopqrstuvwxyz1", "MTIzNDU2Nzg5MDEyMzQ1Njc4"),
    ("110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw5", "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw5"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIB\nAAKC\n-----END RSA PRIVATE KEY-----", "MIIEowIB\nAAKC"),
    ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN", "dozjgNryP4J3jVmN"),
    ("api_key: 4f9c2b7ad81e", "4f9c2b7ad81e"),
    ("secret = 'c3VwZXJ4MTIz'", "c3VwZXJ4MTIz"),
    ("try Zx8Kq2LmP0vTr5NwYb7HcJ3dFs9G maybe", "Zx8Kq2LmP0vTr5NwYb7HcJ3dFs9G"),
    ("令牌: tk9XbQ27mmZ", "tk9XbQ27mmZ"),
]

INNOCENT = [
    "The meeting is on 2026-11-22 at 15:30.",
    "会议时间：2026年11月22日15:30-16:30",
    "See issue #1234567 and PR 89012.",
    "Order 20261122001 has shipped.",
    "It costs $1,299.00 or 1.299,00 €.",
    "价格是128000元，优惠2000元",
    "see commit 3f2b8c9d1e5a7f6b4c3d2e1f0a9b8c7d6e5f4a3b",
    "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "id 550e8400-e29b-41d4-a716-446655440000",
    "Version 4.18.0.30 fixes it.",
    "Upgrade to v1.2.3.4 first",
    "bind to 127.0.0.1 or 192.168.1.20",
    "the subnet 10.0.0.0/8",
    "git clone git@github.com:team/repo.git",
    "npm install @types/node@20.1.0",
    "ping @ada about it",
    "the secret of a good loaf is patience",
    "the token is too long for this model",
    "tokens: 256, window: 2048",
    "token = tokenizer.encode(text)",
    "password = os.environ['DB_PASSWORD']",
    "password: ********",
    "password = getpass()",
    "Never write the password down.",
    "密码是什么？我忘了",
    "密码学是一门有趣的学科",
    "api_key: we should rotate it",
    "The passwords are kept in the vault.",
    "MAX_TOKENS=256",
    "1 2 3 4 5 6 7 8 9 10 11 12",
    "3.14159265358979",
    "pi is 3.1415926535 and e is 2.7182818284",
    "timestamp 1700000000",
    "unix time 1732289400123",
    "Discord message 1180351110224678912",
    "ISBN 978-7-111-54742-6",
    "房间号 8012，楼层 17",
    "人口约 1411780000 人",
    "The score was 102-98, then 110-105.",
    "from 2019 to 2024, up 12.5%",
    "12:30 - 13:45, room 4.12",
    "lines 1024-2048 of main.py",
    "x = 0xDEADBEEF",
    "MyVeryLongClassNameForTestingPurposes2Handler",
    "test_second_rating_by_the_same_person_replaces_the_first",
    "/usr/local/lib/python3.11/site-packages/transformers",
    "https://example.com/a/very/long/path/to/some/Article-2024-Title.html",
    "resolved sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5FvSg==",
    "MacBook Pro 14, 2021, M1, 32GB/1TB",
    "GPT-4o-mini-2024-07-18 and Qwen3-0.6B",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "coordinates 39.9042, 116.4074",
    "订单号：2024050112345678",
    "tracking 1Z999AA10123456784",
    "RFC 2822, ISO 8601, EN 60204-1",
    "Flight CA1234 leaves at 0715",
    "2024-05-01 12:00:00,123 INFO started",
    "0.1 + 0.2 = 0.30000000000000004",
    "a:b::c d e f",
    "Let us meet at 10:30:00, gate 12.",
]


def covered(text: str, private: str) -> bool:
    """Whether what is found in a text covers its private part."""
    start = text.index(private)
    return any(span.start <= start and start + len(private) <= span.end for span in find(text))


def test_private_values_are_found_and_look_alikes_are_left() -> None:
    missed = [text for text, private in PRIVATE if not covered(text, private)]
    alarms = [(text, [text[span.start : span.end] for span in find(text)]) for text in INNOCENT if find(text)]
    shown = "\n".join(
        [
            f"missed {len(missed)} of {len(PRIVATE)} ({len(missed) / len(PRIVATE):.1%})",
            *map(repr, missed),
            f"false alarms in {len(alarms)} of {len(INNOCENT)} ({len(alarms) / len(INNOCENT):.1%})",
            *map(repr, alarms),
        ]
    )

    assert not missed, shown
    assert not alarms, shown


def test_drawn_keys_are_found_and_drawn_names_are_left() -> None:
    """Keys of 32 drawn characters need no label; identifiers of words, with a number in them, are none."""
    dice = random.Random(5)
    keys = ["".join(dice.choices(string.ascii_letters + string.digits, k=32)) for _ in range(500)]
    words = ["Train", "Release", "Session", "Window", "Token", "Budget", "Handler", "Reader", "Http", "Queue"]
    names = ["".join(dice.choices(words, k=5)) + str(dice.randrange(100)) for _ in range(500)]

    missed = sum(not covered(f"use {key} here", key) for key in keys)
    alarms = sum(bool(find(f"see {name} here")) for name in names)

    assert missed <= 15, f"missed {missed} of 500"
    assert alarms <= 2, f"{alarms} false alarms of 500"


def test_one_value_has_one_placeholder_throughout_an_example() -> None:
    example = Example(
        ExampleKind.PAIR,
        (
            PromptMessage(Role.SYSTEM, "Be brief."),
            PromptMessage(Role.USER, "Mail bob@example.com and eve@example.com, call 138-1234-5678"),
        ),
        "I mailed Bob@Example.com. 电话13812345678",
        Origin(ExampleSource.SUGGESTION, NOW),
        rejected="Ask eve@example.com",
    )

    scrubbed = scrub_example(example)

    assert scrubbed.prompt[0] == example.prompt[0]
    assert scrubbed.prompt[1].content == "Mail <EMAIL_1> and <EMAIL_2>, call <PHONE_1>"
    assert scrubbed.answer == "I mailed <EMAIL_1>. 电话<PHONE_1>"
    assert scrubbed.rejected == "Ask <EMAIL_2>"


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (["Ada Lovelace"], "Ada Lovelace: hi\n\nAda Lovelace, hi!", "<PERSON_1>: hi\n\n<PERSON_1>, hi!"),
        (["琳达"], "琳达: 你好\n\n请问琳达在吗", "<PERSON_1>: 你好\n\n请问<PERSON_1>在吗"),
        (["林"], "林: 森林", "<PERSON_1>: 森林"),
        (["will"], "will: will it rain?", "<PERSON_1>: will it rain?"),
        (["Ann"], "Ann: Annual planning", "<PERSON_1>: Annual planning"),
        (["Ann", "Ann Lee"], "Ann Lee: hi\n\nAnn: hi", "<PERSON_1>: hi\n\n<PERSON_2>: hi"),
        (["ada@example.com"], "ada@example.com: hi", "<EMAIL_1>: hi"),
    ],
)
def test_names_of_people_who_took_part_give_way(names: list[str], text: str, expected: str) -> None:
    """Before their messages always; in a sentence where they look like a name."""
    assert Scrubber(names).scrub(text) == expected


def test_a_target_that_says_private_data_of_its_own_is_told() -> None:
    def scrubbed(prompt: str, answer: str) -> Example:
        origin = Origin(ExampleSource.RATING, NOW)
        return scrub_example(Example(ExampleKind.VERDICT, (PromptMessage(Role.USER, prompt),), answer, origin))

    assert holds_own_private_data(scrubbed("Whom do I ask?", "Ask bob@example.com."))
    assert not holds_own_private_data(scrubbed("Is bob@example.com right?", "Yes, bob@example.com."))
    assert not holds_own_private_data(scrubbed("Is bob@example.com right?", "Yes."))


def test_scrubbing_twice_changes_nothing_more() -> None:
    once = [Scrubber().scrub(text) for text, _ in PRIVATE]

    assert [Scrubber().scrub(text) for text in once] == once
