"""Discord's own errors, with the statuses, codes and words that it answers with.

Source: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: int, text: str, **more: Any) -> None:
        self.status = status
        self.body: Json = {"message": text, "code": code, **more}
        super().__init__(f"{status} {code} {text}")


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def unknown(what: str) -> ApiError:
    """404: something of this kind is not there."""
    codes = {
        "Channel": 10003,
        "Guild": 10004,
        "Member": 10007,
        "Message": 10008,
        "User": 10013,
        "Webhook": 10015,
        "Interaction": 10062,
        "application command": 10063,
    }
    return ApiError(404, codes[what], f"Unknown {what}")


def unknown_emoji() -> ApiError:
    return ApiError(400, 10014, "Unknown Emoji")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def wrong_channel_type() -> ApiError:
    return ApiError(400, 50024, "Cannot execute action on this channel type")


def too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")


class Form:
    """Collects what is wrong with a body, by the path of the field, and raises it as one 50035."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def wrong(self, path: str, code: str, text: str) -> None:
        """Note a fault; the path is dotted, `embeds.0.title`."""
        node = self.errors
        for step in path.split("."):
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": text})

    def length(self, path: str, value: Any, low: int, high: int) -> None:
        """A text whose length must be within bounds; None and absent ones are left to `required`."""
        if value is None:
            return
        if not isinstance(value, str):
            self.wrong(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
        elif low and not low <= len(value) <= high:
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        elif len(value) > high:
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")

    def count(self, path: str, value: list[Any], low: int, high: int) -> None:
        """A list whose length must be within bounds."""
        if not low <= len(value) <= high:
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")

    def required(self, path: str, value: Any) -> bool:
        """Whether a field is there; notes it when not."""
        if value is None or value == "":
            self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
            return False
        return True

    def one_of(self, path: str, value: Any, choices: tuple[Any, ...]) -> bool:
        """Whether a value is one of these; notes it when not."""
        if value in choices:
            return True
        self.wrong(path, "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")
        return False

    def check(self) -> None:
        """Raise what was collected."""
        if self.errors:
            raise ApiError(400, 50035, "Invalid Form Body", errors=self.errors)


def invalid(path: str, code: str, text: str) -> ApiError:
    """A body with this one fault."""
    form = Form()
    form.wrong(path, code, text)
    return ApiError(400, 50035, "Invalid Form Body", errors=form.errors)
