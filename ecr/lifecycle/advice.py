"""What ECR accepts in a lifecycle policy, and nobody can have meant.

Source for what rules do: ECR user guide, "Lifecycle policy evaluation rules".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from ecr.lifecycle import patterns
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.rules import images_of, is_shield

_EVERY_TAG = patterns.WILDCARD
_GOES = {Action.EXPIRE: "expire", Action.ARCHIVE: "archive"}


@dataclass(frozen=True)
class Advice:
    """Something to think about, with why and what to write instead. Rules are named in it by their priority.

    Attributes:
        index: the place of the rule in the policy.
        text: what follows the name of the rule in a message.
    """

    index: int
    text: str


def advice(
    policy: LifecyclePolicy,
    *,
    tags_in_use: Collection[str] | None = None,
    deployed_tags: Collection[str] | None = None,
) -> tuple[Advice, ...]:
    """What is doubtful in a policy that ECR accepts, rule by rule.

    Args:
        policy: the policy.
        tags_in_use: the tags of all images in the repository; None or none at all when they are not known.
        deployed_tags: the tags of the image that is deployed, none for an untagged one; None when it is not known.
    """
    tags = tuple(tags_in_use or ())
    deployed = None if deployed_tags is None else _first_match(policy, deployed_tags)
    found = []
    for index, rule in enumerate(policy.rules):
        higher = [other for other in policy.rules[:index] if other.storage_class is rule.storage_class]
        # A pattern is looked for once: a protection stands in both storage classes.
        asked = {pattern for other in policy.rules[:index] for pattern in other.wanted}
        unused = _tags_that_nobody_uses(rule, tags, asked)
        texts = (*_by_itself(rule), *_after(rule, higher), *unused)
        found += [Advice(index, text) for text in texts]
        if rule is deployed and deployed_tags is not None:
            found += [Advice(index, text) for text in _loss_of_the_deployed(rule, deployed_tags)]
    return tuple(found)


def lines(
    policy: LifecyclePolicy,
    *,
    tags_in_use: Collection[str] | None = None,
    deployed_tags: Collection[str] | None = None,
) -> tuple[str, ...]:
    """`advice` for people: each begins with the rule that it is about, by its priority."""
    found = advice(policy, tags_in_use=tags_in_use, deployed_tags=deployed_tags)
    return tuple(f"{policy.rules[each.index].name} {each.text}" for each in found)


# ---------------------------------------------------------------------------------------------------------------------
# A rule by itself
# ---------------------------------------------------------------------------------------------------------------------


def _by_itself(rule: PolicyRule) -> Iterator[str]:
    if _is_literal(rule):
        prefix = next(prefix for prefix in rule.tag_prefixes if patterns.WILDCARD in prefix)
        yield (
            f"has the tag prefix {prefix}, in which the * stands for itself, so that the rule matches no image; "
            "take the * away, or make it a tag pattern"
        )
        return
    apart = (pair for pair in combinations(rule.wanted, 2) if not patterns.can_meet(*pair))
    for one, other in islice(apart, 1):  # more pairs would say no more
        yield (
            f"wants a tag like {one} and a tag like {other}, and no tag is both, so that only images with a tag of "
            "each kind match: ECR takes the list as an AND; for an OR, write a rule for each"
        )


def _is_literal(rule: PolicyRule) -> bool:
    """Whether a prefix holds a `*`, which stands for itself there, and which no tag has: the rule matches nothing."""
    return any(patterns.WILDCARD in prefix for prefix in rule.tag_prefixes)


def _tags_that_nobody_uses(rule: PolicyRule, tags: Sequence[str], asked: Collection[str]) -> Iterator[str]:
    if not tags or _is_literal(rule) or is_shield(rule):  # what is protected may be still to come
        return
    for pattern in rule.wanted:
        if pattern not in asked and not any(patterns.matches(pattern, tag) for tag in tags):
            yield (
                f"wants a tag like {pattern}, and none of the {len(tags)} tags in use is, so that it matches no image "
                "so far; check how it is spelt, or take the rule out"
            )


# ---------------------------------------------------------------------------------------------------------------------
# A rule after others, of the same storage class
# ---------------------------------------------------------------------------------------------------------------------


def _after(rule: PolicyRule, higher: Sequence[PolicyRule]) -> Iterator[str]:
    if _is_literal(rule):
        return
    earlier = [other for other in higher if not _is_literal(other)]
    touching = [other for other in earlier if not is_shield(other) and _share_tags(rule, other)]
    if is_shield(rule) and touching:
        yield (
            f"protects {images_of(rule)} from the rules that follow it only, and {_names(touching[:1])} goes first and "
            f"may {_GOES[touching[0].action]} some of them; put the protection before it"
        )
    elif covering := _covering(rule, earlier):
        yield (
            f"can never act: {_names(covering)} {'go' if len(covering) > 1 else 'goes'} first and "
            f"{'match' if len(covering) > 1 else 'matches'} all {images_of(rule)} too, and what one rule matches no "
            "later rule touches, even when it stays; put this rule before, or take it out"
        )


def _covering(rule: PolicyRule, higher: Sequence[PolicyRule]) -> tuple[PolicyRule, ...]:
    """A higher rule that matches whatever this one does, or the two that do so together; none when there are no such.

    Two can cover a third when one is for untagged images and the other for all tags.
    """
    for other in higher:
        if _covers(other, rule):
            return (other,)
    if rule.tag_status is not TagStatus.ANY:
        return ()
    every_tag = [other for other in higher if _cover_tags(other, (_EVERY_TAG,))]
    untagged = [other for other in higher if other.tag_status is TagStatus.UNTAGGED]
    return (untagged[0], every_tag[0]) if untagged and every_tag else ()


def _covers(higher: PolicyRule, rule: PolicyRule) -> bool:
    if higher.tag_status is TagStatus.ANY:
        return True
    if higher.tag_status is TagStatus.UNTAGGED or rule.tag_status is not TagStatus.TAGGED:
        return higher.tag_status is rule.tag_status
    return _cover_tags(higher, rule.wanted)


def _cover_tags(higher: PolicyRule, wanted: Sequence[str]) -> bool:
    """Whether tags that meet `wanted` always meet what a rule for tagged images wants.

    An image may have no other tags than one for each of the wanted patterns, so each of the rule's must cover one.
    """
    return higher.tag_status is TagStatus.TAGGED and all(
        any(patterns.covers(pattern, one) for one in wanted) for pattern in higher.wanted
    )


def _share_tags(shield: PolicyRule, other: PolicyRule) -> bool:
    """Whether one tag can bring an image to both rules. That two tags can is no sign of a mistake."""
    if other.tag_status is TagStatus.TAGGED and shield.tag_status is TagStatus.TAGGED:
        return all(patterns.can_meet(one, two) for one in shield.wanted for two in other.wanted)
    return TagStatus.ANY in (shield.tag_status, other.tag_status) or shield.tag_status is other.tag_status


def _names(named: Sequence[PolicyRule]) -> str:
    rules = " and ".join(f"{rule.priority} ({images_of(rule)})" for rule in named)
    return f"rule{'s' if len(named) > 1 else ''} {rules}"


# ---------------------------------------------------------------------------------------------------------------------
# The image that is deployed
# ---------------------------------------------------------------------------------------------------------------------


def _first_match(policy: LifecyclePolicy, tags: Collection[str]) -> PolicyRule | None:
    """The rule that decides about an image with these tags: all later ones leave it alone."""
    return next((rule for rule in policy.rules if _matches(rule, tags)), None)


def _matches(rule: PolicyRule, tags: Collection[str]) -> bool:
    # An archived image can't be pulled, so the deployed one is not there.
    if rule.storage_class is not StorageClass.STANDARD or _is_literal(rule):
        return False
    if rule.tag_status is not TagStatus.TAGGED:
        return rule.tag_status is TagStatus.ANY or not tags
    return all(any(patterns.matches(pattern, tag) for tag in tags) for pattern in rule.wanted)


def _loss_of_the_deployed(rule: PolicyRule, tags: Collection[str]) -> Iterator[str]:
    if rule.count_type is CountType.IMAGES or is_shield(rule):
        return
    tagged = f"tagged {', '.join(sorted(tags))}" if tags else "untagged"
    since, why = {
        CountType.DAYS_SINCE_PULL: ("the last pull", "a container that runs pulls nothing"),
    }.get(rule.count_type, ("the push", "an image that runs grows old as well"))
    yield (
        f"may {_GOES[rule.action]} the image that is deployed ({tagged}) {rule.count} days after {since}, as {why}; "
        "protect its tags by a rule before this one, or keep the latest images by their number"
    )
