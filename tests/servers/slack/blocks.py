"""Block Kit as Slack checks it: types, places, sizes, unique ids; missing ids are filled in.

Written from docs.slack.dev, "Reference: blocks". A refusal names the place as a JSON pointer, as Slack does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Block = dict[str, Any]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_LENGTH = 12_000
INPUTS = {"plain_text_input", "static_select", "multi_static_select", "checkboxes", "radio_buttons", "users_select"}
IN_ACTIONS = {"button", "overflow", "static_select", "users_select", "checkboxes", "radio_buttons", "datepicker"}
IN_SECTION = IN_ACTIONS | {"image", "multi_static_select"}
STYLES = {None, "primary", "danger"}


class InvalidBlocks(Exception):
    """What is wrong, in Slack's words, with where."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class Check:
    """Collects what is wrong with a list of blocks."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def must(self, holds: bool, message: str, pointer: str) -> bool:
        if not holds:
            self.messages.append(f"[ERROR] {message} [json-pointer:{pointer}]")
        return holds

    def length(self, value: Any, limit: int, pointer: str, *, least: int = 1) -> None:
        if not self.must(isinstance(value, str), "must provide a string", pointer):
            return
        self.must(len(value) <= limit, f"must be less than {limit + 1} characters", pointer)
        self.must(len(value) >= least, f"must be more than {least - 1} characters", pointer)

    def optional(self, value: Any, limit: int, pointer: str) -> None:
        if value is not None:
            self.length(value, limit, pointer, least=0)

    def text(self, value: Any, limit: int, pointer: str, *, plain: bool = False) -> None:
        """A text object."""
        if not self.must(isinstance(value, dict), "missing required field: text", pointer):
            return
        allowed = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
        self.must(value.get("type") in allowed, f"unsupported type: {value.get('type')}", f"{pointer}/type")
        self.length(value.get("text"), limit, f"{pointer}/text")


def checked(blocks: Any, new_id: Callable[[], str], *, surface: str = "message") -> list[Block]:
    """The blocks with every id filled in.

    Raises:
        InvalidBlocks: Slack would refuse them on this surface (message, modal or home).
    """
    check = Check()
    if not check.must(isinstance(blocks, list), "must provide an array", "/blocks"):
        raise InvalidBlocks(check.messages)
    limit = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    check.must(len(blocks) <= limit, f"no more than {limit} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        _check_block(check, block, f"/blocks/{index}", surface)
    markdown = sum(len(block.get("text", "")) for block in blocks if _type(block) == "markdown")
    check.must(markdown <= MARKDOWN_LENGTH, f"must be less than {MARKDOWN_LENGTH + 1} characters in all", "/blocks")
    _check_unique(check, blocks)
    if check.messages:
        raise InvalidBlocks(check.messages)
    return [_with_ids(block, new_id) for block in blocks]


def _type(block: Any) -> str:
    return block.get("type", "") if isinstance(block, dict) else ""


def _check_unique(check: Check, blocks: list[Any]) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        check.must(block_id is None or block_id not in seen, f"block_id {block_id} already exists", f"/blocks/{index}")
        seen.add(block_id or "")
        ids = [element["action_id"] for element in elements_of(block) if "action_id" in element]
        check.must(len(ids) == len(set(ids)), "action_id already exists", f"/blocks/{index}/elements")


def elements_of(block: Block) -> Iterator[Block]:
    """The interactive parts of a block."""
    for element in block.get("elements", ()):
        if isinstance(element, dict):
            yield element
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict):
            yield block[key]


def _with_ids(block: Block, new_id: Callable[[], str]) -> Block:
    filled = {**block, "block_id": block.get("block_id") or new_id()}
    if block["type"] in ("actions", "context_actions"):
        filled["elements"] = [_with_action_id(element, new_id) for element in block["elements"]]
    for key in ("accessory", "element"):
        if key in block:
            filled[key] = _with_action_id(block[key], new_id)
    return filled


def _with_action_id(element: Block, new_id: Callable[[], str]) -> Block:
    return element if element["type"] == "image" else {**element, "action_id": element.get("action_id") or new_id()}


# --- the kinds of blocks --------------------------------------------------------------------------------------------


def _check_block(check: Check, block: Any, at: str, surface: str) -> None:
    if not check.must(isinstance(block, dict), "must provide an object", at):
        return
    kind = block.get("type")
    only = ONLY_ON.get(str(kind))
    known = kind in KINDS and (only is None or surface in only)
    if not check.must(known, f"unsupported type: {kind}", f"{at}/type"):
        return
    check.optional(block.get("block_id"), 255, f"{at}/block_id")
    KINDS[str(kind)](check, block, at)


def _section(check: Check, block: Block, at: str) -> None:
    if check.must("text" in block or "fields" in block, "missing required field: text", at) and "text" in block:
        check.text(block["text"], 3000, f"{at}/text")
    fields = block.get("fields", [])
    check.must(len(fields) <= 10, "no more than 10 items allowed", f"{at}/fields")
    for index, field in enumerate(fields):
        check.text(field, 2000, f"{at}/fields/{index}")
    if "accessory" in block:
        _element(check, block["accessory"], f"{at}/accessory", IN_SECTION)


def _markdown(check: Check, block: Block, at: str) -> None:
    check.length(block.get("text"), MARKDOWN_LENGTH, f"{at}/text")


def _header(check: Check, block: Block, at: str) -> None:
    check.text(block.get("text"), 150, f"{at}/text", plain=True)


def _divider(check: Check, block: Block, at: str) -> None:
    check.must(set(block) <= {"type", "block_id"}, "no more fields allowed", at)


def _context(check: Check, block: Block, at: str) -> None:
    elements = block.get("elements")
    if not check.must(isinstance(elements, list) and bool(elements), "missing required field: elements", at):
        return
    check.must(len(elements or ()) <= 10, "no more than 10 items allowed", f"{at}/elements")
    for index, element in enumerate(elements or ()):
        where = f"{at}/elements/{index}"
        if _type(element) == "image":
            _image(check, element, where)
        else:
            check.text(element, 3000, where)


def _actions(check: Check, block: Block, at: str) -> None:
    _elements(check, block, at, 25, IN_ACTIONS)


def _context_actions(check: Check, block: Block, at: str) -> None:
    _elements(check, block, at, 5, {"feedback_buttons", "icon_button"})


def _elements(check: Check, block: Block, at: str, most: int, allowed: set[str]) -> None:
    elements = block.get("elements")
    if not check.must(isinstance(elements, list) and bool(elements), "missing required field: elements", at):
        return
    check.must(len(elements or ()) <= most, f"no more than {most} items allowed", f"{at}/elements")
    for index, element in enumerate(elements or ()):
        _element(check, element, f"{at}/elements/{index}", allowed)


def _image(check: Check, block: Block, at: str) -> None:
    check.must("image_url" in block or "slack_file" in block, "missing required field: image_url", at)
    check.optional(block.get("image_url"), 3000, f"{at}/image_url")
    check.length(block.get("alt_text"), 2000, f"{at}/alt_text")
    if "title" in block:
        check.text(block["title"], 2000, f"{at}/title", plain=True)


def _input(check: Check, block: Block, at: str) -> None:
    check.text(block.get("label"), 2000, f"{at}/label", plain=True)
    if "hint" in block:
        check.text(block["hint"], 2000, f"{at}/hint", plain=True)
    if check.must("element" in block, "missing required field: element", at):
        _element(check, block["element"], f"{at}/element", INPUTS)


def _rich_text(check: Check, block: Block, at: str) -> None:
    parts = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
    elements = block.get("elements")
    if check.must(isinstance(elements, list), "missing required field: elements", at):
        for index, element in enumerate(elements or ()):
            known = _type(element) in parts
            check.must(known, f"unsupported type: {_type(element)}", f"{at}/elements/{index}/type")


KINDS: dict[str, Callable[[Check, Block, str], None]] = {
    "section": _section,
    "markdown": _markdown,
    "header": _header,
    "divider": _divider,
    "context": _context,
    "actions": _actions,
    "context_actions": _context_actions,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
}
ONLY_ON = {"markdown": {"message"}, "context_actions": {"message"}}


# --- the kinds of elements ------------------------------------------------------------------------------------------


def _element(check: Check, element: Any, at: str, allowed: set[str]) -> None:
    kind = _type(element)
    if not check.must(kind in allowed, f"unsupported type: {kind}", f"{at}/type"):
        return
    check.optional(element.get("action_id"), 255, f"{at}/action_id")
    match kind:
        case "image":
            _image(check, element, at)
        case "button":
            check.text(element.get("text"), 75, f"{at}/text", plain=True)
            check.optional(element.get("value"), 2000, f"{at}/value")
            check.optional(element.get("url"), 3000, f"{at}/url")
            check.optional(element.get("accessibility_label"), 75, f"{at}/accessibility_label")
            check.must(element.get("style") in STYLES, "must be primary or danger", f"{at}/style")
        case "icon_button":
            check.must(element.get("icon") == "trash", "unsupported icon", f"{at}/icon")
            check.text(element.get("text"), 75, f"{at}/text", plain=True)
        case "feedback_buttons":
            for side in ("positive_button", "negative_button"):
                _feedback_side(check, element.get(side), f"{at}/{side}")
        case "plain_text_input":
            _text_input(check, element, at)
        case "overflow":
            _options(check, element, at, 5)
        case "static_select" | "multi_static_select":
            _options(check, element, at, 100)
        case "checkboxes" | "radio_buttons":
            _options(check, element, at, 10)


def _feedback_side(check: Check, side: Any, at: str) -> None:
    if not check.must(isinstance(side, dict), "missing required field", at):
        return
    check.text(side.get("text"), 75, f"{at}/text", plain=True)
    check.length(side.get("value"), 2000, f"{at}/value")
    check.optional(side.get("accessibility_label"), 75, f"{at}/accessibility_label")


def _text_input(check: Check, element: Block, at: str) -> None:
    if "placeholder" in element:
        check.text(element["placeholder"], 150, f"{at}/placeholder", plain=True)
    for key in ("min_length", "max_length"):
        size = element.get(key, 1)
        check.must(isinstance(size, int) and 0 <= size <= 3000, "must be between 0 and 3000", f"{at}/{key}")
    check.optional(element.get("initial_value"), element.get("max_length", 3000), f"{at}/initial_value")


def _options(check: Check, element: Block, at: str, most: int) -> None:
    options = element.get("options")
    if not check.must(isinstance(options, list) and bool(options), "missing required field: options", at):
        return
    check.must(len(options or ()) <= most, f"no more than {most} items allowed", f"{at}/options")
    for index, option in enumerate(options or ()):
        check.text(option.get("text"), 75, f"{at}/options/{index}/text")
        check.length(option.get("value"), 150, f"{at}/options/{index}/value")
