"""A pretend Slack for the suite: Web API, Socket Mode and signed requests, over real sockets.

Faithful where it is inconvenient: twins, retries, limits, streams that die, acknowledgements that are late.
"""

from tests.servers.slack.delivering import Delivered, NotAcked
from tests.servers.slack.interactions import Act, Call
from tests.servers.slack.modals import CannotSubmit, Modal
from tests.servers.slack.server import SlackServer
from tests.servers.slack.users import User
from tests.servers.slack.world import Button, Channel, File, Message, Rules, Seen, Session

__all__ = [
    "Act",
    "Button",
    "Call",
    "CannotSubmit",
    "Channel",
    "Delivered",
    "File",
    "Message",
    "Modal",
    "NotAcked",
    "Rules",
    "Seen",
    "Session",
    "SlackServer",
    "User",
]
