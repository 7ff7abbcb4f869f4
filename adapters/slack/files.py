"""Files that people attach: fetched with the bot's token when their text is wanted."""

from __future__ import annotations

from adapters.slack.client import PacedClient
from adapters.slack.errors import as_ours
from bot.domain.messages import Attachment
from bot.errors import DeliveryError

# Beyond the size that Slack told of a file.
_SLACK_BYTES = 1024


async def fetch(client: PacedClient, attachment: Attachment) -> bytes:
    """The bytes of a file.

    Raises:
        DeliveryError: it cannot be had.
    """
    with as_ours("files.info"):
        told = (await client.files_info(file=attachment.locator))["file"]
    url = told.get("url_private_download") or told.get("url_private")
    if not url:
        raise DeliveryError("files.info: the file has no address", retryable=False)
    assert client.session is not None
    headers = {"Authorization": f"Bearer {client.token}"}
    with as_ours("file download"):
        async with client.session.get(url, headers=headers, proxy=client.proxy, allow_redirects=False) as response:
            # Without the right to a file, Slack answers with a page to sign in or sends one there.
            if response.status != 200 or (response.content_type == "text/html" and told.get("mimetype") != "text/html"):
                raise DeliveryError(f"file download: status {response.status}", retryable=response.status >= 500)
            data = await response.content.read(attachment.size + _SLACK_BYTES)
            while chunk := await response.content.read(_SLACK_BYTES):
                data += chunk
                if len(data) > attachment.size + _SLACK_BYTES:
                    raise DeliveryError("file download: larger than was told", retryable=False)
            return data
