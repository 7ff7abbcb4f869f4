"""Languages that are proposed by name: to translate into, and to write code in. Any other may be typed."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.texts import Text

# By their lower-case English names.
LANGUAGES: Mapping[str, Text] = {
    "english": Text("English", "英文"),
    "chinese": Text("Chinese", "中文"),
    "japanese": Text("Japanese", "日文"),
    "korean": Text("Korean", "韩文"),
    "german": Text("German", "德文"),
    "french": Text("French", "法文"),
    "spanish": Text("Spanish", "西班牙文"),
    "portuguese": Text("Portuguese", "葡萄牙文"),
    "italian": Text("Italian", "意大利文"),
    "russian": Text("Russian", "俄文"),
    "arabic": Text("Arabic", "阿拉伯文"),
    "hindi": Text("Hindi", "印地文"),
}

PROGRAMMING_LANGUAGES = (
    "Python",
    "JavaScript",
    "TypeScript",
    "Java",
    "C",
    "C++",
    "C#",
    "Go",
    "Rust",
    "Ruby",
    "PHP",
    "Swift",
    "Kotlin",
    "SQL",
    "Bash",
    "HTML",
    "CSS",
    "JSON",
    "YAML",
)


def named_language(name: str, locale: str) -> tuple[str, str]:
    """A language, as people name it: its lower-case English name where it is known, and what readers here call it."""
    wanted = name.strip().casefold()
    for value, label in LANGUAGES.items():
        if wanted in (value, label.zh, label.zh.replace("文", "语")):
            return value, label.in_locale(locale)
    return wanted, name.strip()
