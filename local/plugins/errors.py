"""One-line errors: what the engine prints when a stand-in cannot do what it was asked."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "[secret]"
_WHOLE_WORD_BELOW = 4  # masking a two-letter secret inside words would make every message unreadable


class StandInError(Exception):
    """What went wrong and what to do, in one line, without secrets; its text reaches the user as it is."""


def one_line(text: str) -> str:
    """The same text on one line: the engine shows every line of a multi-line error as a diagnostic of its own."""
    return " ".join(text.split())


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text on one line with every secret replaced by a mask, longest first so that no tail survives."""
    for secret in sorted({s for s in secrets if s.strip()}, key=len, reverse=True):
        for form in {secret, one_line(secret)}:
            pattern = re.escape(form)
            text = re.sub(rf"(?<!\w){pattern}(?!\w)" if len(form) < _WHOLE_WORD_BELOW else pattern, MASK, text)
    return one_line(text)
