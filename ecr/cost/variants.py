"""Policies that a repository might have, and what each would leave of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ecr.cost import layers
from ecr.cost.layers import Contents, StoredBytes
from ecr.cost.prices import Prices
from ecr.lifecycle.evaluation import Evaluation, evaluate
from ecr.lifecycle.forecast import applied
from ecr.lifecycle.guard import Violation
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule, TagStatus

OWN, NONE = "own", "none"
_KEEP_LATEST = 10
_UNTAGGED_DAYS, _KEEP_MORE = 1, 30


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all variants are judged by.

    Attributes:
        images: all images of the repository, with what indexes list.
        contents: digest -> what it is made of.
        prices: of its Region.
        protected: digest -> why it is protected, in words that follow "it is": all that has to stay.
        now: the time, with its zone.
    """

    images: Sequence[Image]
    contents: Mapping[str, Contents]
    prices: Prices
    protected: Mapping[str, str]
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A policy, and what it would leave of a repository if it were applied now.

    Attributes:
        name: `own`, `keep-10`, ...; `none` in place of `own` where there is no policy.
        rules: what it says, in words.
        deleted: the images that it would delete, the oldest first.
        archived: the images that it would move to the archive, the oldest first.
        stored: what would stay, each blob once.
        monthly_usd: what that costs, not rounded.
        violations: the protected images that would go, and why they are protected; a line each.
    """

    name: str
    rules: str
    deleted: tuple[Image, ...]
    archived: tuple[Image, ...]
    stored: StoredBytes
    monthly_usd: Decimal
    violations: tuple[str, ...]


def compare(own: LifecyclePolicy | None, around: Surroundings) -> tuple[Variant, ...]:
    """The repository's own policy, and two others that are common: three in all."""
    return tuple(_variant(name, policy, around) for name, policy in _policies(own))


def cheapest(variants: Sequence[Variant]) -> str:
    """The name of the cheapest variant that leaves all protected images alone; empty when none does.

    Of two that cost the same, the first one: the repository's own.
    """
    harmless = [variant for variant in variants if not variant.violations]
    return min(harmless, key=lambda variant: variant.monthly_usd).name if harmless else ""


def _policies(own: LifecyclePolicy | None) -> Iterator[tuple[str, LifecyclePolicy]]:
    yield (NONE, LifecyclePolicy(())) if own is None or not own.rules else (OWN, own)
    yield f"keep-{_KEEP_LATEST}", LifecyclePolicy((_keep(1, _KEEP_LATEST),))
    untagged = PolicyRule(
        priority=1,
        tag_status=TagStatus.UNTAGGED,
        count_type=CountType.DAYS_SINCE_PUSH,
        count=_UNTAGGED_DAYS,
        description=f"expire untagged images {_UNTAGGED_DAYS} day after the push",
    )
    yield f"untagged-{_UNTAGGED_DAYS}-keep-{_KEEP_MORE}", LifecyclePolicy((untagged, _keep(2, _KEEP_MORE)))


def _keep(priority: int, count: int) -> PolicyRule:
    return PolicyRule(
        priority=priority,
        tag_status=TagStatus.ANY,
        count_type=CountType.IMAGES,
        count=count,
        description=f"keep the latest {count} images",
    )


def _variant(name: str, policy: LifecyclePolicy, around: Surroundings) -> Variant:
    evaluation = evaluate(policy, around.images, around.now)
    stored = layers.distinct(applied(evaluation, around.now), around.contents)
    return Variant(
        name=name,
        rules=", ".join(rule.description or rule.name for rule in policy.rules) or "nothing expires",
        deleted=tuple(acted.image for acted in evaluation.expired),
        archived=tuple(acted.image for acted in evaluation.archived),
        stored=stored,
        monthly_usd=around.prices.storage_usd(stored.standard, stored.archived),
        violations=tuple(map(str, _violations(evaluation, around.protected))),
    )


def _violations(evaluation: Evaluation, protected: Mapping[str, str]) -> Iterator[Violation]:
    for acted in evaluation.actions:
        if acted.image.digest in protected:
            yield Violation(acted.image, acted.outcome, acted.rule, protected[acted.image.digest])
