"""Small random policies and repositories that overlap as much as they can: few tags, few days, many ties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from tests.unit.ecr.lifecycle.making import NOW, digest

Pair = tuple[LifecyclePolicy, list[Image]]
MAX_RULES = 6
TAGS = ("a", "a1", "a1b", "ab", "b", "b1", "ba", "c", "v1", "v10", "v1-a")
PATTERNS = ("*", "a", "a*", "*a", "a*b", "*a*", "a*1*b", "b*", "*b", "*b*", "*1", "*1*", "v1", "v*", "v1*", "*-*a*")
PREFIXES = ("a", "a1", "b", "v", "v1", "c", "*")
STATUSES = (ImageStatus.ACTIVE,) * 7 + (ImageStatus.ARCHIVED,) * 3 + (ImageStatus.ACTIVATING,)
ACTIONS = (Action.EXPIRE, Action.ARCHIVE)
DAYS, DAYS_OF_ARCHIVE = (1, 2, 3, 5), (90, 91, 95)
NAMES = tuple(f"{letter}{number}" for letter in "dab" for number in (9, 10, 1, 2))
ZONES = (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8)))


def _moments(limits: tuple[int, ...]) -> tuple[datetime, ...]:
    """Each limit and a second on each side of it, by three clocks."""
    ages = [timedelta(days=limit, seconds=seconds) for limit in limits for seconds in (-1, 0, 0, 1)]
    return tuple((NOW - age).astimezone(zone) for age in ages for zone in ZONES)


MOMENTS = _moments((*DAYS, 5, 8))
MOMENTS_OF_ARCHIVE = _moments((1, *DAYS_OF_ARCHIVE, 100))
KINDS = (
    (CountType.IMAGES, StorageClass.STANDARD),
    (CountType.IMAGES, StorageClass.STANDARD),
    (CountType.DAYS_SINCE_PUSH, StorageClass.STANDARD),
    (CountType.DAYS_SINCE_PULL, StorageClass.STANDARD),
    (CountType.DAYS_SINCE_ARCHIVING, StorageClass.ARCHIVE),
)


def pairs(seed: int, count: int) -> Iterator[Pair]:
    """Each two policies meet each two repositories, as it takes longer to make a pair than to evaluate it."""
    random = Random(seed)  # noqa: S311  # the same pairs in each run, no secret
    for _ in range(count // 4):
        policies = [policy(random) for _ in range(2)]
        repositories = [images(random) for _ in range(2)]
        yield from ((one, repository) for one in policies for repository in repositories)


def policy(random: Random, most: int = MAX_RULES) -> LifecyclePolicy:
    """A policy that ECR accepts, its rules in any order."""
    tagged = [_tagged_rule(random) for _ in range(random.randint(0, most))]
    untagged = [_rule(random, TagStatus.UNTAGGED) for _ in range(random.randint(0, 2))]
    rules = _without_twins(tagged[: most - len(untagged)] + untagged)
    random.shuffle(rules)
    last = _without_twins([_rule(random, TagStatus.ANY) for _ in range(random.randint(0, 2))])
    rules = [*rules, *last][-most:] or [_rule(random, TagStatus.ANY)]
    priorities = sorted(random.sample(range(1, 2 * most + 1), len(rules)))  # with gaps, of one and of two digits
    given = [replace(rule, priority=priority) for rule, priority in zip(rules, priorities, strict=True)]
    random.shuffle(given)
    return LifecyclePolicy(tuple(given))


def _tagged_rule(random: Random) -> PolicyRule:
    if random.random() < 0.7:
        return _rule(
            random, TagStatus.TAGGED, patterns=tuple(random.sample(PATTERNS, random.choice((1, 1, 1, 2, 2, 3))))
        )
    return _rule(random, TagStatus.TAGGED, prefixes=tuple(random.sample(PREFIXES, random.choice((1, 1, 2)))))


def _rule(
    random: Random, status: TagStatus, *, patterns: tuple[str, ...] = (), prefixes: tuple[str, ...] = ()
) -> PolicyRule:
    count_type, storage_class = random.choice(KINDS)
    action = random.choice(ACTIONS)
    if count_type is CountType.DAYS_SINCE_PULL:
        action = Action.ARCHIVE
    if storage_class is StorageClass.ARCHIVE:
        action = Action.EXPIRE
    return PolicyRule(
        priority=1,
        tag_status=status,
        tag_patterns=patterns,
        tag_prefixes=prefixes,
        storage_class=storage_class,
        count_type=count_type,
        count=random.choice(DAYS_OF_ARCHIVE if storage_class is StorageClass.ARCHIVE else DAYS),
        action=action,
    )


def _without_twins(rules: list[PolicyRule]) -> list[PolicyRule]:
    """ECR refuses a set of prefixes twice, and a second untagged or any rule, in one storage class."""
    seen: dict[object, PolicyRule] = {}
    for rule in rules:
        tags = frozenset(rule.tag_prefixes) or rule.tag_patterns
        seen.setdefault((rule.storage_class, rule.tag_status, tags), rule)
    return list(seen.values())


def images(random: Random, pool: tuple[str, ...] = NAMES) -> list[Image]:
    most = len(pool)
    names = random.sample(pool, random.randint(0, random.choice((most // 2, most, most))))
    return [_image(random, name, names) for name in names]


def _image(random: Random, name: str, names: list[str]) -> Image:
    status = random.choice(STATUSES)
    kin = random.random()
    return Image(
        digest=digest(name),
        tags=tuple(random.sample(TAGS, random.choice((0, 0, 1, 1, 2, 3)))),
        pushed_at=random.choice(MOMENTS),
        size=random.choice((0, 1, 1000)),
        status=status,
        pulled_at=random.choice(MOMENTS) if random.random() < 0.3 else None,
        archived_at=random.choice(MOMENTS_OF_ARCHIVE) if status is not ImageStatus.ACTIVE else None,
        activated_at=random.choice(MOMENTS) if random.random() < 0.2 else None,
        subject=digest(random.choice([*names, "gone"])) if kin < 0.3 else None,
        children=_some(random, [other for other in [*names, "gone"] if other != name]) if kin > 0.8 else (),
    )


def with_other_tags(random: Random, rules: LifecyclePolicy, repository: list[Image]) -> Pair:
    """The same with patterns and tags of any form, of three characters only, so that parts of them repeat."""
    changed = [_with_other_patterns(random, rule) for rule in rules.rules]
    tagged = [
        replace(image, tags=tuple(sorted({_word(random, 1, 8) for _ in range(random.randint(0, 4))})))
        for image in repository
    ]
    return LifecyclePolicy(tuple(changed)), tagged


def _with_other_patterns(random: Random, rule: PolicyRule) -> PolicyRule:
    patterns = {"*".join(_word(random, 0, 3) for _ in range(random.randint(1, 5))) or "*" for _ in rule.tag_patterns}
    prefixes = {_word(random, 1, 3) for _ in rule.tag_prefixes}
    return replace(rule, tag_patterns=tuple(sorted(patterns)), tag_prefixes=tuple(sorted(prefixes)))


def _word(random: Random, least: int, most: int) -> str:
    return "".join(random.choices("ab-", k=random.randint(least, most)))


def _some(random: Random, names: list[str]) -> tuple[str, ...]:
    return tuple(digest(name) for name in random.sample(names, random.randint(0, min(3, len(names)))))
