"""What the bot says about pictures, in English and Chinese; part of `bot.domain.lines.LINES`."""

from __future__ import annotations

from bot.domain.texts import Text


def _refused(what: str, in_chinese: str) -> Text:
    return Text(
        f"I did not draw this: the rules for pictures here leave out {what}. Who runs this bot sets the rules "
        "(IMAGE_POLICY and IMAGE_BLOCKED_WORDS).",
        f"这幅画我没有画：这里的图片规则不允许{in_chinese}。规则由运行本机器人的人设定"
        "（IMAGE_POLICY 与 IMAGE_BLOCKED_WORDS）。",
    )


PAINTING: dict[str, Text] = {
    "paint.progress": Text("Drawing: step {done} of {total}", "正在画：第 {done}/{total} 步"),
    # What is impossible.
    "paint.empty": Text(
        "Tell me what to draw: /image and some words.",
        "请告诉我画什么：在 /image 后写几个字。",
    ),
    "paint.range": Text(
        "“{option}” must lie between {low} and {high}, not {value}.",
        "「{option}」须在 {low} 到 {high} 之间，而不是 {value}。",
    ),
    "paint.size": Text(
        "The size of a picture must be a multiple of 8 pixels, not {value}.",
        "图片边长须是 8 像素的倍数，而不是 {value}。",
    ),
    "paint.unicode": Text(
        "These words are not valid text. Please type them again.",
        "这段文字含有无效字符，请重新输入。",
    ),
    "paint.too_long": Text(
        "The painter reads at most {limit} tokens, and these words are {tokens}. Please say it shorter.",
        "画师最多读 {limit} 个词元，而这段描述有 {tokens} 个，请写短一些。",
    ),
    "paint.cannot_vary": Text(
        "This painter cannot begin with a picture, so it makes no variations. “Regenerate” draws another one.",
        "这个画师不能从已有的图出发，因此做不了变体。可按「重新生成」另画一幅。",
    ),
    "paint.cannot_animate": Text(
        "This painter makes no moving pictures. Leave “animate” out, and it draws a still one.",
        "这个画师画不了动图。去掉 animate 选项，它会画一幅静态图。",
    ),
    "paint.cannot_blend": Text(
        "This painter cannot move from one prompt to another. With animate:yes it moves between two pictures of one.",
        "这个画师不能从一句描述过渡到另一句。用 animate:yes 可在同一描述的两幅画之间变化。",
    ),
    "paint.one_at_a_time": Text(
        "One moving picture at a time: leave “count” out, or “animate”.",
        "动图一次只画一幅：请去掉 count 或 animate。",
    ),
    "paint.nothing_to_change": Text(
        "There is no single still picture in this answer to work on. Pick one first.",
        "这条回答里没有可供修改的单幅静态图，请先选一幅。",
    ),
    # What came out.
    "paint.held_back": Text(
        "The picture is not shown: the check for unsuitable pictures held it back. Please try other words. Who runs "
        "this bot chooses that check (IMAGE_CHECKER).",
        "图没有显示：不宜内容检查拦下了它，请换一种说法。检查方式由本机器人的主机决定（IMAGE_CHECKER）。",
    ),
    "paint.blank": Text(
        "The picture came out blank, twice. Try other words or more steps; if it goes on, tell the admin: the model "
        "may be damaged, or its number format too coarse (ENGINE_DTYPE=float32).",
        "画出来是空白的，重画也一样。请换个说法或增加步数；如果一直如此，请告诉管理员：模型可能已损坏，"
        "或数值精度不足（ENGINE_DTYPE=float32）。",
    ),
    "paint.bad_source": Text(
        "The picture to start from cannot be read any more. Draw it again with /image.",
        "原来的图已无法读取，请用 /image 重新画。",
    ),
    "paint.no_memory": Text(
        "There is not enough memory for this picture. Ask for fewer or smaller ones, or tell the admin.",
        "内存不足，画不出这幅画。请减少张数或缩小尺寸，或告诉管理员。",
    ),
    "paint.died": Text(
        "The painter stopped twice over this picture. Please try again later, or tell the admin.",
        "画师在画这幅画时两次中断，请稍后再试，或告诉管理员。",
    ),
    "paint.down": Text(
        "The painter could not be loaded, so I cannot draw; everything else works. The admin finds the reason in the "
        "log, and with `inkling doctor`.",
        "画师没能加载，所以画不了图，其他功能照常。原因见日志，管理员也可运行 `inkling doctor` 查看。",
    ),
    "paint.loading": Text(
        "The painter is still loading. Please ask again in a minute.", "画师还在加载，请一分钟后再试。"
    ),
    # Notes beneath pictures.
    "paint.style": Text("style {style}", "画风 {style}"),
    "paint.seed": Text("seed {seed}", "种子 {seed}"),
    "paint.seeds": Text("seeds {seeds}", "种子 {seeds}"),
    "paint.steps": Text("{steps} steps", "{steps} 步"),
    "paint.without": Text("without {negative}", "避开 {negative}"),
    "paint.varied": Text("varied from the picture before", "由上一幅变化而来"),
    "paint.frames": Text("{frames} frames", "{frames} 帧"),
    "paint.unknown_style": Text(
        "The painter was not trained on “{style}”; it knows: {styles}.",
        "画师没有学过「{style}」这种画风，它会的有：{styles}。",
    ),
    "paint.sheet": Text("A sample of each style: {styles}.", "各种画风的样例：{styles}。"),
    # The rules for pictures; see bot/chat/picture_rules.toml.
    "paint.refused.minors": _refused("sexual content with minors", "涉及未成年人的色情内容"),
    "paint.refused.gore": _refused("gore and cruelty", "血腥与残忍的内容"),
    "paint.refused.hate": _refused("hatred against groups of people", "针对人群的仇恨内容"),
    "paint.refused.own": _refused("a word that its host has blocked", "主机屏蔽的词语"),
}
