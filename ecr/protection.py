"""Which images of a repository have to stay, and why. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecr.lifecycle import patterns
from ecr.lifecycle.images import Image
from ecr.stack_name import short
from ecr.tables import short_digest

# How what belongs to an image is tagged where no list of referrers is kept: OCI distribution specification, "Referrers
# Tag Schema"; cosign's signatures, attestations and SBOMs (github.com/sigstore/cosign, specs/SIGNATURE_SPEC.md).
_OF_ANOTHER = re.compile(r"sha256-(?P<hexadecimal>[0-9a-f]{64})(?:\.[a-z]+)?")


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


@dataclass(frozen=True)
class _Relation:
    """How images hang on others: `words` follow "it is", and one's digest follows them."""

    words: str
    others: Mapping[str, Sequence[str]]

    def reason(self, one: str, reason: str) -> str:
        # What hangs on it through others of the same kind needs to be told once only.
        return reason if reason.startswith(f"{self.words} ") else f"{self.words} {short_digest(one)}, {reason}"


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


def of_others(stack: str | None, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of all stacks but one, which is about to be destroyed and needs none of its images; None for none.

    What is deployed is its own by the very name that Pulumi lists it by: another organization may have a stack called
    the same. A file goes with all of these, so what it pins is the stack's own while there is only one.
    """
    everybody = tuple(claims)
    if stack is None:
        return everybody
    alike = [claim for claim in everybody if short(claim.stack) == short(stack)]
    own = [claim for claim in alike if claim.stack == stack or claim.deployed is None]
    if own != alike:
        own = [claim for claim in own if claim.deployed is not None]
    return tuple(claim for claim in everybody if claim not in own)


def matching(images: Iterable[Image], protect_patterns: Sequence[str]) -> dict[str, str]:
    """Digest -> reason for the images of which any tag matches any of the patterns."""
    return {
        image.digest: f"protected by the pattern {found}"
        for image in images
        if (found := _pattern(image, protect_patterns)) is not None
    }


def spread(direct: Mapping[str, str], images: Iterable[Image]) -> dict[str, str]:
    """The same reasons, and those of all that a protected image can't do without, or that is of use with it alone.

    That is what its indexes list, the indexes that keep it, what refers to all of these (signatures, SBOMs), and the
    image that it refers to itself. What else an index lists that keeps it is that index's own affair.

    Args:
        direct: digest -> why it has to stay; digests that are not among the images don't matter.
        images: all of the repository, with the children of indexes.
    """
    known = {image.digest: image for image in images}
    listed = _Relation("part of", {digest: image.children for digest, image in known.items() if image.children})
    owned = {digest: (subject,) for digest, image in known.items() if (subject := subject_of(image)) is not None}
    subjects, referrers = _Relation("the subject of", owned), _Relation("a referrer of", _turned(owned))
    found, starts = dict(direct), sorted(direct)
    _follow(found, starts, (listed, referrers, subjects))
    indexes = _follow(found, starts, (_Relation("the index of", _turned(listed.others)),))
    _follow(found, _follow(found, indexes, (referrers,)), (listed, referrers))
    return {digest: reason for digest, reason in found.items() if digest in known}


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


def _turned(others: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {}
    for one in sorted(others):
        for other in others[one]:
            turned.setdefault(other, []).append(one)
    return turned


def _follow(found: dict[str, str], starts: Iterable[str], relations: Sequence[_Relation]) -> list[str]:
    """Adds to `found` all that is reached from the first ones, each once; what was added, the nearest first."""
    added: list[str] = []
    waiting = deque(starts)
    while waiting:
        one = waiting.popleft()
        for relation in relations:
            for digest in relation.others.get(one, ()):
                if digest not in found:
                    found[digest] = relation.reason(one, found[one])
                    added.append(digest)
                    waiting.append(digest)
    return added
