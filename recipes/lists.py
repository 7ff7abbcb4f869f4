"""Lists, which the data folder lacks: short conversations made from hand-written pools of items, in both languages.

Each topic has a pool; a conversation asks for a list and gets five to seven of its items as bullet points. The words
are this project's own.
"""

from __future__ import annotations

import random

from recipes.data import Record

POOLS_EN = {
    "things to pack for a beach trip": "sunscreen|towel|swimsuit|sunglasses|a hat|water bottle|a good book|sandals",
    "things to pack for a camping trip": "tent|sleeping bag|flashlight|matches|rain jacket|warm socks|map",
    "things to pack for a business trip": "laptop and charger|clean shirts|notebook|ID card|business cards|headphones",
    "groceries for the week": "bread|eggs|milk|apples|rice|carrots|cheese|tomatoes|coffee|yogurt",
    "healthy snacks": "apple slices|nuts|carrot sticks|yogurt|boiled eggs|grapes|whole grain crackers",
    "breakfast ideas": "oatmeal with fruit|scrambled eggs|toast with jam|yogurt with nuts|pancakes|a banana smoothie",
    "dinner ideas": "vegetable soup|fried rice|baked fish|pasta with tomatoes|bean chili|chicken salad|curry",
    "team building activities": "a quiz night|a cooking class|a walk in the park|board games|an escape room|a picnic",
    "ideas for a team lunch": "pizza|a salad bar|sushi|sandwiches|noodle soup|tacos|a picnic in the park",
    "birthday gift ideas": "a book|a plant|a warm scarf|concert tickets|a board game|homemade cookies|a nice mug",
    "tips for better sleep": "go to bed at the same time|keep the room dark|avoid coffee late in the day|"
    "put the phone away|take a short walk in the evening|read a few pages",
    "tips for working from home": "start at the same time each day|take short breaks|keep your desk tidy|go for a walk|"
    "write down your three main tasks|turn off notifications",
    "tips for a good meeting": "send an agenda|start on time|invite only who is needed|take notes|end with clear tasks|"
    "keep it short",
    "things to check before a release": "run all the tests|update the release notes|check the version number|"
    "make a backup|tell the support team|watch the logs",
    "questions for a job interview": "What did you build last?|How do you like to work?|What do you want to learn?|"
    "How do you handle feedback?|What are you proud of?|When can you start?",
    "ice breaker questions": "What was your first job?|Tea or coffee?|What are you reading?|"
    "What is your favorite place?|What made you laugh this week?|"
    "Which skill would you like to have?",
    "ways to save money": "cook at home|make a budget|buy second hand|cancel what you do not use|walk or take the bus|"
    "compare prices",
    "ways to relax": "listen to music|take a warm bath|go for a walk|call a friend|read a book|drink a cup of tea",
    "chores for the weekend": "wash the dishes|do the laundry|water the plants|clean the windows|take out the trash|"
    "vacuum the floor",
    "fun things to do on a rainy day": "read a story|bake cookies|play board games|watch a film|draw a picture|"
    "build a blanket fort",
    "things to see in a new city": "the old town|the main museum|a local market|the river|a small cafe|the park",
    "names for a team": "The Night Owls|Blue Comets|The Early Birds|Paper Tigers|The Green Lights|Happy Penguins",
    "names for a cat": "Luna|Milo|Pepper|Ginger|Shadow|Biscuit|Smokey|Olive",
    "names for a dog": "Max|Bella|Charlie|Rocky|Daisy|Buddy|Coco|Scout",
    "blog post ideas": "how we plan our week|five tools we like|a day with our team|what we learned this year|"
    "a guide for new members|questions people often ask",
    "goals for the next quarter": "answer users faster|fix the oldest bugs|write better guides|welcome new members|"
    "release once a month|measure what we change",
    "books to read": "Treasure Island|Alice in Wonderland|The Secret Garden|Little Women|The Time Machine|Black Beauty",
    "things to do for a new colleague": "set up the accounts|show the office|plan a team lunch|name a mentor|"
    "share the guide|ask for questions after a week",
}

POOLS_ZH = {
    "旅行用品": "身份证|充电器|换洗衣服|牙刷和毛巾|雨伞|常用药|水杯|零食",
    "露营用品": "帐篷|睡袋|手电筒|驱虫剂|饮用水|保暖衣服|急救包",
    "购物": "牛奶|鸡蛋|面包|苹果|大米|青菜|西红柿|豆腐",
    "周末活动": "去公园散步|看一场电影|读一本书|和朋友吃饭|打扫房间|学做一道新菜",
    "团队活动": "一起爬山|聚餐|玩桌游|看电影|周末野餐|打羽毛球",
    "生日礼物": "一本书|一束花|一条围巾|一个杯子|一盒巧克力|一张手写卡片",
    "会议准备": "写好议程|准备材料|预订会议室|提前通知大家|指定记录人|测试投影",
    "健康习惯": "早睡早起|多喝水|每天运动|多吃蔬菜|少熬夜|定期体检",
    "学习计划": "每天背单词|读一章书|做练习题|整理笔记|复习旧内容|早点休息",
    "家务": "洗碗|洗衣服|拖地|擦窗户|浇花|倒垃圾",
    "早餐": "豆浆|油条|鸡蛋|包子|牛奶|面包|小米粥",
    "放松的方法": "听音乐|散步|喝一杯茶|和朋友聊天|看一本书|早点睡觉",
}

ASKED_EN = (
    "Make a list of {topic}.",
    "Write a list of {topic}.",
    "Give me a list of {topic}.",
    "List some {topic}.",
    "list: {topic}",
    "{topic}, as a list please",
    "Write a list: {topic}.",
)
ASKED_ZH = (
    "列一个{topic}的清单。",
    "写一个{topic}清单",
    "帮我列个{topic}清单。",
    "给我一份{topic}清单",
    "清单：{topic}",
)


def conversations(seed: int, each: int = 24) -> list[Record]:
    """Records like those of the data folder, `each` of every topic."""
    chance, records = random.Random(seed), []
    for pools, asked in ((POOLS_EN, ASKED_EN), (POOLS_ZH, ASKED_ZH)):
        for topic, pool in pools.items():
            for _ in range(each):
                items = pool.split("|")
                chosen = chance.sample(items, min(len(items), chance.randint(5, 7)))
                messages = [
                    {"role": "user", "content": chance.choice(asked).format(topic=topic)},
                    {"role": "assistant", "content": "\n".join(f"- {i[0].upper() + i[1:]}" for i in chosen)},
                ]
                records.append({"messages": messages, "task": "write", "source": "recipes-lists"})
    return records
