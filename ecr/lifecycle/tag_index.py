"""All tags of a repository in one text, in which patterns are found quickly."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from ecr.lifecycle import patterns

_BETWEEN = "\n"  # stands in no tag: OCI distribution specification, "Pulling manifests"
# Looking up one place costs about as much as looking at this many tags one after the other.
_LOOK_UP_COST = 4


class TagIndex:
    """Finds the owners of the tags that a pattern matches.

    Args:
        tags: all tags.
        owners: the number of the image that has it, for each tag.
    """

    def __init__(self, tags: Iterable[str], owners: Sequence[int]) -> None:
        self._owners = owners
        self._text = _BETWEEN.join(["", *(tag.replace(_BETWEEN, " ") for tag in tags), ""])
        # Taken apart again, the tags lie side by side in memory, which makes a walk over them several times as quick.
        self._tags = self._text.split(_BETWEEN)[1:-1]
        self._starts = array("Q", accumulate((len(tag) + 1 for tag in self._tags), initial=1))

    def owners(self, parts: Sequence[str]) -> list[int]:
        """The owners of tags that consist of these parts, in this order, with any text between two of them."""
        if not self._tags:
            return []
        needle = _needle(parts)
        candidates = self._with(needle)
        if len([part for part in parts if part]) > 1:
            # The needle is one of them: the others have to be there too, in this order, and without overlap.
            candidates = [at for at in candidates if patterns.has_parts(parts, self._tags[at])]
        return [self._owners[at] for at in candidates]

    def _with(self, needle: str) -> list[int]:
        """The places of the tags in which the needle stands."""
        found: list[int] = []
        most = len(self._tags) // _LOOK_UP_COST
        at = self._text.find(needle)
        while at >= 0:
            # A needle may begin with the mark before its tag.
            tag = bisect_right(self._starts, at + needle.startswith(_BETWEEN)) - 1
            found.append(tag)
            if len(found) > most:
                return self._passing(needle)
            # The mark behind this tag is the mark before the next.
            at = self._text.find(needle, self._starts[tag + 1] - 1)
        return found

    def _passing(self, needle: str) -> list[int]:
        """The same by looking at each tag."""
        part = needle.strip(_BETWEEN)
        if needle.startswith(_BETWEEN):
            found = [at for at, tag in enumerate(self._tags) if tag.startswith(part)]
        elif needle.endswith(_BETWEEN):
            found = [at for at, tag in enumerate(self._tags) if tag.endswith(part)]
        else:
            found = [at for at, tag in enumerate(self._tags) if part in tag]
        whole = needle == f"{_BETWEEN}{part}{_BETWEEN}"
        return [at for at in found if self._tags[at] == part] if whole else found


def _needle(parts: Sequence[str]) -> str:
    """The longest text that stands in every tag of these parts, with what marks the beginning or end of a tag."""
    first, *rest = parts
    if not rest:
        return f"{_BETWEEN}{first}{_BETWEEN}"
    *middle, last = rest
    marked = {part: part for part in middle} | {last: f"{last}{_BETWEEN}", first: f"{_BETWEEN}{first}"}
    return marked[max(marked, key=len)]
