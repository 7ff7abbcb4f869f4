"""Slack: slack-bolt's events in, and answers out by the Web API, within Slack's limits."""

from __future__ import annotations

from adapters.slack.lifecycle import SlackPlatform

__all__ = ["SlackPlatform"]
