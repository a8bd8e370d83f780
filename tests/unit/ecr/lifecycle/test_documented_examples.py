"""The worked examples of the ECR user guide, "Examples of lifecycle policies in Amazon ECR", against both evaluators.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html
Where the page gives a policy without images, the images are made up and the name says so.
"""

from __future__ import annotations

import pytest

from ecr.lifecycle.policy import Action
from tests.unit.ecr.lifecycle.evaluators import EVALUATORS, Evaluator
from tests.unit.ecr.lifecycle.making import (
    SECOND,
    Case,
    archived,
    case,
    days,
    image,
    in_archive,
    keep,
    pulled,
    pushed,
)

PROD_AND_BETA = (
    image("a", "beta-1 prod-1", 10),
    image("b", "beta-2 prod-2", 9),
    image("c", "beta-3", 8),
)

EXAMPLES = [
    case(
        "multiple rules, example A",
        [keep(1, 1, "prod*"), keep(2, 1, "beta*")],
        PROD_AND_BETA,
        {"expire@1": "a"},
    ),
    case(
        "multiple rules, example B",
        [keep(1, 1, "beta*"), keep(2, 1, "prod*")],
        PROD_AND_BETA,
        {"expire@1": "a b"},
    ),
    case(
        "multiple tags in a single rule, example A",
        pushed(1, 5, "alpha* beta*"),
        [
            image("a", "alpha-1", 12),
            image("b", "beta-1", 11),
            image("c", "alpha-2 beta-2", 10),
            image("d", "alpha-3", 4),
            image("e", "beta-3", 3),
            image("f", "alpha-4 beta-4", 2),
        ],
        {"expire@1": "c"},
    ),
    case(
        "multiple tags in a single rule, example B",
        keep(1, 1, "alpha* beta*"),
        [
            image("a", "alpha-1 beta-1 gamma-1", 10),
            image("b", "alpha-2 beta-2", 9),
            image("c", "alpha-3 beta-3 gamma-2", 8),
        ],
        {"expire@1": "a b"},
    ),
    case(
        "all images, example A",
        keep(1, 1, "any"),
        [image("a", "alpha-1", 4), image("b", "beta-1", 3), image("c", "", 2), image("d", "alpha-2", 1)],
        {"expire@1": "a b c"},
    ),
    case(
        "all images, example B",
        [keep(1, 1, "alpha*"), pushed(2, 1, "untagged"), keep(3, 1, "any")],
        [
            image("a", "alpha-1 beta-1", 4),
            image("b", "", 3),
            image("c", "alpha-2", 2),
            image("d", "git-hash", days(1) + SECOND),  # the page says one day of both, and that E is the younger one
            image("e", "", 1),
        ],
        {"expire@1": "a", "expire@2": "b", "expire@3": "d"},
    ),
    case(
        "filtering on image age, made-up images",
        pushed(1, 14, "prod*"),
        [
            image("a", "prod-1", 15),
            image("b", "prod-2", days(14) + SECOND),
            image("c", "prod-3", 14),
            image("d", "prod-4", 1),
            image("e", "dev-1", 100),
            image("f", "", 100),
        ],
        {"expire@1": "a b"},
    ),
    case(
        "filtering on last pulled time, made-up images",
        pulled(1, 90, "any"),
        [
            image("a", "v1", 200, pulled=91),
            image("b", "v2", 200, pulled=90),
            image("c", "v3", 200, pulled=1),
            image("d", "v4", 200),
            image("e", "", 89),
            in_archive("f", "v5", since=300),
        ],
        {"archive@1": "a d"},
    ),
    case(
        "filtering on archive transition time, made-up images",
        archived(1, 365, "any"),
        [
            in_archive("a", "v1", since=366),
            in_archive("b", "", since=days(365) + SECOND),
            in_archive("c", "v3", since=365),
            in_archive("d", "v4", 1000, since=90),
            image("e", "v5", 1000),
        ],
        {"expire@1": "a b"},
    ),
    case(
        "filtering on image count, made-up images",
        keep(1, 1, "untagged"),
        [image("a", "", 3), image("b", "", 2), image("c", "", 1), image("d", "v1", 30)],
        {"expire@1": "a b"},
    ),
    case(
        "archiving images by age, made-up images",
        pushed(1, 30, "prod*", Action.ARCHIVE),
        [
            image("a", "prod-1", 31),
            image("b", "prod-2", 30),
            image("c", "dev-1", 31),
            in_archive("d", "prod-3", since=40),
        ],
        {"archive@1": "a"},
    ),
    case(
        "archiving images not pulled, made-up images",
        pulled(1, 90, "any"),
        [image("a", "v1", 100, pulled=95), image("b", "v2", 100, activated=95), image("c", "v3", 100, activated=5)],
        {"archive@1": "a b"},
    ),
    case(
        "combining archive and expire rules, made-up images",
        [pushed(1, 30, "any", Action.ARCHIVE), archived(2, 365, "any")],
        [
            image("a", "v5", 5),
            image("b", "v4", 31),
            in_archive("c", "v3", since=100),
            in_archive("d", "v2", 800, since=366),
            in_archive("e", "", 800, since=700),
        ],
        {"archive@1": "b", "expire@2": "d e"},
    ),
]


@pytest.mark.parametrize("evaluator", EVALUATORS.values(), ids=EVALUATORS)
@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_a_documented_example_comes_out_as_documented(example: Case, evaluator: Evaluator) -> None:
    assert evaluator(example.policy, example.images, example.now) == example.acted


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_a_documented_example_does_not_depend_on_the_order_of_its_images(example: Case) -> None:
    for evaluator in EVALUATORS.values():
        assert evaluator(example.policy, example.images[::-1], example.now) == example.acted
