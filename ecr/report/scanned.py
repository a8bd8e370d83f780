"""What scans have found in the images of a repository, counted by severity. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ecr.severity import Severity

# The worst first. UNTRIAGED counts as UNDEFINED, as ECR's own counts have it; what is not known here is UNKNOWN.
LEVELS = (
    Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFORMATIONAL, Severity.UNDEFINED,
    Severity.UNKNOWN,
)  # fmt: skip
_UNKNOWN = LEVELS.index(Severity.UNKNOWN)
_PLACES = {
    each.value: LEVELS.index(each.counted) for each in Severity if Severity.of(each.value) is not Severity.UNKNOWN
}


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Findings of one image, or of several.

    Attributes:
        images: how many images there are.
        scanned: how many of them have an answer.
        counts: how many findings of each of `LEVELS`, in that order; one that several images have counts for each.
    """

    images: int
    scanned: int
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many findings in all."""
        return sum(self.counts)


def tally(digests: Iterable[str], findings: Mapping[str, Mapping[str, int]]) -> Tally:
    """Add up what was found.

    Args:
        digests: of the images.
        findings: digest -> severity -> how many; without the images that were not scanned.
    """
    wanted = list(digests)
    found = [0] * len(LEVELS)
    scanned = [findings[digest] for digest in wanted if digest in findings]
    for counts in scanned:
        for severity, count in counts.items():
            found[_PLACES.get(severity, _UNKNOWN)] += count
    return Tally(images=len(wanted), scanned=len(scanned), counts=tuple(found))


def worst(counts: Mapping[str, int], limit: int = len(LEVELS)) -> str:
    """The findings of one image in a few words, the worst first: `2 critical, 14 high, 27 lower`; `none` for none.

    Args:
        counts: severity -> how many.
        limit: how many severities are named.
    """
    found = [each for each in zip(LEVELS, _counted(tuple(counts.items())), strict=True) if each[1]]
    words = [f"{count} {level.lower()}" for level, count in found[:limit]]
    rest = sum(count for _, count in found[limit:])
    return ", ".join([*words, *([f"{rest} lower"] if rest else [])]) or "none"


def weight(counts: Mapping[str, int]) -> int:
    """A number by which images can be sorted: one finding of a severity outweighs a thousand of the next one."""
    found = 0
    for count in _counted(tuple(counts.items()))[:4]:
        found = found * 1000 + min(count, 999)
    return found


@lru_cache(4096)  # many images of a repository have the same findings
def _counted(counts: tuple[tuple[str, int], ...]) -> tuple[int, ...]:
    return tally([""], {"": dict(counts)}).counts
