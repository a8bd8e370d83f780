"""What a lifecycle policy will do next, and when. Pure.

Three moments are told apart: what is due now goes within a day (ECR user guide, "Lifecycle policies": "affected images
are expired within 24 hours"); what only gets too old goes on a day that is known; and what is one too many after the
next push goes with that. The pushes and pulls of the time until then are not foreseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from ecr.lifecycle.ages import last_used
from ecr.lifecycle.evaluation import Acted, Evaluation, Outcome, evaluate
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule

HORIZON_DAYS = 30
NOW, WITH_NEXT_PUSH = "within a day", "with the next push"

_PUSHED = f"sha256:{'0' * 64}"  # the image of the next push; no image has this digest
_MAX_DAYS = 365_000  # what no image is as old as; longer spans leave the calendar
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
    for day in _due_days(policy, images, now):
        at = datetime.combine(day, datetime.min.time(), UTC) + _DAY  # at the end of that day
        for each in _new(evaluate(policy, images, max(at, now)), found):
            found[each.image.digest] = replace(_deletion(each), on=day)
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


def _due_days(policy: LifecyclePolicy, images: Iterable[Image], now: datetime) -> list[date]:
    """The days of the next month on which some image gets as old as some rule allows; each is looked at by itself."""
    aging = (rule for rule in policy.rules if rule.count_type is not CountType.IMAGES and rule.count <= _MAX_DAYS)
    ages = {(rule.count_type, rule.count) for rule in aging}
    begins = {(count_type, moment) for image in images for count_type, moment in _beginnings(image)}
    days: set[date] = set()
    for count_type, count in ages:
        first, last = now - count * _DAY, now + (HORIZON_DAYS - count) * _DAY
        days |= {
            (moment.astimezone(UTC) + count * _DAY).date()
            for beginning, moment in begins
            if beginning is count_type and first <= moment < last
        }
    return sorted(days)


def _beginnings(image: Image) -> Iterator[tuple[CountType, datetime]]:
    """From when on the age of an image is counted."""
    yield CountType.DAYS_SINCE_PUSH, image.pushed_at
    yield CountType.DAYS_SINCE_PULL, last_used(image)
    if image.archived_at is not None:
        yield CountType.DAYS_SINCE_ARCHIVING, image.archived_at


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
