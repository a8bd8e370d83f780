"""The evaluation and the oracle, in one form: what they act on, by digest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ecr.lifecycle.evaluation import evaluate
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import LifecyclePolicy
from tests.unit.ecr.lifecycle.oracle import Oracle, Verdicts

Evaluator = Callable[[LifecyclePolicy, Sequence[Image], datetime], Verdicts]


def by_evaluate(policy: LifecyclePolicy, images: Sequence[Image], now: datetime) -> Verdicts:
    actions = evaluate(policy, images, now).actions
    found: Verdicts = {acted.image.digest: (acted.outcome.value, acted.rule.priority) for acted in actions}
    assert len(found) == len(actions), "an image was acted on twice"
    return found


def by_oracle(policy: LifecyclePolicy, images: Sequence[Image], now: datetime) -> Verdicts:
    return Oracle(policy, images, now).acted()


EVALUATORS: dict[str, Evaluator] = {"evaluate": by_evaluate, "oracle": by_oracle}
