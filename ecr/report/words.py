"""How texts, times and numbers are written in a report. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from ecr.errors import printable

MAX_TEXT = 200
_MORE = "..."
_STOPS = " .,:;"
_MAX_DIGITS = 24
_MAX_USD = 10**18


def line(text: str, limit: int = MAX_TEXT) -> str:
    """`text` on one printable line of at most so many characters; where it is cut, then after a word if it can be."""
    found = printable(" ".join(text[: limit * 2].split()))
    if len(found) <= limit:
        return found
    cut = found[: limit - len(_MORE) + 1]
    words = cut.rpartition(" ")[0]
    kept = words if len(words) > limit // 2 else cut[:-1]  # a digest or an address may be longer than half of it
    return f"{kept.rstrip(_STOPS)}{_MORE}"


def sentence(text: str) -> str:
    """`text` with a full stop, unless it ends in one, or was cut."""
    return text if text.endswith(".") else f"{text}."


def moment(at: datetime | None) -> str:
    """`2026-11-22 14:05`, in UTC."""
    return "" if at is None else at.astimezone(UTC).isoformat(" ", "minutes")[:16]


def day(on: date | None) -> str:
    """`2026-11-22`."""
    return "" if on is None else on.isoformat()


def number(count: int) -> str:
    """`12 345`, with a space that does not break; numbers beyond any sense stay short."""
    text = f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")
    return text if len(text) <= _MAX_DIGITS else f"{Decimal(count):.3e}"


def usd(amount: Decimal | int) -> str:
    """`$12.30`."""
    return f"${amount:,.2f}" if amount < _MAX_USD else f"${amount:.3e}"
