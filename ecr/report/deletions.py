"""What a lifecycle policy will do next, and when. Pure.

Three moments are told apart: what is due now goes within a day (ECR user guide, "Lifecycle policies": "affected images
are expired within 24 hours"); what only gets too old goes on a day that is known; and what is one too many after the
next push goes with that. The pushes and pulls of the time until then are not foreseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from ecr.lifecycle.ages import last_used
from ecr.lifecycle.evaluation import Acted, Evaluation, Outcome, evaluate
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule

HORIZON_DAYS = 30
NOW, WITH_NEXT_PUSH = "within a day", "with the next push"

_PUSHED = f"sha256:{'0' * 64}"  # the image of the next push; no image has this digest
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """An image that a rule will expire or archive.

    Attributes:
        image: the image.
        outcome: what happens to it.
        rule: the rule that does it.
        on: the day on which it gets due, in UTC; None for what is due now, or goes with the next push.
        with_next_push: whether it goes once another image is pushed.
    """

    image: Image
    outcome: Outcome
    rule: PolicyRule
    on: date | None = None
    with_next_push: bool = False

    @property
    def is_due(self) -> bool:
        """Whether it goes within a day."""
        return self.on is None and not self.with_next_push

    @property
    def when(self) -> str:
        """`within a day`, `from 2026-11-29` or `with the next push`."""
        if self.with_next_push:
            return WITH_NEXT_PUSH
        return NOW if self.on is None else f"from {self.on.isoformat()}"


def following(policy: LifecyclePolicy, images: Sequence[Image], now: datetime) -> tuple[Deletion, ...]:
    """The images that go, those that are due first; of one day, the oldest first.

    Args:
        policy: the policy.
        images: all images of the repository, with what indexes list.
        now: the moment, with its zone.
    """
    if not policy.rules or not images:
        return ()
    found = {each.image.digest: _deletion(each) for each in evaluate(policy, images, now).actions}
    later = _new(evaluate(policy, images, now + HORIZON_DAYS * _DAY), found)
    found |= {each.image.digest: replace(_deletion(each), on=_due(each, now)) for each in later}
    pushed = [*images, _like_the_latest(images, now)]
    with_push = [
        replace(_deletion(each), with_next_push=True)
        for each in _new(evaluate(policy, pushed, now), found)
        if each.image.digest != _PUSHED
    ]
    dated = sorted(found.values(), key=lambda deletion: (deletion.on or date.min, deletion.image.pushed_at))
    at_once = [deletion for deletion in dated if deletion.on is None]
    return (*at_once, *with_push, *dated[len(at_once) :])


def _deletion(acted: Acted) -> Deletion:
    return Deletion(image=acted.image, outcome=acted.outcome, rule=acted.rule)


def _new(evaluation: Evaluation, found: dict[str, Deletion]) -> list[Acted]:
    return [each for each in evaluation.actions if each.image.digest not in found]


def _due(acted: Acted, now: datetime) -> date:
    """The day on which an image gets older than its rule allows.

    Time alone changes nothing about rules that count images, nor about which rule matches an image first. What goes
    with another image (a referrer, what an index held) may be due by itself already: that it goes later is all that is
    known then, and the last day that was looked at is named.
    """
    image, rule = acted
    beginnings = {
        CountType.DAYS_SINCE_PUSH: image.pushed_at,
        CountType.DAYS_SINCE_PULL: last_used(image),
        CountType.DAYS_SINCE_ARCHIVING: image.archived_at,
    }
    beginning = beginnings.get(rule.count_type)
    due = now if beginning is None else beginning + rule.count * _DAY
    return (due if due > now else now + HORIZON_DAYS * _DAY).astimezone(UTC).date()


def _like_the_latest(images: Sequence[Image], now: datetime) -> Image:
    """The next push, taken to be like the last one: rules look at tags, and nobody knows the next ones.

    Referrers, and what an index lists, are pushed on behalf of others.
    """
    listed = {child for image in images for child in image.children}
    alone = [image for image in images if image.subject is None and image.digest not in listed]
    latest = max(alone or images, key=lambda image: (image.pushed_at, image.digest))
    return replace(
        latest,
        digest=_PUSHED,
        pushed_at=max(now, latest.pushed_at),
        status=ImageStatus.ACTIVE,
        pulled_at=None,
        archived_at=None,
        activated_at=None,
        subject=None,
        children=(),
    )
