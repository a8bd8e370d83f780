"""Why a lifecycle policy does to an image what it does, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ecr import tables
from ecr.lifecycle import ages, image_sets
from ecr.lifecycle.evaluation import Evaluation, Marks, Outcome, outcome_of
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, PolicyRule, TagStatus
from ecr.lifecycle.rules import is_shield
from ecr.lifecycle.selection import storage_class

_DAY = timedelta(days=1)
_GOING = {Action.EXPIRE: "expires", Action.ARCHIVE: "goes to the archive"}
_SINCE = {
    CountType.DAYS_SINCE_PUSH: "pushed",
    CountType.DAYS_SINCE_PULL: "last pulled, restored or pushed",
    CountType.DAYS_SINCE_ARCHIVING: "archived",
}


@dataclass(frozen=True)
class Verdict:
    """What happens to one image.

    Attributes:
        image: the image.
        outcome: whether it stays, expires or is archived.
        rule: the rule that expires or archives it; None when it stays.
        reason: why, in one line.
    """

    image: Image
    outcome: Outcome
    rule: PolicyRule | None
    reason: str


def verdict(evaluation: Evaluation, digest: str) -> Verdict:
    """What happens to the image of this digest.

    Raises:
        KeyError: there is no such image.
    """
    number = _number(evaluation, digest)
    image, rule = evaluation.images[number], evaluation.acting.get(number)
    outcome = Outcome.KEEP if rule is None else outcome_of(rule)
    return Verdict(image, outcome, rule, _reason(evaluation, number))


def explain(evaluation: Evaluation, digest: str) -> tuple[str, ...]:
    """The verdict with its grounds: the image, what each rule says of it, and the result.

    Raises:
        KeyError: there is no such image.
    """
    number = _number(evaluation, digest)
    image = evaluation.images[number]
    steps = [f"{marks.rule.name}: {_step(evaluation, marks, number)}" for marks in evaluation.marks]
    found = verdict(evaluation, digest)
    return (_description(image, evaluation.now), *steps, f"result: {found.outcome}: {found.reason}")


def _number(evaluation: Evaluation, digest: str) -> int:
    for number, image in enumerate(evaluation.images):
        if image.digest == digest:
            return number
    raise KeyError(digest)


def _description(image: Image, now: datetime) -> str:
    tags = f"tagged {', '.join(image.tags)}" if image.tags else "untagged"
    where = {
        ImageStatus.ACTIVE: "",
        ImageStatus.ARCHIVED: ", in the archive",
        ImageStatus.ACTIVATING: ", being restored",
    }
    return (
        f"{image.digest}, {tags}, pushed {_ago(image.pushed_at, now)}, {tables.size(image.size)}{where[image.status]}"
    )


def _reason(evaluation: Evaluation, number: int) -> str:
    image, relations = evaluation.images[number], evaluation.relations
    if number in relations.indexes:
        index = evaluation.images[relations.indexes[number]].digest
        return f"the index {index} lists it, and it stays as long as that does"
    if number in relations.subjects:
        subject = evaluation.images[relations.subjects[number]].digest
        goes = " and goes with it" if number in evaluation.acting else ", which stays"
        return f"it refers to {subject}{goes}"
    if image.status is ImageStatus.ACTIVATING:
        return "it is being restored from the archive, and until then no rule sees it"
    first = _first_match(evaluation, number)
    if first is None:
        return "no rule matches it"
    if number in evaluation.acting:
        return f"{first.rule.name} matches it, and {_measure(evaluation, first, number)}"
    shielded = [marks for marks in evaluation.marks if marks is not first and image_sets.has(marks.excess, number)]
    shields = f"; that shields it from {', '.join(_short(marks.rule) for marks in shielded)}" if shielded else ""
    return f"{first.rule.name} matches it, but {_measure(evaluation, first, number)}{shields}"


def _step(evaluation: Evaluation, marks: Marks, number: int) -> str:
    """What one rule says of an image."""
    image, rule = evaluation.images[number], marks.rule
    if storage_class(image) is not rule.storage_class:
        return f"does not see it: the rule is for images in {rule.storage_class} storage"
    if not image_sets.has(marks.matched, number):
        return f"does not match it: {_mismatch(image, rule)}"
    return f"matches it; {_measure(evaluation, marks, number)}{_consequence(evaluation, marks, number)}"


def _consequence(evaluation: Evaluation, marks: Marks, number: int) -> str:
    """What follows from where an image stands by what a rule counts."""
    first = _first_match(evaluation, number)
    if first is not marks and first is not None:
        return f", but {_short(first.rule)} has matched it before and shields it"
    if not image_sets.has(marks.excess, number):
        return ", so it stays"
    if number in evaluation.relations.indexes:
        return ", but an index lists it"
    if number in evaluation.relations.subjects:
        return ", but it goes only with the image that it refers to"
    return f", so it {_GOING[marks.rule.action]}"


def _mismatch(image: Image, rule: PolicyRule) -> str:
    if rule.tag_status is TagStatus.UNTAGGED:
        return "it has tags"
    if not image.tags:
        return "it has no tags"
    return (
        f"{rule.wanted[0]} matches none of its tags"
        if len(rule.wanted) == 1
        else (f"each of {' and '.join(rule.wanted)} would have to match one of its tags")
    )


def _measure(evaluation: Evaluation, marks: Marks, number: int) -> str:
    """Where an image stands by what a rule counts."""
    rule, image = marks.rule, evaluation.images[number]
    if is_shield(rule):
        return "the rule never acts, it protects"
    if rule.count_type is CountType.IMAGES:
        place = (marks.matched & image_sets.everything(number + 1)).bit_count()
        stays = "beyond" if image_sets.has(marks.excess, number) else "within"
        return (
            f"it is number {place} of {marks.matched.bit_count()}, the youngest first, {stays} the latest {rule.count}"
        )
    since = _ago(_time(image, rule.count_type), evaluation.now)
    more = "more" if image_sets.has(marks.excess, number) else "not more"
    return f"it was {_SINCE[rule.count_type]} {since}, {more} than {tables.plural(rule.count, 'day')}"


def _time(image: Image, count_type: CountType) -> datetime | None:
    if count_type is CountType.DAYS_SINCE_PUSH:
        return image.pushed_at
    return ages.last_used(image) if count_type is CountType.DAYS_SINCE_PULL else image.archived_at


def _ago(time: datetime | None, now: datetime) -> str:
    if time is None:
        return "at a time that is not known"
    return f"{max(now - time, timedelta()) / _DAY:.1f} days ago"


def _first_match(evaluation: Evaluation, number: int) -> Marks | None:
    """The rule of highest priority that matches an image, which decides about it."""
    return next((marks for marks in evaluation.marks if image_sets.has(marks.matched, number)), None)


def _short(rule: PolicyRule) -> str:
    return f"rule {rule.priority}"
