"""The `data` of interactions, built from the registered commands and open modals as a client builds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.servers.discord import command_rules, payloads, permissions
from tests.servers.discord.interactions import Modal
from tests.servers.discord.model import Channel, Json, Message, Role, User

if TYPE_CHECKING:
    from tests.servers.discord.people import Person
    from tests.servers.discord.server import DiscordServer

USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT = 6, 7, 8, 9, 11


class Impossible(Exception):
    """The real client would not let a person do this."""


def slash(server: DiscordServer, who: Person, channel: Channel, name: str, given: Mapping[str, Any]) -> Json:
    """A slash command's data, its options typed and resolved."""
    command = _command(server, who, channel, name, command_rules.SLASH)
    known = {option["name"]: option for option in command.get("options") or []}
    strangers = set(given) - set(known)
    if strangers:
        raise Impossible(f"/{name} has no option {', '.join(sorted(strangers))}")
    missing = [key for key, option in known.items() if option.get("required") and key not in given]
    if missing:
        raise Impossible(f"/{name} needs {', '.join(missing)}")
    resolved: Json = {}
    options = [
        {"name": key, "type": known[key]["type"], "value": _value(server, channel, known[key], value, resolved)}
        for key, value in given.items()
    ]
    return _data(command, options, resolved)


def typing(
    server: DiscordServer,
    who: Person,
    channel: Channel,
    name: str,
    option: str,
    text: str,
    others: Mapping[str, Any],
) -> Json:
    """An autocomplete's data: the options so far, the one being typed focused, nothing resolved."""
    command = _command(server, who, channel, name, command_rules.SLASH)
    known = {each["name"]: each for each in command.get("options") or []}
    if option not in known or not known[option].get("autocomplete"):
        raise Impossible(f"/{name} does not complete {option}")
    options = [{"name": key, "type": known[key]["type"], "value": value} for key, value in others.items()]
    options.append({"name": option, "type": known[option]["type"], "value": text, "focused": True})
    return _data(command, options, {})


def menu(server: DiscordServer, who: Person, message: Message, name: str) -> Json:
    """A message context menu's data, with the message and its content."""
    command = _command(server, who, message.channel, name, command_rules.MESSAGE_MENU)
    target = payloads.message(message, server.world.bot, content=True)
    return _data(command, [], {"messages": {message.id: target}}) | {"target_id": message.id}


def filled(modal: Modal, texts: Mapping[str, str]) -> Json:
    """A submitted modal's data: every input with what was typed, or with what stood there."""
    values: dict[str, str] = {}
    for field in modal.fields:
        typed = next((text for key, text in texts.items() if key == field.label or key in field.custom_id), field.value)
        if field.required and not typed:
            raise Impossible(f"{field.label or field.custom_id} must be filled in")
        if typed and not field.min_length <= len(typed) <= field.max_length:
            raise Impossible(f"{field.label} takes {field.min_length} to {field.max_length} characters")
        values[field.custom_id] = typed
    unused = [key for key in texts if not any(key == each.label or key in each.custom_id for each in modal.fields)]
    if unused:
        raise Impossible(f"the modal has no {', '.join(unused)}, only {[each.label for each in modal.fields]}")
    return {"custom_id": modal.custom_id, "components": [_submitted(part, values) for part in modal.components]}


def _submitted(part: Json, values: Mapping[str, str]) -> Json:
    kept: Json = {"type": part["type"], "id": part.get("id", 0)}
    if "components" in part:
        return kept | {"components": [_submitted(each, values) for each in part["components"]]}
    if "component" in part:
        return kept | {"component": _submitted(part["component"], values)}
    if "custom_id" not in part:
        return kept
    kept["custom_id"] = part["custom_id"]
    value = values[part["custom_id"]]
    return kept | ({"value": value} if part["type"] == 4 else {"values": [value] if value else []})


