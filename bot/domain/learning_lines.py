"""What the bot says of training runs and releases."""

from __future__ import annotations

from bot.domain.texts import Text

LEARNING: dict[str, Text] = {
    # /retrain.
    "training.collecting": Text("Collecting what may be learned from …", "正在收集可以学习的内容……"),
    "training.running": Text("**Training.** I go on answering meanwhile.", "**训练中。** 期间我照常回答。"),
    "training.loss": Text("loss {loss}", "损失 {loss}"),
    "training.left": Text("about {left} left", "约剩 {left}"),
    "training.no_base": Text(
        "I cannot train here: the answers come from a server (ENGINE_URL), and TEXT_MODEL does not name the same "
        "model as a folder on this machine. Set it in .env and restart me.",
        "这里无法训练：回答来自服务器（ENGINE_URL），而 TEXT_MODEL 没有指向本机上的同一个模型。请在 .env 中设置后"
        "重启。",
    ),
    "training.busy": Text(
        "A training run is under way already. `/retrain status` shows it, `/retrain stop` ends it.",
        "已有训练在进行。用 `/retrain status` 查看，`/retrain stop` 停止。",
    ),
    "training.too_few": Text(
        "There is too little to learn from: {have} usable ratings, and a run needs {need}; {missing} are missing.",
        "可学习的内容太少：可用的评价有 {have} 个，训练需要 {need} 个，还差 {missing} 个。",
    ),
    "training.one_sided": Text(
        "The ratings are too one-sided to learn from: {good} 👍 and {bad} 👎. At least {need} of each are needed.",
        "评价太偏向一边，无法学习：{good} 个 👍，{bad} 个 👎。每种至少需要 {need} 个。",
    ),
    "training.enough": Text("There is enough for a run: `/retrain start`.", "内容足够，可以训练：`/retrain start`。"),
    "training.data": Text(
        "**Data:** {ratings} ratings make {examples} examples.", "**数据：** {ratings} 个评价，得到 {examples} 个样本。"
    ),
    "training.dropped": Text("{count} left out: {why}", "{count} 个未采用：{why}"),
    "training.failed": Text(
        "The training run failed. The release in service goes on unchanged; the log says more.",
        "训练失败。在用的版本不受影响，详情见日志。",
    ),
    "training.interrupted": Text(
        "The training run ended with the process that made it, and was not taken up again. The release in service goes "
        "on unchanged. Start another with `/retrain`.",
        "训练随进程一起中断，没有继续。在用的版本不受影响。可用 `/retrain` 重新开始。",
    ),
    "training.ended_unseen": Text(
        "The training run ended while I was restarting. `/release list` shows what came of it.",
        "训练在我重启期间已结束。用 `/release list` 查看结果。",
    ),
    "training.was_stopped": Text(
        "**Stopped.** Nothing was kept of this run; the release in service goes on unchanged.",
        "**已停止。** 这次训练没有保留任何结果，在用的版本不受影响。",
    ),
    "training.stopping": Text("Stopping the run.", "正在停止训练。"),
    "training.idle": Text("No training run is under way.", "现在没有训练在进行。"),
    "training.none": Text(
        "No training run yet. `/retrain dry-run` shows what one would use.",
        "还没有训练过。用 `/retrain dry-run` 查看会用到什么。",
    ),
    "training.under_way": Text("A run is under way, asked for by {by}.", "训练正在进行，由 {by} 发起。"),
    "training.row": Text("- {date} UTC: {state}, {used} examples", "- {date}（UTC）：{state}，{used} 个样本"),
    "training.promoted": Text(
        "**Better, and in service.** From now on **{name}** answers. `/release rollback` goes back; votes watch "
        "over it.",
        "**更好，已启用。** 从现在起由 **{name}** 回答。用 `/release rollback` 可退回；大家的评价会继续把关。",
    ),
    "training.candidate": Text(
        "**Better in the test.** **{name}** now answers a part of the conversations; votes decide whether it "
        "takes over.",
        "**检验结果更好。** **{name}** 现在回答一部分对话，由大家的评价决定是否全面启用。",
    ),
    "training.rejected": Text(
        "**Not better, so not used.** The release in service goes on. Why:",
        "**没有更好，因此不启用。** 在用的版本不变。原因：",
    ),
    "training.figures": Text(
        "**Figures**, on ratings that the training did not see:", "**数据**（取自训练时没有见过的评价）："
    ),
    "training.interval": Text(" ({low} to {high})", "（{low} 至 {high}）"),
    "training.samples": Text("**Side by side**", "**对照**"),
    "training.before": Text("before", "之前"),
    "training.after": Text("after", "之后"),
    "training.picture": Text("The curves of the training run, and its figures before and after", "训练曲线及前后对比"),
    "stage.preparing": Text("preparing", "准备"),
    "stage.supervised": Text("learning from liked answers", "学习受好评的回答"),
    "stage.preference": Text("learning from all votes", "学习全部评价"),
    "stage.testing": Text("testing against the release in service", "与在用版本对比检验"),
    "stage.sampling": Text("writing samples", "写样例"),
    "run.running": Text("running", "进行中"),
    "run.promoted": Text("better, brought into service", "更好，已启用"),
    "run.rejected": Text("not better, not used", "没有更好，未启用"),
    "run.failed": Text("failed", "失败"),
    "run.stopped": Text("stopped", "已停止"),
    # /release.
    "release.none": Text(
        "No release has answered yet. Ask me something first.", "还没有任何版本回答过。先问我点什么吧。"
    ),
    "release.row": Text(
        "- **{name}** ({state}, since {date}): {answers} answers, {good} 👍, {bad} 👎",
        "- **{name}**（{state}，{date} 起）：{answers} 次回答，{good} 👍，{bad} 👎",
    ),
    "release.liked": Text(
        "; {share} liked, surely between {low} and {high}", "；{share} 喜欢，可信区间 {low} 至 {high}"
    ),
    "release.parent": Text("- came after {parent}", "- 前一版本：{parent}"),
    "release.candidate": Text("candidate", "候选"),
    "release.active": Text("in service", "在用"),
    "release.retired": Text("retired", "已退役"),
    "release.rejected": Text("rejected", "未采用"),
    "release.rolled_back": Text("rolled back", "已退回"),
    "release.discarded": Text("deleted", "已删除"),
    "release.unknown": Text(
        "There is no release “{name}”. `/release list` names all.", "没有版本「{name}」。用 `/release list` 查看全部。"
    ),
    "release.gone": Text(
        "The weights of {name} are deleted. Choose another one from `/release list`.",
        "{name} 的权重已删除，请从 `/release list` 另选。",
    ),
    "release.other_base": Text(
        "{name} was trained on another base model ({base}), so it cannot serve now.",
        "{name} 是在另一个基础模型（{base}）上训练的，现在无法启用。",
    ),
    "release.was_rejected": Text(
        "{name} did not pass its test, and its weights were not kept.", "{name} 没有通过检验，权重未保留。"
    ),
    "release.nothing_to_roll_back": Text(
        "The base model is in service; there is nothing to go back from.", "在用的就是基础模型，没有可以退回的。"
    ),
    "release.used": Text("**{name}** answers from now on.", "从现在起由 **{name}** 回答。"),
    "release.rolled_back_by_hand": Text(
        "**{name}** is out of service; **{before}** answers from now on.",
        "**{name}** 已停用，从现在起由 **{before}** 回答。",
    ),
    "release.rolled_back_by_votes": Text(
        "**Rolled back:** people like **{name}** less than **{before}**, which answers again. Liked: {liked} "
        "against {liked_before}; the difference lies surely between {low} and {high}.",
        "**已退回：** 大家对 **{name}** 的评价不如 **{before}**，现由后者回答。喜欢的比例：{liked} 对"
        " {liked_before}，差距的可信区间为 {low} 至 {high}。",
    ),
    "release.took_over": Text(
        "**{name}** takes over from **{before}**: people like it no less. Liked: {liked} against {liked_before}; "
        "the difference lies surely between {low} and {high}.",
        "**{name}** 全面接替 **{before}**：大家的评价并不更低。喜欢的比例：{liked} 对 {liked_before}，差距的可信"
        "区间为 {low} 至 {high}。",
    ),
}
