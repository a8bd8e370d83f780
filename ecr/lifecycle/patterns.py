"""Tag patterns: text in which `*` stands for any characters, none included.

Source: ECR user guide, "Lifecycle policy evaluation rules".
"""

from __future__ import annotations

from collections.abc import Sequence

WILDCARD = "*"
_ANYTHING = "\0"  # stands in no tag and no pattern


def matches(pattern: str, tag: str) -> bool:
    """Whether `tag` is what `pattern` describes."""
    return has_parts(pattern.split(WILDCARD), tag)


def has_parts(parts: Sequence[str], tag: str) -> bool:
    """Whether `tag` consists of these parts, in this order, with any text between two of them.

    Takes time linear in the tag for each part, whatever the tag: nothing is tried twice.
    """
    first, *rest = parts
    if not rest:
        return tag == first
    *middle, last = rest
    if len(tag) < len(first) + len(last) or not (tag.startswith(first) and tag.endswith(last)):
        return False
    at, end = len(first), len(tag) - len(last)
    for part in middle:
        found = tag.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def covers(pattern: str, other: str) -> bool:
    """Whether every tag that `other` matches is matched by `pattern` too."""
    return matches(pattern, other.replace(WILDCARD, _ANYTHING))


def can_meet(one: str, other: str) -> bool:
    """Whether there is a tag that both patterns match."""
    reachable = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        here = waiting.pop()
        if here == (len(one), len(other)):
            return True
        for step in _steps(one, other, *here):
            if step not in reachable:
                reachable.add(step)
                waiting.append(step)
    return False


def _steps(one: str, other: str, at: int, beside: int) -> Sequence[tuple[int, int]]:
    left, right = one[at : at + 1], other[beside : beside + 1]
    steps = []
    if left == WILDCARD:
        steps += [(at + 1, beside), *([(at, beside + 1)] if right else [])]
    if right == WILDCARD:
        steps += [(at, beside + 1), *([(at + 1, beside)] if left else [])]
    if left and left == right:
        steps.append((at + 1, beside + 1))
    return steps
