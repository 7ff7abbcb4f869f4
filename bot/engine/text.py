"""From tokens to text that may be shown: whole characters only, and nothing of a stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# What decoders put where bytes are no character, or not yet.
_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"


class StopGate:
    """Passes text on until a stop string appears, and holds back what may become the start of one."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(stop)
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """What may be shown after this text arrived. Nothing passes once `stopped`."""
        if self.stopped:
            return ""
        text = self._held + text
        ends = [at for at in (text.find(stop) for stop in self._stop) if at >= 0]
        if ends:
            self.stopped, self._held = True, ""
            return text[: min(ends)]
        kept = len(text) - self._longest_start_at_end(text)
        self._held = text[kept:]
        return text[:kept]

    def finish(self) -> str:
        """What was held back, when no more text comes."""
        held, self._held = self._held, ""
        return held

    def _longest_start_at_end(self, text: str) -> int:
        """Length of the longest end of the text that a stop string begins with."""
        longest = max((len(stop) for stop in self._stop), default=0) - 1
        for length in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-length:]) for stop in self._stop):
                return length
        return 0


class TokenText:
    """Decodes tokens one by one. A character whose bytes are spread over several tokens appears with the last.

    Decoding compares the text of the last few tokens with and without the new ones, because what a token says may
    depend on the ones before it (a SentencePiece space, a character's bytes). `before` are the tokens of a text that is
    being continued.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], before: Sequence[int] = ()) -> None:
        self._decode = decode
        self._tokens = list(before)
        self._shown = len(self._tokens)

    def push(self, token: int) -> str:
        """The text that this token completes; empty when its last character is incomplete."""
        self._tokens.append(token)
        text = self._new_text()
        if not text or text.endswith(_INCOMPLETE):
            return ""
        self._tokens = self._tokens[self._shown :]
        self._shown = len(self._tokens)
        return text

    def finish(self) -> str:
        """What is left when no more tokens come, without the character that was never completed."""
        return self._new_text().rstrip(_INCOMPLETE)

    def _new_text(self) -> str:
        shown = self._decode(self._tokens[: self._shown])
        return self._decode(self._tokens)[len(shown) :]


class WholeCharacters:
    """Joins the halves of a character that a server put into two chunks (a JSON surrogate pair that was cut)."""

    def __init__(self) -> None:
        self._half = ""

    def push(self, text: str) -> str:
        """The whole characters so far."""
        text = self._half + text
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        text = text[: len(text) - len(self._half)]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