def _command(server: DiscordServer, who: Person, channel: Channel, name: str, kind: int) -> Json:
    """The command that this person is offered here; a guild's own goes before the global one."""
    guild = channel.guild
    for scope in ([guild.id] if guild else []) + [""]:
        for command in server.commands.get(scope, {}).values():
            if command["name"] == name and command["type"] == kind:
                _check_offered(who, channel, command)
                return command
    raise Impossible(f"no command {name!r} is registered")


def _check_offered(who: Person, channel: Channel, command: Json) -> None:
    here = 0 if channel.guild is not None else 1
    contexts = command.get("contexts") or ([0, 1] if command.get("dm_permission", True) else [0])
    if here not in contexts:
        raise Impossible(f"{command['name']} is not offered in {'direct messages' if here else 'servers'}")
    if channel.guild is None:
        return
    granted = permissions.in_channel(who, channel)
    if not granted & permissions.BITS["use_application_commands"]:
        raise Impossible(f"{who.name} may not use commands here")
    needed = command.get("default_member_permissions")
    if needed is None or granted & permissions.BITS["administrator"]:
        return
    if int(needed) == 0 or granted & int(needed) != int(needed):
        raise Impossible(f"{command['name']} is not offered to {who.name}")


def _data(command: Json, options: list[Json], resolved: Json) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    if options:
        data["options"] = options
    if resolved:
        data["resolved"] = resolved
    return data


def _value(server: DiscordServer, channel: Channel, option: Json, value: Any, resolved: Json) -> Any:
    """An option's value on the wire; objects go to `resolved` and leave their id."""
    kind, name = option["type"], option["name"]
    if kind in (USER, CHANNEL, ROLE, MENTIONABLE):
        return _resolve(channel, value, resolved)
    if kind == ATTACHMENT:
        filename, data = value
        kept = server.world.attachment(channel, filename, data)
        kept.ephemeral = True
        resolved.setdefault("attachments", {})[kept.id] = payloads.attachment(kept)
        return kept.id
    choices = option.get("choices") or []
    if choices:
        for choice in choices:
            if value in (choice["value"], choice["name"], *(choice.get("name_localizations") or {}).values()):
                return choice["value"]
        raise Impossible(f"{name} offers {[choice['name'] for choice in choices]}")
    _check_bounds(option, value)
    return value


def _check_bounds(option: Json, value: Any) -> None:
    kind, name = option["type"], option["name"]
    types: dict[int, tuple[type, ...]] = {
        command_rules.STRING: (str,),
        command_rules.INTEGER: (int,),
        command_rules.BOOLEAN: (bool,),
        command_rules.NUMBER: (int, float),
    }
    if kind in types and not isinstance(value, types[kind]):
        raise Impossible(f"{name} does not take {value!r}")
    if kind == command_rules.STRING:
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(value) <= high:
            raise Impossible(f"{name} takes {low} to {high} characters")
    elif kind in (command_rules.INTEGER, command_rules.NUMBER):
        low, high = option.get("min_value", -(2**53)), option.get("max_value", 2**53)
        if not low <= value <= high:
            raise Impossible(f"{name} takes {low} to {high}")


def _resolve(channel: Channel, value: User | Channel | Role, resolved: Json) -> str:
    guild = channel.guild
    if isinstance(value, User):
        resolved.setdefault("users", {})[value.id] = payloads.user(value)
        if guild is not None:
            granted = {"permissions": str(permissions.in_channel(value, channel))}
            member = payloads.member(guild.members[value.id], with_user=False) | granted
            resolved.setdefault("members", {})[value.id] = member
    elif isinstance(value, Channel):
        data = payloads.channel(value, channel.world.bot)
        data["permissions"] = str(permissions.in_channel(channel.world.bot, value))
        resolved.setdefault("channels", {})[value.id] = data
    else:
        assert guild is not None
        resolved.setdefault("roles", {})[value.id] = payloads.role(value, guild)
    return value.id
