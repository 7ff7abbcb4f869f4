"""What Discord accepts as components of messages and modals.

Source: https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

from tests.servers.discord.errors import Form
from tests.servers.discord.model import Json, walk

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 19, 21, 22, 23

TOP_OF_V2 = (ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = (ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR)
IN_LABEL = (*SELECTS, TEXT_INPUT, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX)

ROWS, IN_ROW, V2_PARTS, V2_TEXT = 5, 5, 40, 4_000


def check(form: Form, components: list[Json], *, v2: bool) -> None:
    """A message's components."""
    if v2:
        _check_v2(form, components)
    else:
        if len(components) > ROWS:
            form.count("components", components, 1, ROWS)
        for number, component in enumerate(components):
            if _kind(form, f"components.{number}", component, (ROW,)):
                _row(form, f"components.{number}", component)
    _unique(form, components)


def check_modal(form: Form, data: Json) -> None:
    """A modal's title, id and fields."""
    for name, high in (("title", 45), ("custom_id", 100)):
        if form.required(f"data.{name}", data.get(name)):
            form.length(f"data.{name}", data[name], 1, high)
    components = data.get("components") or []
    form.count("data.components", components, 1, 5)
    for number, component in enumerate(components):
        path = f"data.components.{number}"
        if not _kind(form, path, component, (ROW, LABEL, TEXT_DISPLAY)):
            continue
        if component["type"] == ROW:
            form.count(f"{path}.components", component.get("components", []), 1, 1)
            for inner, field in enumerate(component.get("components", [])):
                if _kind(form, f"{path}.components.{inner}", field, (TEXT_INPUT,)):
                    _text_input(form, f"{path}.components.{inner}", field, labelled=True)
        elif component["type"] == LABEL:
            _label(form, path, component)
    _unique(form, components)


