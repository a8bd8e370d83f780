"""20,000 random pairs of a policy and a repository: the evaluation against the slow oracle, and what must always hold.

The pairs come from fixed seeds, so that a failure can be repeated: its message names the pair. The last test draws the
same pairs through hypothesis, which finds the smallest one that fails.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import LifecyclePolicy, PolicyRule
from tests.unit.ecr.lifecycle import generation
from tests.unit.ecr.lifecycle.evaluators import by_evaluate, by_oracle
from tests.unit.ecr.lifecycle.making import NOW
from tests.unit.ecr.lifecycle.oracle import Oracle, Verdicts

SEEDS, PAIRS_OF_A_SEED = 20, 1000


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_evaluation_is_that_of_the_oracle(seed: int) -> None:
    for number, (policy, images) in enumerate(generation.pairs(seed, PAIRS_OF_A_SEED)):
        acted = by_evaluate(policy, images, NOW)
        assert acted == by_oracle(policy, images, NOW), f"pair {number} of seed {seed}: {policy.rules}\n{images}"
        check_what_always_holds(policy, images, acted)


@pytest.mark.parametrize("seed", range(8))
def test_the_evaluation_of_many_images_by_many_rules_is_that_of_the_oracle(seed: int) -> None:
    """What is quick only for many images is right for them, too."""
    random = Random(seed)  # noqa: S311  # the same pairs in each run, no secret
    pool = tuple(f"{number:x}" for number in range(200))
    for _ in range(3):
        policy, images = generation.policy(random, most=30), generation.images(random, pool)
        acted = by_evaluate(policy, images, NOW)
        assert acted == by_oracle(policy, images, NOW)
        check_what_always_holds(policy, images, acted)


def test_the_evaluation_by_patterns_of_any_form_is_that_of_the_oracle() -> None:
    """Among many tags a pattern is looked up, among few each tag is looked at: both ways have to find the same."""
    random = Random(3)  # noqa: S311  # the same pairs in each run, no secret
    pool = tuple(f"{number:x}" for number in range(50))
    for _ in range(200):
        policy, images = generation.with_other_tags(random, generation.policy(random), generation.images(random, pool))
        assert by_evaluate(policy, images, NOW) == by_oracle(policy, images, NOW), f"{policy.rules}\n{images}"


def check_what_always_holds(policy: LifecyclePolicy, images: list[Image], acted: Verdicts) -> None:
    """No image is acted on twice: `by_evaluate` looks at that."""
    facts = Oracle(policy, images, NOW)
    here = {image.digest: image for image in images}
    assert set(acted) <= set(here)
    for image in images:
        subject = here.get(image.subject or "")
        if subject is not None:
            assert acted.get(image.digest) in (None, acted.get(subject.digest)), "a referrer went alone"
        elif image.digest in acted:
            highest = next(rule for rule in policy.rules if facts.selects(rule, image))
            assert acted[image.digest][1] == highest.priority, "a shielded image was acted on"
    for index in images:
        for child in (here[digest] for digest in index.children if digest in here):
            assert child.digest not in acted or not facts.holds(index, child), "a child went before its index"


def test_the_evaluation_does_not_depend_on_the_order_of_images_rules_and_tags() -> None:
    random = Random(1)  # noqa: S311  # the same pairs in each run, no secret
    for policy, images in generation.pairs(100, 2000):
        expected = by_evaluate(policy, images, NOW)
        rules = LifecyclePolicy(tuple(random.sample(policy.rules, len(policy.rules))))
        shuffled = [_with_shuffled_lists(random, image) for image in random.sample(images, len(images))]
        found = by_evaluate(rules, shuffled, NOW)
        assert found == expected
        assert list(found) == list(expected), "the same actions in another order"


def _with_shuffled_lists(random: Random, image: Image) -> Image:
    tags, children = random.sample(image.tags, len(image.tags)), random.sample(image.children, len(image.children))
    return dataclasses.replace(image, tags=tuple(tags), children=tuple(children))


def test_a_greater_count_never_acts_on_more() -> None:
    """Of one rule alone, and of one rule among others.

    It holds in every policy that ECR accepts, for both kinds of counts: what a rule shields is what it matches, which
    its count has no part in, so a greater count takes from this rule and gives to no other.
    """
    random = Random(2)  # noqa: S311  # the same pairs in each run, no secret
    for policy, images in generation.pairs(200, 2000):
        chosen = random.choice(policy.rules)
        alone = LifecyclePolicy((chosen,))
        others = tuple(rule for rule in policy.rules if rule is not chosen)
        for among in (alone, policy):
            greater = _with_greater_count(random, chosen)
            rules = (greater,) if among is alone else (*others, greater)
            less = by_evaluate(LifecyclePolicy(rules), images, NOW)
            assert less.items() <= by_evaluate(among, images, NOW).items()


def _with_greater_count(random: Random, rule: PolicyRule) -> PolicyRule:
    return dataclasses.replace(rule, count=rule.count + random.choice((1, 2, 4)))


def test_time_alone_never_saves_an_image() -> None:
    """As long as nothing is pushed, pulled, archived or restored."""
    later = [NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2), NOW + timedelta(days=2)]
    for policy, images in generation.pairs(300, 1000):
        for before, after in pairwise(later):
            assert by_evaluate(policy, images, before).items() <= by_evaluate(policy, images, after).items()


def test_a_rule_more_at_the_end_changes_nothing_for_the_rules_above_it() -> None:
    for policy, images in generation.pairs(400, 1000):
        *above, last = policy.rules
        whole = by_evaluate(policy, images, NOW)
        assert by_evaluate(LifecyclePolicy(tuple(above)), images, NOW) == {
            digest: verdict for digest, verdict in whole.items() if verdict[1] != last.priority
        }


def test_a_second_evaluation_after_the_first_finds_nothing_more_to_do() -> None:
    """Of images without kin: what an index held may go once that is gone, and so may a referrer in the other class."""
    for policy, images in generation.pairs(500, 1000):
        plain = [dataclasses.replace(image, subject=None, children=()) for image in images]
        acted = by_evaluate(policy, plain, NOW)
        left = [image for image in plain if image.digest not in acted]
        assert by_evaluate(policy, left, NOW) == {}


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_smallest_pair_that_differs_from_the_oracle(random: Random) -> None:
    policy, images = generation.policy(random), generation.images(random)
    acted = by_evaluate(policy, images, NOW)
    assert acted == by_oracle(policy, images, NOW)
    check_what_always_holds(policy, images, acted)
