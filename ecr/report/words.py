"""How texts, times and numbers are written in a report. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from ecr.errors import printable

MAX_TEXT = 200
_MAX_DIGITS = 24
_MAX_USD = 10**18


def line(text: str, limit: int = MAX_TEXT) -> str:
    """`text` on one printable line of at most so many characters."""
    found = printable(" ".join(text[: limit * 2].split()))
    return found if len(found) <= limit else f"{found[: limit - 3]}..."


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
