"""What a new message is made of, before it is posted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.servers.discord.model import DEFAULT, Attachment, Json, Message, User

if TYPE_CHECKING:
    from tests.servers.discord.webhooks import Webhook


@dataclass(slots=True)
class Draft:
    """A message to be. `allowed` is Discord's allowed_mentions; `ago` its age in seconds; `number` its id, if set."""

    content: str = ""
    files: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    kind: int = DEFAULT
    reply_to: Message | None = None
    reference: Json | None = None
    allowed: Json | None = None
    nonce: str | int | None = None
    webhook: Webhook | None = None
    interaction: Json | None = None
    ephemeral_for: User | None = None
    ago: float = 0.0
    number: str = ""
