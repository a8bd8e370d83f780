"""Sets of images as bits of one number: image 0, the youngest, is the lowest bit.

Rules are applied with a few operations on whole numbers, which is what makes a million images quick.
"""

from __future__ import annotations

from collections.abc import Iterable

_IN, _OUT = b"1", b"0"


def of(members: Iterable[int], count: int) -> int:
    """The set of these images, out of `count`."""
    digits = bytearray(_OUT) * count
    for member in members:
        digits[member] = _IN[0]
    digits.reverse()
    return int(digits, 2) if count else 0


def everything(count: int) -> int:
    """All of `count` images."""
    return (1 << count) - 1


def members(images: int) -> list[int]:
    """The images of a set, the youngest first."""
    digits = f"{images:b}"[::-1]
    found = []
    at = digits.find("1")
    while at >= 0:
        found.append(at)
        at = digits.find("1", at + 1)
    return found


def has(images: int, member: int) -> bool:
    """Whether one image is in a set."""
    return bool(images >> member & 1)


def starting_at(images: int, first: int) -> int:
    """The images of a set from the one numbered `first` on, those that are as old or older."""
    return images >> first << first


def without_youngest(images: int, count: int) -> int:
    """A set without its `count` youngest images."""
    if images.bit_count() <= count:
        return 0
    low, high = 0, images.bit_length()
    while low < high:  # the fewest bits that hold `count` images
        middle = (low + high) // 2
        if (images & everything(middle)).bit_count() < count:
            low = middle + 1
        else:
            high = middle
    return starting_at(images, low)
