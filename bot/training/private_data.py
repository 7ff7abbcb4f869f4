"""Where a text holds secrets and personal data.

The patterns are those of libraries made for it: detect-secrets knows the tokens of services, phonenumbers the world's
telephone plans, python-stdnum the check digits of cards, accounts and identity numbers. What they leave out stands
here: passwords told in a sentence, keys that nobody labelled, and where a value ends in running text, Chinese too.
Names of strangers and postal addresses are beyond patterns and stay; names of people who took part are given by
`bot.training.scrubbing`.

Imported by a process of training's own: the libraries take a second to load.
"""

from __future__ import annotations

import importlib
import ipaddress
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

import detect_secrets.plugins
import phonenumbers
from detect_secrets.plugins.base import RegexBasedDetector
from stdnum import iban, luhn
from stdnum.cn import ric
from stdnum.exceptions import InvalidComponent
from stdnum.us import ssn


class Private(StrEnum):
    """What a value is, in the words of its placeholder."""

    SECRET = "SECRET"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CARD = "CARD"
    ACCOUNT = "ACCOUNT"
    ID = "ID"
    IP = "IP"
    PERSON = "PERSON"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text."""

    start: int
    end: int
    kind: Private


@lru_cache(maxsize=4096)
def find(text: str) -> tuple[Span, ...]:
    """The private values of a text, in order, none within another.

    Of two that overlap, the surer kind, or the longer. A run of thousands of signs is data rather than words (a file, a
    key ring), and counts as a secret whole; many patterns would also need minutes for it. Texts are remembered: the
    messages of a conversation come again in the prompt of each of its answers.
    """
    taken = [Span(*match.span(), Private.SECRET) for match in _DATA.finditer(text)]
    # The same length, so that what is found after it stands where it stood.
    text = _DATA.sub(lambda match: " " * len(match[0]), text)
    for finder in _FINDERS:
        for span in sorted(finder(text), key=lambda span: span.start - span.end):
            if not any(_overlap(span, other) for other in taken):
                taken.append(span)
    return tuple(sorted(taken, key=lambda span: span.start))


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


# --- secrets --------------------------------------------------------------------------------------------------------

_DATA = re.compile(r"[!-~]{2000,}")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL)
# Tokens that detect-secrets 1.5 does not know yet, by the prefixes that their makers give them.
_NEWER = re.compile(
    r"\b(?:github_pat_\w{30,}|sk-(?:proj|ant|svcacct|or)-[\w-]{20,}|sk-[A-Za-z0-9]{32,}|hf_[A-Za-z0-9]{30,}|"
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*|AIza[\w-]{35}|xapp-[\w-]{20,}|npm_[A-Za-z0-9]{36}|dop_v1_[0-9a-f]{64}|ya29\.[\w-]{20,}|LTAI[A-Za-z0-9]{12,})"
)
_BEARER = re.compile(r"\b(?:Bearer|Basic)\s+([\w+/=.~-]{16,})")
_TOLD = re.compile(
    r"(?P<key>pass(?:word|wd|phrase|code)|pwd|secret|token|api[ _-]?key|access[ _-]?key|密码|口令|密钥|令牌)"
    r"[\w-]{0,30}[\"'`]?\s*(?:\b(?:is|was)\b|=>|[:=：＝]|是|为)\s*[\"'`“]?(?P<value>[!-~]{4,200})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"pass|pwd|密码|口令", re.IGNORECASE)
_RANDOM = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_=-]{24,}(?![\w+/=-])")
_WORD = re.compile(r"[A-Z]?[a-z]{3,}")
# What is checked against a published sum is no secret.
_INTEGRITY = re.compile(r"sha(?:1|256|384|512)-")


@cache
def _known_tokens() -> tuple[re.Pattern[str], ...]:
    """The patterns of all of detect-secrets' detectors of services' tokens, but for addresses and URLs."""
    patterns = []
    for module in pkgutil.iter_modules(detect_secrets.plugins.__path__):
        members = vars(importlib.import_module(f"detect_secrets.plugins.{module.name}"))
        for detector in members.values():
            is_detector = isinstance(detector, type) and issubclass(detector, RegexBasedDetector)
            if is_detector and detector is not RegexBasedDetector and module.name not in _DETECTORS_LEFT_OUT:
                patterns += detector.denylist
    return tuple(patterns)


# Found by finders of our own: URLs' passwords and keys need their exact stretch, public addresses are no secret.
_DETECTORS_LEFT_OUT = ("basic_auth", "ip_public", "private_key")
_URL_PASSWORD = re.compile(r"://[^:/?#\[\]@\s]+:([^:/?#\[\]@\s]+)@")


def _secrets(text: str) -> Iterator[Span]:
    for match in _PRIVATE_KEY.finditer(text):
        yield Span(*match.span(), Private.SECRET)
    for pattern in (*_known_tokens(), _NEWER):
        for match in pattern.finditer(text):
            yield _trimmed(text, *match.span())
    for pattern in (_URL_PASSWORD, _BEARER):
        for match in pattern.finditer(text):
            yield Span(*match.span(1), Private.SECRET)
    for match in _TOLD.finditer(text):
        span = _trimmed(text, *match.span("value"))
        if _is_told(match["key"], text[span.start : span.end]):
            yield span
    for match in _RANDOM.finditer(text):
        if _is_random(match[0]) and not _INTEGRITY.match(match[0]):
            yield Span(*match.span(), Private.SECRET)


def _trimmed(text: str, start: int, end: int) -> Span:
    """The stretch without what a sentence or a quotation puts around a value."""
    while start < end and text[start] in " \t\n\r=:\"'`":
        start += 1
    while end > start and text[end - 1] in " \t\n\r.,;:?!\"'`)>":
        end -= 1
    return Span(start, end, Private.SECRET)


def _is_told(key: str, value: str) -> bool:
    """Whether the value after such a word is a secret rather than a word, a number of things, or code."""
    if re.search(r"\w[(\[{]|[*<]", value) or len(value) < 4:
        return False
    digits, letters = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if _PASSWORD.search(key):
        return digits or bool(re.search(r"[!@#$%^&]", value))
    return digits and letters and len(value) >= 8


def _is_random(value: str) -> bool:
    """Whether upper case, lower case and digits are mixed as in a drawn key, and few of them are words.

    Of drawn base64, a fifth looks like words; of the names of classes and files, more than half.
    """
    mixed = all(any(map(test, value)) for test in (str.islower, str.isupper, str.isdigit))
    return mixed and len(_WORD.sub("", value)) >= 0.5 * len(value)


# --- people ---------------------------------------------------------------------------------------------------------

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])(?!git@)[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)
_DIGITS = r"(?<![\w.-]){}(?![\w-]|\.\d)"
_CHINESE_ID = re.compile(r"(?<![A-Za-z0-9])\d{17}[\dXx](?![A-Za-z0-9])")
_SSN = re.compile(_DIGITS.format(r"\d{3}-\d{2}-\d{4}"))
_CARD = re.compile(r"(?<![A-Za-z0-9.-])\d{4}(?:[ -]?\d){9,15}(?![A-Za-z0-9-]|\.\d)")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_IP = re.compile(r"(?<![\w.:-])(?:\d{1,3}(?:\.\d{1,3}){3}|[23][0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:-]|\.\d)")
_VERSION = re.compile(r"(?:\bv|\bversion|\brelease|版本)\s*[:：]?\s*$", re.IGNORECASE)
_MENTION = re.compile(r"<@!?[UW]?[A-Z0-9]{6,}(?:\|[^>]*)?>")
_MANY_DIGITS = re.compile(r"\d(?:[ ().-]{0,2}\d){6}")

# Beginnings and lengths of the cards of the large issuers: Visa, Mastercard, American Express, UnionPay, JCB, Discover.
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|62\d{14,17}|35\d{14}|6(?:011|5\d{2})\d{12}"
)


def _emails(text: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        yield Span(*match.span(), Private.EMAIL)


def _numbers(text: str) -> Iterator[Span]:
    """Numbers with check digits, or a fixed form."""
    for match in _CHINESE_ID.finditer(text):
        if _is_chinese_id(match[0].upper()):
            yield Span(*match.span(), Private.ID)
    for match in _SSN.finditer(text):
        if ssn.is_valid(match[0]):
            yield Span(*match.span(), Private.ID)
    for match in _CARD.finditer(text):
        digits = re.sub(r"[ -]", "", match[0])
        if _ISSUERS.fullmatch(digits) and luhn.is_valid(digits):
            yield Span(*match.span(), Private.CARD)
    for match in _IBAN.finditer(text):
        if iban.is_valid(match[0]):
            yield Span(*match.span(), Private.ACCOUNT)


def _is_chinese_id(number: str) -> bool:
    """By birthday and check digit; that of its place is left aside, as many places were renamed since."""
    try:
        born = ric.get_birth_date(number)
    except InvalidComponent:
        return False
    return 1850 <= born.year <= 2100 and ric.calc_check_digit(number) == number[-1]


def _addresses(text: str) -> Iterator[Span]:
    """Addresses of machines on the internet; those inside a house say nothing of a person."""
    for match in _IP.finditer(text):
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            continue
        if address.is_global and not _VERSION.search(text[: match.start()]):
            yield Span(*match.span(), Private.IP)


def _mentions(text: str) -> Iterator[Span]:
    for match in _MENTION.finditer(text):
        yield Span(*match.span(), Private.PERSON)


def _phones(text: str) -> Iterator[Span]:
    """Numbers with a country's code from anywhere; without one, as they are written in China, America and Britain."""
    if not _MANY_DIGITS.search(text):
        return
    leniency = phonenumbers.Leniency
    for match in phonenumbers.PhoneNumberMatcher(text, None, leniency.VALID):
        yield Span(match.start, match.end, Private.PHONE)
    for region in ("CN", "US", "GB"):
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency.STRICT_GROUPING):
            if _is_written_as_phone(region, match):
                yield Span(match.start, match.end, Private.PHONE)


def _is_written_as_phone(region: str, match: phonenumbers.PhoneNumberMatch) -> bool:
    """A bare row of digits is taken for a Chinese mobile's alone: others are as often a date, an order or an id."""
    if region != "CN":
        return len(re.findall(r"[ ().-]+", match.raw_string)) >= 2
    is_mobile = phonenumbers.number_type(match.number) == phonenumbers.PhoneNumberType.MOBILE
    return is_mobile or match.raw_string.startswith(("0", "(0", "400"))


# The surer first: what has check digits or an issuer's mark, before what only looks alike.
_FINDERS: tuple[Callable[[str], Iterator[Span]], ...] = (
    _mentions,
    _emails,
    _secrets,
    _numbers,
    _phones,
    _addresses,
)
