"""The commands by which people set things: digests, personas, settings, privacy, and the model's releases and training.

They stand in the table of `bot.domain.commands`, with those that ask for something.
"""

from __future__ import annotations

from bot.domain.command_types import Command, Option, OptionType, Who, choices
from bot.domain.place_settings import HOUSE_STYLE_LIMIT, INSTRUCTIONS_LIMIT
from bot.domain.texts import Text

DIGEST = Command(
    "digest",
    Text("sum up what was said here, every day or week", "每天或每周总结这里的聊天"),
    (
        Option(
            "every",
            OptionType.CHOICE,
            Text("how often (without it: show the order)", "频率（不填则显示现有设置）"),
            choices=choices(
                ("daily", "every day", "每天"), ("weekly", "every week", "每周"), ("off", "no longer", "停止")
            ),
        ),
        Option("at", OptionType.TEXT, Text("at what time (9:00)", "几点（默认 9:00）"), main=True, high=20),
        Option(
            "day",
            OptionType.CHOICE,
            Text("on which day of the week (Monday)", "每周的哪一天（默认周一）"),
            choices=choices(
                ("monday", "Monday", "周一"),
                ("tuesday", "Tuesday", "周二"),
                ("wednesday", "Wednesday", "周三"),
                ("thursday", "Thursday", "周四"),
                ("friday", "Friday", "周五"),
                ("saturday", "Saturday", "周六"),
                ("sunday", "Sunday", "周日"),
            ),
        ),
        Option(
            "to",
            OptionType.CHOICE,
            Text("posted here, or sent to you (here)", "发在这里，还是私信给你（默认这里）"),
            choices=choices(("here", "post it here", "发在这里"), ("me", "send it to me", "私信给我")),
        ),
        Option(
            "timezone",
            OptionType.TEXT,
            Text("time zone, such as Europe/Berlin (yours)", "时区，如 Asia/Shanghai（默认你的时区）"),
            high=64,
        ),
    ),
    who=Who.ADMINS,
)

PERSONA = Command(
    "persona",
    Text("how I speak to you, or to everyone here", "我用什么口吻对你说话，或对这里的所有人"),
    (
        Option(
            "name",
            OptionType.TEXT,
            Text("which persona; “off” goes back (without it: show them)", "哪个角色；“off” 恢复默认（不填则列出）"),
            main=True,
            high=40,
            completes=True,
        ),
        Option(
            "instructions",
            OptionType.TEXT,
            Text("your own words on how to answer; “off” drops them", "用自己的话说明怎样回答；“off” 取消"),
            high=INSTRUCTIONS_LIMIT,
        ),
        Option(
            "for",
            OptionType.CHOICE,
            Text("for whom (you)", "对谁（默认你自己）"),
            choices=choices(
                ("me", "me, everywhere", "我，在所有地方"), ("here", "this place (admins)", "这里（管理员）")
            ),
        ),
    ),
    private=True,
)

SETTINGS_COMMAND = Command(
    "settings",
    Text("what holds in this place, and how to change it", "这里的设置，以及怎样更改"),
    (
        Option(
            "name",
            OptionType.CHOICE,
            Text("which setting (without it: show all)", "哪项设置（不填则显示全部）"),
            choices=choices(
                ("house-style", "house style of everything written here", "这里所写一切的文风"),
                ("idle", "how long talk carries on without a reply", "不用回复也接着聊的时间"),
                ("memory", "how many earlier messages I read", "我最多读多少条先前的消息"),
                ("greet", "whether I greet who opens a thread", "是否问候新开讨论串的人"),
                ("reset", "back to the host's own", "恢复主机的设置"),
            ),
        ),
        Option(
            "value",
            OptionType.TEXT,
            Text("its new value, such as 2h, 40 or on; for reset: which", "新的值，如 2h、40、on；reset 后写哪一项"),
            main=True,
            high=HOUSE_STYLE_LIMIT,
        ),
    ),
    who=Who.ADMINS,
    private=True,
)

PRIVACY = Command(
    "privacy",
    Text("what is kept and learned from; opt out; be forgotten", "保存与学习的范围；退出；被遗忘"),
    (
        Option(
            "action",
            OptionType.CHOICE,
            Text("what to do", "操作"),
            main=True,
            choices=choices(
                ("show", "show what is kept", "查看保存了什么"),
                ("opt-out", "do not learn from me", "不要从我这里学习"),
                ("opt-in", "learn from me again", "恢复从我这里学习"),
                ("forget-me", "forget everything of mine", "忘记我的一切"),
                ("learning-on", "learn from this place (admins)", "允许从此处学习（管理员）"),
                ("learning-off", "stop learning from this place (admins)", "停止从此处学习（管理员）"),
            ),
        ),
    ),
    private=True,
)

RELEASE = Command(
    "release",
    Text("the model releases and how people like them", "模型版本及大家的评价"),
    (
        Option(
            "action",
            OptionType.CHOICE,
            Text("what to do", "操作"),
            choices=choices(
                ("list", "list all", "列出全部"),
                ("show", "show one, with its figures", "查看一个版本及其数据"),
                ("use", "put one into service", "启用一个版本"),
                ("rollback", "go back to the one before", "退回上一个版本"),
            ),
        ),
        Option(
            "name",
            OptionType.TEXT,
            Text("which release (the one in service)", "哪个版本（默认在用版本）"),
            main=True,
            high=200,
            completes=True,
        ),
    ),
    who=Who.ADMINS,
    private=True,
)

RETRAIN = Command(
    "retrain",
    Text("train on this team's votes, and serve the result if it is better", "用大家的评价训练，更好才启用"),
    (
        Option(
            "action",
            OptionType.CHOICE,
            Text("what to do", "操作"),
            choices=choices(
                ("start", "train, test, and promote if better", "训练、检验，更好则启用"),
                ("dry-run", "show what would be trained on", "只查看会用到哪些数据"),
                ("status", "show the run under way, or the last one", "查看进行中或最近一次训练"),
                ("stop", "stop the run under way", "停止进行中的训练"),
            ),
        ),
        Option(
            "recipe",
            OptionType.CHOICE,
            Text("how to train", "训练方式"),
            main=True,
            choices=choices(
                ("standard", "standard", "标准"),
                ("quick", "quick and rough", "快速粗略"),
                ("thorough", "thorough", "细致"),
            ),
        ),
    ),
    who=Who.ADMINS,
)
