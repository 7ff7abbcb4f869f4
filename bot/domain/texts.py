"""A text in the two languages that people are answered in."""

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
