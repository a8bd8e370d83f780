"""The evaluation, case by case: the expected results are written by hand from ECR's rules, see the modules of cases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ecr.lifecycle.evaluation import Outcome, evaluate
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import Action
from tests.unit.ecr.lifecycle.cases import CASES
from tests.unit.ecr.lifecycle.evaluators import EVALUATORS, Evaluator
from tests.unit.ecr.lifecycle.making import NOW, Case, image, keep, pushed
from tests.unit.ecr.lifecycle.making import case as made

ids = [case.name for case in CASES]


@pytest.mark.parametrize("evaluator", EVALUATORS.values(), ids=EVALUATORS)
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_images_that_go_are_those_that_the_rules_say(case: Case, evaluator: Evaluator) -> None:
    assert evaluator(case.policy, case.images, case.now) == case.acted


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_an_evaluation_tells_the_same_in_all_its_forms(case: Case) -> None:
    evaluation = evaluate(case.policy, case.images, case.now)
    assert (evaluation.policy, evaluation.now) == (case.policy, case.now)
    assert sorted(digests(evaluation.images)) == sorted(digests(case.images))
    assert set(evaluation.expired) | set(evaluation.archived) == set(evaluation.actions)
    assert evaluation.expired == tuple(acted for acted in evaluation.actions if acted.outcome is Outcome.EXPIRE)
    assert evaluation.archived == tuple(acted for acted in evaluation.actions if acted.outcome is Outcome.ARCHIVE)
    assert evaluation.kept == len(case.images) - len(case.acted)
    assert evaluation.bytes_freed == len(evaluation.expired)  # the images of the cases have one byte each


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_what_goes_is_told_from_the_oldest(case: Case) -> None:
    times = [acted.image.pushed_at for acted in evaluate(case.policy, case.images, case.now).actions]
    assert [moment.timestamp() for moment in times] == sorted(moment.timestamp() for moment in times)


def test_images_pushed_at_once_are_told_in_one_order_whatever_the_list() -> None:
    images = [image(name, "v") for name in "cabed"]
    policy = made("", pushed(1, 5, "any"), images).policy
    first, second = (evaluate(policy, order, NOW).actions for order in (images, images[::-1]))
    assert first == second


def test_only_what_expires_frees_bytes() -> None:
    images = [image("a", "v1", 9, size=5), image("b", "v2", 8, size=70), image("c", "v3", 7, size=300)]
    assert evaluate(made("", keep(1, 1, "any"), images).policy, images, NOW).bytes_freed == 75
    archiving = made("", keep(1, 1, "any", Action.ARCHIVE), images).policy
    assert evaluate(archiving, images, NOW).bytes_freed == 0


def digests(images: Sequence[Image]) -> list[str]:
    return [image.digest for image in images]
