"""What is wrong with settings or arguments, and where; found first, named by whoever knows the whole path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ecr.config_reader import shown, stands_twice


@dataclass(frozen=True)
class Problem:
    """One thing that AWS would refuse or that could never act.

    Attributes:
        path: of the value, below what was checked, such as `replication[0].destinations[1]`; empty for the whole.
        reason: what is wrong and what is accepted, to be read after the path.
    """

    path: str
    reason: str

    def below(self, path: str) -> Problem:
        """The same problem, of a value that stands at `path`."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return replace(self, path=f"{path}{dot}{self.path}")


def refused(path: str, value: object, rule: str) -> Problem:
    """A value that does not follow its rule."""
    return Problem(path, f"{shown(value)} is not accepted; accepted: {rule}")


def refused_items(path: str, items: Sequence[str], accept: Callable[[str], bool], rule: str) -> Iterator[Problem]:
    """The items of a list that do not follow their rule, and those that stand in it twice."""
    return refused_places(path, enumerate(items), accept, rule)


def refused_places(
    path: str, places: Iterable[tuple[int, str]], accept: Callable[[str], bool], rule: str
) -> Iterator[Problem]:
    """The same of those items of a list that are known by now, each with its place."""
    seen: set[str] = set()
    for index, item in places:
        if not accept(item):
            yield refused(f"{path}[{index}]", item, rule)
        elif item in seen:
            yield Problem(f"{path}[{index}]", stands_twice(item))
        seen.add(item)


def covered_items(path: str, items: Sequence[str], covers: Callable[[str, str], bool]) -> Iterator[Problem]:
    """The items of a short list that another one covers: whoever takes one of the two out would think that it is gone.

    Args:
        path: of the list.
        items: each with each of the others is compared.
        covers: whether the first text names all that the second one does.
    """
    for index, item in enumerate(items):
        wider = next((one for one in items if one != item and covers(one, item)), None)
        if wider is not None:
            yield Problem(f"{path}[{index}]", f"{shown(item)} is among what {shown(wider)} names already; take one out")
