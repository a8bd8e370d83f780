"""Problems of a registry's settings: their paths, and how they are raised."""

from __future__ import annotations

import pytest

from ecr.problems import Problem, covered_items, refused, refused_items, refused_places


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("", "replication", id="the-value-itself"),
        pytest.param("[0]", "replication[0]", id="item"),
        pytest.param("[0].prefixes[1]", "replication[0].prefixes[1]", id="key-of-an-item"),
        pytest.param("rules", "replication.rules", id="key"),
    ],
)
def test_a_problem_is_found_below_the_path_of_its_value(path: str, expected: str) -> None:
    assert Problem(path, "is wrong").below("replication") == Problem(expected, "is wrong")


def test_a_refused_value_is_shown_as_in_json_with_what_is_accepted() -> None:
    assert refused("region", "eu", "a Region") == Problem("region", '"eu" is not accepted; accepted: a Region')


def test_items_are_refused_by_their_rule_and_when_they_stand_twice() -> None:
    assert list(refused_items("x", ["a", "B", "a", "B"], str.islower, "small")) == [
        Problem("x[1]", '"B" is not accepted; accepted: small'),
        Problem("x[2]", '"a" stands in the list twice; take one out'),
        Problem("x[3]", '"B" is not accepted; accepted: small'),
    ]


def test_a_path_goes_on_with_a_dot_or_with_a_place_in_a_list() -> None:
    assert [Problem(path, "is wrong").below("registry").path for path in ("policy", "[1]")] == [
        "registry.policy",
        "registry[1]",
    ]


def test_items_that_are_not_known_yet_keep_the_places_of_the_others() -> None:
    assert list(refused_places("x", [(1, "a"), (3, "B"), (4, "a")], str.islower, "small")) == [
        Problem("x[3]", '"B" is not accepted; accepted: small'),
        Problem("x[4]", '"a" stands in the list twice; take one out'),
    ]


def test_an_item_is_too_much_when_another_covers_it() -> None:
    assert list(covered_items("x", ["ab", "a", "b", "abc"], lambda wider, text: text.startswith(wider))) == [
        Problem("x[0]", '"ab" is among what "a" names already; take one out'),
        Problem("x[3]", '"abc" is among what "ab" names already; take one out'),
    ]
