"""Markdown as models and people write it, at random: signs in right and wrong places, in several scripts."""

from __future__ import annotations

from hypothesis import strategies as st

_ENGLISH = "the a model answers snake_case 2*3 x<y AT&T &amp; &#42; C# 100% [1] (see) \\* ~ ~~ | ! `` `"
_OTHERS = "你好 世界。 「引用」 ，但是 注意： שלום مرحبا नमस्ते 👍 👨‍👩‍👧‍👦 🇨🇳 é e\u0301 가나 ก็"
WORDS = st.sampled_from([*_ENGLISH.split(), *_OTHERS.split()])
STYLED = st.builds(
    lambda mark, inner: f"{mark}{inner}{mark}",
    st.sampled_from(["*", "**", "_", "__", "~~", "`", "``", "***"]),
    st.lists(WORDS, min_size=1, max_size=6).map(" ".join),
)
LINKS = st.builds(
    lambda sign, inner, address: f"{sign}[{inner}]({address})",
    st.sampled_from(["", "", "!"]),
    st.lists(WORDS, min_size=1, max_size=3).map(" ".join),
    st.sampled_from(["http://a.b/c_d", "https://例.cn", "x", "<a b>", ""]),
)
ADDRESSES = st.sampled_from(["https://a.b/c", "<http://d.e>", "见https://f.g/h。"])
LINES = st.lists(st.one_of(WORDS, WORDS, WORDS, STYLED, LINKS, ADDRESSES), min_size=1, max_size=25).flatmap(
    lambda parts: st.sampled_from([" ", " ", ""]).map(lambda gap: gap.join(parts))
)
STARTS = st.sampled_from(
    ["", "", "", "# ", "### ", "- ", "* ", "+ ", "1. ", "7) ", "> ", "> > ", "> - ", "- > ", "  - ", "    ", "   2. "]
)
FENCES = st.builds(
    lambda sign, info, body, end: f"{sign}{info}\n{body}\n{end * sign}",
    st.sampled_from(["```", "~~~", "````"]),
    st.sampled_from(["", "py", "c++ x"]),
    st.lists(st.lists(WORDS, max_size=30).map(" ".join), max_size=12).map("\n".join),
    st.sampled_from([1, 1, 0]),
)
CELLS = st.sampled_from(["a", "b c", "**d**", "你好", "`x`", "", "1\\|2", "👍"])
TABLES = st.integers(1, 3).flatmap(
    lambda columns: st.builds(
        lambda header, rows: "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * columns, *rows]) + "\n",
        st.lists(CELLS, min_size=columns, max_size=columns),
        st.lists(st.lists(CELLS, min_size=columns, max_size=columns), max_size=15),
    )
)
RULES = st.sampled_from(["---", "***", "===", "-", "#", ">", "1."])
BLOCKS = st.one_of(st.builds(str.__add__, STARTS, LINES), st.builds(str.__add__, STARTS, LINES), FENCES, TABLES, RULES)
GAPS = st.sampled_from(["\n", "\n\n", "\n\n", "\n  "])
MARKDOWN = st.lists(st.builds(str.__add__, BLOCKS, GAPS), min_size=1, max_size=12).map("".join)
NOISE = st.text(st.sampled_from("ab 你。*_`~[]()<>!#-+=>|\\&;:/.1\n\n\té👍\u200d\u0301"), max_size=400)