def _check_v2(form: Form, components: list[Json]) -> None:
    parts = walk(components)
    if len(parts) > V2_PARTS:
        text = f"Total number of components cannot exceed {V2_PARTS}."
        form.wrong("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    if sum(len(part.get("content", "")) for part in parts if part.get("type") == TEXT_DISPLAY) > V2_TEXT:
        text = f"The total displayable text size exceeds the maximum size of {V2_TEXT}"
        form.wrong("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)
    for number, component in enumerate(components):
        path = f"components.{number}"
        if _kind(form, path, component, TOP_OF_V2):
            _part(form, path, component)


def _part(form: Form, path: str, part: Json) -> None:
    kind = part["type"]
    if kind == ROW:
        _row(form, path, part)
    elif kind == TEXT_DISPLAY:
        if form.required(f"{path}.content", part.get("content")):
            form.length(f"{path}.content", part["content"], 1, V2_TEXT)
    elif kind == SECTION:
        form.count(f"{path}.components", part.get("components", []), 1, 3)
        for number, inner in enumerate(part.get("components", [])):
            if _kind(form, f"{path}.components.{number}", inner, (TEXT_DISPLAY,)):
                _part(form, f"{path}.components.{number}", inner)
        if form.required(f"{path}.accessory", part.get("accessory")):
            _kind(form, f"{path}.accessory", part["accessory"], (BUTTON, THUMBNAIL))
            if part["accessory"].get("type") == BUTTON:
                _button(form, f"{path}.accessory", part["accessory"])
    elif kind == GALLERY:
        form.count(f"{path}.items", part.get("items", []), 1, 10)
    elif kind == CONTAINER:
        for number, inner in enumerate(part.get("components", [])):
            if _kind(form, f"{path}.components.{number}", inner, IN_CONTAINER):
                _part(form, f"{path}.components.{number}", inner)


def _row(form: Form, path: str, row: Json) -> None:
    parts = row.get("components", [])
    form.count(f"{path}.components", parts, 1, IN_ROW)
    for number, part in enumerate(parts):
        where = f"{path}.components.{number}"
        if not _kind(form, where, part, (BUTTON, *SELECTS)):
            continue
        if part["type"] == BUTTON:
            _button(form, where, part)
        else:
            if len(parts) > 1:
                form.wrong(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The width of the row is exceeded.")
            _select(form, where, part)


def _button(form: Form, path: str, button: Json) -> None:
    if not form.one_of(f"{path}.style", button.get("style"), (1, 2, 3, 4, 5, 6)):
        return
    if button["style"] == 5:
        form.required(f"{path}.url", button.get("url"))
        form.length(f"{path}.url", button.get("url"), 1, 512)
        if "custom_id" in button:
            text = "A custom id and url cannot both be specified"
            form.wrong(f"{path}.custom_id", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
    elif button["style"] != 6 and form.required(f"{path}.custom_id", button.get("custom_id")):
        form.length(f"{path}.custom_id", button["custom_id"], 1, 100)
    form.length(f"{path}.label", button.get("label"), 0, 80)
    if not button.get("label") and not button.get("emoji") and button["style"] != 6:
        form.wrong(path, "BUTTON_COMPONENT_INVALID_EMOJI", "A button needs a label or an emoji")


def _select(form: Form, path: str, select: Json) -> None:
    if form.required(f"{path}.custom_id", select.get("custom_id")):
        form.length(f"{path}.custom_id", select["custom_id"], 1, 100)
    form.length(f"{path}.placeholder", select.get("placeholder"), 0, 150)
    if select["type"] != STRING_SELECT:
        return
    options = select.get("options", [])
    form.count(f"{path}.options", options, 1, 25)
    for number, option in enumerate(options):
        for name in ("label", "value"):
            if form.required(f"{path}.options.{number}.{name}", option.get(name)):
                form.length(f"{path}.options.{number}.{name}", option[name], 1, 100)
        form.length(f"{path}.options.{number}.description", option.get("description"), 0, 100)


def _label(form: Form, path: str, label: Json) -> None:
    if form.required(f"{path}.label", label.get("label")):
        form.length(f"{path}.label", label["label"], 1, 45)
    form.length(f"{path}.description", label.get("description"), 0, 100)
    field = label.get("component")
    if field is None or not _kind(form, f"{path}.component", field, IN_LABEL):
        form.required(f"{path}.component", field)
    elif field["type"] == TEXT_INPUT:
        _text_input(form, f"{path}.component", field, labelled=False)
    elif field["type"] in SELECTS:
        _select(form, f"{path}.component", field)


def _text_input(form: Form, path: str, field: Json, *, labelled: bool) -> None:
    if form.required(f"{path}.custom_id", field.get("custom_id")):
        form.length(f"{path}.custom_id", field["custom_id"], 1, 100)
    form.one_of(f"{path}.style", field.get("style"), (1, 2))
    if labelled and form.required(f"{path}.label", field.get("label")):
        form.length(f"{path}.label", field["label"], 1, 45)
    form.length(f"{path}.placeholder", field.get("placeholder"), 0, 100)
    form.length(f"{path}.value", field.get("value"), 0, field.get("max_length") or 4000)
    for name, low in (("min_length", 0), ("max_length", 1)):
        value = field.get(name)
        if value is not None and not low <= value <= 4000:
            form.wrong(f"{path}.{name}", "NUMBER_TYPE_MAX", f"int value should be between {low} and 4000.")


def _kind(form: Form, path: str, component: Json, kinds: tuple[int, ...]) -> bool:
    if component.get("type") in kinds:
        return True
    form.wrong(f"{path}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {kinds}.')
    return False


def _unique(form: Form, components: list[Json]) -> None:
    """No custom_id and no id twice."""
    seen: set[str] = set()
    for part in walk(components):
        custom = part.get("custom_id")
        if custom is not None and custom in seen:
            text = "Component custom id cannot be duplicated"
            form.wrong("components", "COMPONENT_CUSTOM_ID_DUPLICATED", text)
        if custom is not None:
            seen.add(custom)
