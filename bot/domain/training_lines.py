"""What the training says to people: why a run failed, what each figure means, why something was refused."""

from __future__ import annotations

from bot.domain.texts import Text

TRAINING: dict[str, Text] = {
    # Failures: what happened, then what to do.
    "training.disk_full": Text(
        "The training run ended: the disk is full. Make room and start it again. The release in service goes on "
        "unchanged.",
        "训练中断：磁盘已满。请腾出空间后重试。在用的版本不受影响。",
    ),
    "training.no_memory": Text(
        "The training run ended: there was not enough memory. Close other programs, or choose the recipe “quick” or a "
        "smaller model. The release in service goes on unchanged.",
        "训练中断：内存不足。请关闭其他程序，或改用 quick 方案或更小的模型。在用的版本不受影响。",
    ),
    "training.killed": Text(
        "The training run was ended from outside ({signal}), most often because memory ran out. Close other programs, "
        "or choose the recipe “quick” or a smaller model. The release in service goes on unchanged.",
        "训练被系统终止（{signal}），多半是内存不足。请关闭其他程序，或改用 quick 方案或更小的模型。在用的版本不受"
        "影响。",
    ),
    "training.missing_base": Text(
        "The training run could not load the base model. Check TEXT_MODEL; the log names the file. The release in "
        "service goes on unchanged.",
        "训练无法加载基础模型。请检查 TEXT_MODEL，日志里写明了是哪个文件。在用的版本不受影响。",
    ),
    "training.corrupt_example": Text(
        "The training run ended: {file} is damaged in line {number}. Start another run; it collects the examples anew.",
        "训练中断：{file} 第 {number} 行已损坏。请重新开始，样本会重新收集。",
    ),
    "training.already_running": Text(
        "Another training run is under way on this data folder. Wait for it, or stop it with `/retrain stop`.",
        "这个数据文件夹已有训练在进行。请等它结束，或用 `/retrain stop` 停止。",
    ),
    "training.nothing": Text(
        "After setting the test's votes aside there is nothing left to learn from. More 👍 and 👎 will do.",
        "留出检验用的评价后，没有可学习的内容了。请多给些 👍 和 👎。",
    ),
    "training.unknown_recipe": Text(
        "There is no recipe “{recipe}”. Choose one of: {known}.", "没有「{recipe}」这个方案，可选：{known}。"
    ),
    "training.not_started": Text(
        "The training process could not be started; the log says why. The release in service goes on unchanged.",
        "无法启动训练进程，原因见日志。在用的版本不受影响。",
    ),
    "training.broken": Text(
        "The training run broke off by an error of its own; the log names it. The release in service goes on "
        "unchanged.",
        "训练因自身错误中断，详情见日志。在用的版本不受影响。",
    ),
    # Examples that the training itself leaves out.
    "dropped.too_long": Text(
        "too long for the model, even without the older turns", "太长，去掉较早的轮次后仍超出模型上限"
    ),
    "dropped.empty": Text("an answer without words", "回答为空"),
    # What was used, by kind.
    "used.demonstration": Text("liked and suggested answers", "受好评的和建议的回答"),
    "used.verdict": Text("votes", "评价"),
    "used.pair": Text("pairs of a better and a lesser answer", "优劣成对的回答"),
    "used.general": Text("general exchanges, against forgetting", "通用对话，防止遗忘"),
    "used.shortened": Text("prompts without their oldest turns, to fit the model", "为适应模型而去掉最早轮次的提示"),
    "used.heldout": Text("votes kept for the test", "留作检验的评价"),
    # Figures: the value, then what it means.
    "figure.ranking_after": Text(
        "{value}{interval} of the time the candidate finds a liked answer likelier than a disliked one (50% is "
        "guessing)",
        "候选版本在 {value}{interval} 的情况下认为受好评的回答比差评的更可能（50% 等于瞎猜）",
    ),
    "figure.ranking_before": Text(
        "{value}{interval} of the time the release in service does (the base model: always 50%)",
        "在用版本为 {value}{interval}（基础模型总是 50%）",
    ),
    "figure.ranking_gain": Text(
        "{value}{interval} gained; the whole interval has to lie above 0", "提升 {value}{interval}，整个区间须大于 0"
    ),
    "figure.sure_share": Text("{value} sure that it gained at all", "有 {value} 的把握确有提升"),
    "figure.ranking_unseen": Text(
        "{value}{interval} among people whom it never heard", "在训练时没有见过的人中为 {value}{interval}"
    ),
    "figure.margin_gain": Text(
        "{value}{interval} more distance between liked and disliked answers (log-likelihood a word piece)",
        "受好评与差评回答之间的距离增加 {value}{interval}（每词元对数似然）",
    ),
    "figure.liked_gain": Text(
        "{value}{interval}: how much likelier liked answers became", "受好评的回答可能性变化 {value}{interval}"
    ),
    "figure.disliked_gain": Text(
        "{value}{interval}: how much likelier disliked answers became (below 0: less likely)",
        "差评的回答可能性变化 {value}{interval}（小于 0 为降低）",
    ),
    "figure.perplexity_ratio": Text(
        "{value}{interval} times the perplexity on general texts: how much was forgotten; at most 1.02 passes",
        "通用文本困惑度为原来的 {value}{interval} 倍：反映遗忘程度，不超过 1.02 才通过",
    ),
    "figure.perplexity_before": Text("{value}: perplexity of the release in service", "在用版本的困惑度：{value}"),
    "figure.perplexity_after": Text("{value}: perplexity of the candidate", "候选版本的困惑度：{value}"),
    "figure.broken_before": Text(
        "{value} of 24 test prompts get an empty, looping or broken reply now",
        "目前 24 个测试回复中有 {value} 个为空、循环或损坏",
    ),
    "figure.broken_after": Text("{value} of 24 do from the candidate", "候选版本有 {value} 个"),
    "figure.heldout_votes": Text("{value} votes were kept for this test", "有 {value} 个评价留作这次检验"),
    "figure.raters": Text("{value} people gave the votes", "有 {value} 人参与评价"),
    "figure.forgotten_people": Text(
        "{value} people in its examples have been forgotten since; train anew with /retrain",
        "其样本中有 {value} 人此后要求被遗忘；请用 /retrain 重新训练",
    ),
    "figure.seconds": Text("{value} seconds for the whole run", "整个训练用了 {value} 秒"),
    # The gate: why a candidate was refused, by the figure.
    "gate.ranking_gain": Text(
        "It does not surely rank liked answers above disliked ones any better: gain {value}{interval}, and the "
        "interval has to lie above 0. More votes make it surer.",
        "不能确定它更能区分好评与差评的回答：提升 {value}{interval}，而区间须大于 0。评价越多越有把握。",
    ),
    "gate.perplexity_ratio": Text(
        "It forgot too much: general texts are {value}{interval} times as puzzling to it, and 1.02 is the most.",
        "遗忘过多：通用文本的困惑度为原来的 {value}{interval} 倍，上限为 1.02。",
    ),
    "gate.broken_after": Text(
        "{value} of its 24 test replies are empty, looping or broken, more than before.",
        "24 个测试回复中有 {value} 个为空、循环或损坏，比原来多。",
    ),
    "gate.heldout_votes": Text(
        "Too few votes could be kept for the test ({value}) to tell: it takes 15, five of each kind.",
        "可留作检验的评价太少（{value} 个），无法判断：需要 15 个，好评差评各至少 5 个。",
    ),
    # Votes and suggested answers that are not learned from (`bot.training.collecting`).
    "dropped.no_consent": Text(
        "from places that are not learned from (`/privacy learning-on` is an admin's choice)",
        "来自不允许学习的地方（由管理员用 `/privacy learning-on` 决定）",
    ),
    "dropped.opted_out": Text("someone who took part has opted out", "参与者中有人已退出学习"),
    "dropped.forgotten": Text("the question was forgotten, as its author asked", "提问者要求遗忘，问题已抹去"),
    "dropped.no_prompt": Text(
        "the conversation that the answer was written from is not kept any more", "回答所依据的对话已不再保存"
    ),
    "dropped.private": Text("a private answer", "仅提问者可见的回答"),
    "dropped.summary": Text("summaries: they hold what people said to each other", "总结：其中有人们彼此之间说的话"),
    "dropped.command": Text("a command, not talk", "命令，而非对话"),
    "dropped.continuation": Text("an answer that goes on with another", "续写的回答"),
    "dropped.unfinished": Text("an answer that was stopped or failed", "被停止或失败的回答"),
    "dropped.cut_off": Text(
        "liked, but cut off at the length limit: it would teach to stop in the middle",
        "受好评，但因长度上限被截断，会教出半截的回答",
    ),
    "dropped.other_model": Text("written by another base model", "由另一个基础模型写成"),
    "dropped.even": Text("as many 👍 as 👎 on one answer", "同一回答的 👍 与 👎 一样多"),
    "dropped.outvoted": Text("outvoted by others on the same answer", "同一回答上的少数意见"),
    "dropped.replaced": Text("a suggestion that its author replaced", "已被本人后来的建议取代"),
    "dropped.unchanged": Text("a suggestion equal to the answer", "与原回答相同的建议"),
    "dropped.picture": Text(
        "about pictures: kept and exported, not trained on", "关于图片：保存并可导出，但不用于训练"
    ),
    "dropped.private_data": Text(
        "an answer that holds personal data or a secret of its own", "回答本身含有个人信息或密钥"
    ),
    "dropped.duplicate": Text("the same words again; the latest counts", "内容重复，以最新的为准"),
    "dropped.person_cap": Text(
        "over one person's share of the whole; their newest stay", "超出一个人可占的份额，保留其最新的"
    ),
    "dropped.damaged": Text("a damaged line of an imported file", "导入文件中损坏的行"),
    "training.not_scrubbed": Text(
        "The process that takes personal data out of the examples ended, so nothing was trained on. The log says more; "
        "try again.",
        "负责去除个人信息的进程中断，因此没有训练。详情见日志，请重试。",
    ),
}
