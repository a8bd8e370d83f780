"""What a lifecycle policy would do to the images of a repository, and whether any of these is protected. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ecr import protection
from ecr.errors import printable
from ecr.lifecycle.evaluation import Acted, Evaluation, Outcome
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import PolicyRule
from ecr.tables import short_digest

MAX_SHOWN = 10
_TO_COME = f"sha256:{'0' * 64}"  # of an image that is still to be built; no image has this digest
_MAX_TAGS = 3
_MAX_DESCRIPTION = 80


@dataclass(frozen=True)
class Violation:
    """A protected image that a rule would expire, or archive: what is in the archive can't be pulled.

    Attributes:
        image: the image.
        outcome: what would happen to it.
        rule: the rule that would do it.
        reason: why the image is protected.
    """

    image: Image
    outcome: Outcome
    rule: PolicyRule
    reason: str

    def __str__(self) -> str:
        return f"{_deed(self.image, self.outcome, self.rule)}, but it is {self.reason}"


@dataclass(frozen=True)
class GuardVerdict:
    """What would go, the oldest first, and which of it is protected."""

    acted: tuple[Acted, ...]
    violations: tuple[Violation, ...]
    kept: int

    def lines(self, repository: str) -> list[str]:
        """For people: a summary, and the images, protected ones first, 10 of them at most; nothing when none goes."""
        if not self.acted:
            return []
        protected = {violation.image.digest for violation in self.violations}
        others = (
            _deed(each.image, each.outcome, each.rule) for each in self.acted if each.image.digest not in protected
        )
        described = [*map(str, self.violations), *others]
        rest = len(described) - MAX_SHOWN
        return [
            f"repository {repository}: within a day, the lifecycle policy would {self._summary()}:",
            # Tags and descriptions are other people's text.
            *(f"  {printable(line)}" for line in described[:MAX_SHOWN]),
            *([f"  and {rest} more"] if rest > 0 else []),
        ]

    def _summary(self) -> str:
        counts = {outcome: sum(each.outcome is outcome for each in self.acted) for outcome in Outcome}
        deeds = [f"{outcome} {count}" for outcome, count in counts.items() if count]
        return f"{' and '.join(deeds)} of {len(self.acted) + self.kept} images"


NOTHING = GuardVerdict((), (), 0)


@dataclass(frozen=True)
class Arrival:
    """An image that the deployment is about to push or copy.

    Attributes:
        tag: its tag, which it takes from the image that has it.
        digest: `sha256:...`; None while it is not known, as before a build.
    """

    tag: str
    digest: str | None = None


def expected(images: Sequence[Image], arrival: Arrival, now: datetime) -> tuple[Image, ...]:
    """The images once another has arrived: it is the youngest, and the one that had its tag has that no more."""
    others = [
        replace(image, tags=tuple(tag for tag in image.tags if tag != arrival.tag))
        if arrival.tag in image.tags
        else image
        for image in images
    ]
    held = [at for at, image in enumerate(images) if image.digest == arrival.digest]
    for at in held:
        others[at] = replace(others[at], tags=(*others[at].tags, arrival.tag))
    if held:
        return tuple(others)
    pushed_at = max((now, *(image.pushed_at for image in images)))
    return (*others, Image(digest=arrival.digest or _TO_COME, tags=(arrival.tag,), pushed_at=pushed_at))


def judge(evaluation: Evaluation, protected: Mapping[str, str], protect_patterns: Sequence[str] = ()) -> GuardVerdict:
    """Find the protected images among those that go.

    Args:
        evaluation: of the policy, with the children of indexes.
        protected: digest -> why it is protected, in words that follow "it is".
        protect_patterns: tag patterns; an image is protected when any of its tags matches any of them.
    """
    if not evaluation.actions:
        return GuardVerdict((), (), evaluation.kept)
    direct = {**protection.matching(evaluation.images, protect_patterns), **protected}
    reasons = protection.spread(direct, evaluation.images)
    violations = tuple(
        Violation(each.image, each.outcome, each.rule, reasons[each.image.digest])
        for each in evaluation.actions
        if each.image.digest in reasons
    )
    return GuardVerdict(evaluation.actions, violations, evaluation.kept)


def _deed(image: Image, outcome: Outcome, rule: PolicyRule) -> str:
    return f"{outcome} {_name(image)} by {_named(rule)}"


def _name(image: Image) -> str:
    """Tags and digest: `v1, latest (sha256:0123456789ab)`."""
    if not image.tags:
        return f"untagged {short_digest(image.digest)}"
    more = [f"{len(image.tags) - _MAX_TAGS} more"] if len(image.tags) > _MAX_TAGS else []
    return f"{', '.join([*image.tags[:_MAX_TAGS], *more])} ({short_digest(image.digest)})"


def _named(rule: PolicyRule) -> str:
    """A rule's name; its description may be of any length."""
    text = rule.description
    return replace(
        rule, description=text if len(text) <= _MAX_DESCRIPTION else f"{text[: _MAX_DESCRIPTION - 3]}..."
    ).name
