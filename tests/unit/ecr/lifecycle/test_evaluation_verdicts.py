"""The verdict on each image of each case: the same as what the evaluation acts on, and with a reason."""

from __future__ import annotations

import pytest

from ecr.lifecycle.evaluation import evaluate
from ecr.lifecycle.explanation import explain, verdict
from tests.unit.ecr.lifecycle.cases import CASES
from tests.unit.ecr.lifecycle.making import Case

cases = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@cases
def test_the_verdict_on_an_image_is_what_happens_to_it(case: Case) -> None:
    evaluation = evaluate(case.policy, case.images, case.now)
    for image in case.images:
        found = verdict(evaluation, image.digest)
        rule = None if found.rule is None else found.rule.priority
        assert found.image == image
        assert (found.outcome.value, rule) == case.acted.get(image.digest, ("keep", None))


@cases
def test_each_verdict_has_a_reason_of_one_line_and_stands_below_what_each_rule_says(case: Case) -> None:
    evaluation = evaluate(case.policy, case.images, case.now)
    for image in case.images:
        found, lines = verdict(evaluation, image.digest), explain(evaluation, image.digest)
        assert found.reason
        assert all(line == line.strip() and len(line.splitlines()) == 1 for line in (found.reason, *lines))
        assert len(lines) == len(case.rules) + 2
        assert found.reason in lines[-1]
