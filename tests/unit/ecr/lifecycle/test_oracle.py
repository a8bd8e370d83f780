"""The oracle agrees with the cases written by hand, and the tests can fail: they notice each mistake that one can make.

A mistake that the table and the random pairs notice in a copy of the oracle, they would notice in the evaluation.
"""

from __future__ import annotations

from collections import Counter

import pytest

from ecr.lifecycle.validation import problems
from tests.unit.ecr.lifecycle import generation
from tests.unit.ecr.lifecycle.cases import CASES
from tests.unit.ecr.lifecycle.making import NOW
from tests.unit.ecr.lifecycle.mutants import MUTANTS
from tests.unit.ecr.lifecycle.oracle import Oracle

mutants = pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.__name__ for mutant in MUTANTS])


def test_no_two_cases_have_one_name() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


def test_no_expectation_names_an_image_that_is_not_there_or_twice() -> None:
    for case in CASES:
        named = [name for names in case.goes.values() for name in names.split()]
        assert len(named) == len(set(named)) == len(case.acted)
        assert set(case.acted) <= {image.digest for image in case.images}, case.name


def test_the_policies_of_all_cases_are_such_as_ecr_accepts() -> None:
    assert [(case.name, problems(case.policy)) for case in CASES if problems(case.policy)] == []


def test_the_oracle_makes_no_mistake_in_the_table() -> None:
    assert unlike(Oracle) == []


@mutants
def test_the_table_notices_a_mistake(mutant: type[Oracle]) -> None:
    assert unlike(mutant)


def unlike(oracle: type[Oracle]) -> list[str]:
    """The cases in which this oracle says something else than what was written by hand."""
    return [case.name for case in CASES if oracle(case.policy, case.images, case.now).acted() != case.acted]


@mutants
def test_the_random_pairs_notice_a_mistake(mutant: type[Oracle]) -> None:
    assert any(
        mutant(policy, images, NOW).acted() != Oracle(policy, images, NOW).acted()
        for policy, images in generation.pairs(0, 2000)
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_random_policies_are_such_as_ecr_accepts(seed: int) -> None:
    assert [policy.text for policy, _ in generation.pairs(seed, 200) if problems(policy)] == []


def test_the_random_pairs_have_something_to_say() -> None:
    some = list(generation.pairs(0, 1000))
    acted = [Oracle(policy, images, NOW).acted() for policy, images in some]
    assert sum(map(bool, acted)) > len(some) / 3
    assert {outcome for one in acted for outcome, _ in one.values()} == {"expire", "archive"}
    sizes = {len(images) for _, images in some}
    assert (min(sizes), max(sizes)) == (0, len(generation.NAMES))
    assert max(len(policy.rules) for policy, _ in some) == generation.MAX_RULES
