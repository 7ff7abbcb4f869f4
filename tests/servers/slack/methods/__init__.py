"""The Web API's methods, by family."""

from tests.servers.slack.methods import agents, apps, chat, conversations, files, people, reactions, streams, views

METHODS = {
    **apps.METHODS,
    **chat.METHODS,
    **streams.METHODS,
    **agents.METHODS,
    **reactions.METHODS,
    **conversations.METHODS,
    **people.METHODS,
    **files.METHODS,
    **views.METHODS,
}
