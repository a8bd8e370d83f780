"""Tables of plain text: aligned columns, no colours, no boxes, never wrapped, so that they can be read by programs."""

from __future__ import annotations

from collections.abc import Sequence

from ecr.errors import printable

NOTHING = "-"
_GAP = "  "
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """One line for the header and one for each row; every cell on one line, an empty one as `-`.

    The last column is not padded, so that no line ends in spaces.
    """
    # Cells may hold what a registry or a scanner says: nothing in them may move the cursor of a terminal.
    cells = [[printable(cell) or NOTHING for cell in row] for row in (header, *rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = (_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return [line.rstrip() for line in lines]


def short_digest(digest: str) -> str:
    """`sha256:` and 12 hex digits: enough to tell images apart, not to name one."""
    algorithm, colon, hexadecimal = digest.partition(":")
    return f"{algorithm}{colon}{hexadecimal[:12]}"


def size(count: float) -> str:
    """A number of bytes as people read it: 1000 bytes are 1.0 kB, as registries and disks count."""
    value, units = count, list(_UNITS)
    # What would be shown as 1000.0 is shown in the next unit.
    while len(units) > 1 and round(value, 1) >= _STEP:
        value /= _STEP
        units.pop(0)
    return f"{value:.0f} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def plural(count: int, noun: str) -> str:
    """`1 blob`, `2 blobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
