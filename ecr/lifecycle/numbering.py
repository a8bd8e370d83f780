"""Images with numbers that tell their age: 0 is the youngest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecr.lifecycle.images import Image


class Numbered:
    """The images of a repository, numbered by time of push.

    Of images that were pushed at the same time, the smaller digest counts as younger.

    Attributes:
        images: the youngest first; the place of an image here is its number.
    """

    def __init__(self, images: Sequence[Image]) -> None:
        self._given = images
        order = _youngest_first(images)
        self.images = tuple(images[at] for at in order)
        self._numbers = [0] * len(order)
        for number, at in enumerate(order):
            self._numbers[at] = number

    def __iter__(self) -> Iterator[tuple[int, Image]]:
        """Number and image, in the order that the images were given in.

        They often lie in memory in that order, and a walk in another takes several times as long.
        """
        return zip(self._numbers, self._given, strict=True)

    def __len__(self) -> int:
        return len(self._given)


def _youngest_first(images: Sequence[Image]) -> list[int]:
    pushed = [image.pushed_at.timestamp() for image in images]
    order = sorted(range(len(images)), key=pushed.__getitem__, reverse=True)
    if len(set(pushed)) < len(pushed):
        for start, end in _runs([pushed[at] for at in order]):
            order[start:end] = sorted(order[start:end], key=lambda at: images[at].digest)
    return order


def _runs(values: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Where equal values stand side by side: the first place, and the one behind the last."""
    start = 0
    for at in range(1, len(values) + 1):
        if at == len(values) or values[at] != values[start]:
            if at > start + 1:
                yield start, at
            start = at
