"""Which images of a repository have to stay, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr.lifecycle import patterns
from ecr.lifecycle.images import Image
from ecr.tables import short_digest

# How what belongs to an image is tagged where no list of referrers is kept: OCI distribution specification, "Referrers
# Tag Schema"; cosign's signatures, attestations and SBOMs (github.com/sigstore/cosign, specs/SIGNATURE_SPEC.md).
_OF_ANOTHER = re.compile(r"sha256-(?P<hexadecimal>[0-9a-f]{64})(?:\.[a-z]+)?")

Relation = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one stack needs.

    Attributes:
        stack: the stack's name.
        deployed: the digest that it says it has deployed; None for none.
        pinned: the digest that its file pins (`promote.digest`); None for none.
    """

    stack: str
    deployed: str | None = None
    pinned: str | None = None


def reasons(claims: Iterable[Claim]) -> dict[str, str]:
    """Digest -> why it has to stay, in words that follow "it is": `deployed by stack dev`, `pinned by stack prod`.

    An image that is both is called deployed. The order of the claims does not matter.
    """
    deployed: dict[str, set[str]] = {}
    pinned: dict[str, set[str]] = {}
    for claim in claims:
        for digest, stacks in ((claim.deployed, deployed), (claim.pinned, pinned)):
            if digest is not None:
                stacks.setdefault(digest, set()).add(claim.stack)
    return {
        **{digest: f"pinned by {_stacks(names)}" for digest, names in sorted(pinned.items())},
        **{digest: f"deployed by {_stacks(names)}" for digest, names in sorted(deployed.items())},
    }


def matching(images: Iterable[Image], protect_patterns: Sequence[str]) -> dict[str, str]:
    """Digest -> reason for the images of which any tag matches any of the patterns."""
    return {
        image.digest: f"protected by the pattern {found}"
        for image in images
        if (found := _pattern(image, protect_patterns)) is not None
    }


def spread(direct: Mapping[str, str], images: Iterable[Image]) -> dict[str, str]:
    """The same reasons, and those of all that a protected image can't do without, or that is of use with it alone.

    That is what its indexes list, the indexes that keep it, what refers to it (signatures, SBOMs), and the image that
    it refers to itself. What else an index lists that keeps it is that index's own affair.

    Args:
        direct: digest -> why it has to stay; digests that are not among the images don't matter.
        images: all of the repository, with the children of indexes.
    """
    known = tuple(images)
    below, above = {image.digest: image.children for image in known if image.children}, _indexes(known)
    subjects = {image.digest: (subject,) for image in known if (subject := subject_of(image)) is not None}
    referring = _turned(subjects)
    parts = _reached("part of", direct, below)
    needed = {**parts, **direct}
    found = {
        **_reached("a referrer of", needed, _joined(referring, below)),
        **_reached("the subject of", direct, subjects),
        **_reached("the index of", direct, above),
        **needed,
    }
    present = {image.digest for image in known}
    return {digest: reason for digest, reason in found.items() if digest in present}


def subject_of(image: Image) -> str | None:
    """The digest of the image that this one belongs to, as its manifest or a tag of it says; None for none."""
    if image.subject is not None:
        return image.subject
    for tag in image.tags:
        if (found := _OF_ANOTHER.fullmatch(tag)) is not None:
            return f"sha256:{found['hexadecimal']}"
    return None


def _pattern(image: Image, protect_patterns: Sequence[str]) -> str | None:
    return next((pattern for pattern in protect_patterns for tag in image.tags if patterns.matches(pattern, tag)), None)


def _stacks(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return f"stack{'' if len(ordered) == 1 else 's'} {', '.join(ordered)}"


def _indexes(images: Iterable[Image]) -> Relation:
    return _turned({image.digest: image.children for image in images})


def _turned(relation: Relation) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {}
    for one, others in relation.items():
        for other in others:
            turned.setdefault(other, []).append(one)
    return turned


def _joined(one: Relation, other: Relation) -> Relation:
    return {digest: (*one.get(digest, ()), *other.get(digest, ())) for digest in (*one, *other)}


def _reached(relation: str, starts: Mapping[str, str], onwards: Relation) -> dict[str, str]:
    """Digest -> reason for all that is reached from the first ones; each is visited once."""
    return {
        digest: f"{relation} {short_digest(start)}, {starts[start]}"
        for start, digest in _reaching(starts, onwards)
        if digest != start
    }


def _reaching(starts: Iterable[str], onwards: Relation) -> Iterator[tuple[str, str]]:
    found: set[str] = set()
    for start in starts:
        waiting = [start]
        while waiting:
            for digest in onwards.get(waiting.pop(), ()):
                if digest not in found:
                    found.add(digest)
                    waiting.append(digest)
                    yield start, digest
