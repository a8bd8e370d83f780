from __future__ import annotations

import pytest

from ecr.report import scanned
from ecr.report.scanned import LEVELS
from ecr.severity import Severity


def test_every_severity_that_ecr_knows_has_a_place() -> None:
    for each in Severity:
        if each is Severity.NONE:
            continue
        found = scanned.tally(["a"], {"a": {each.value: 1}})
        assert dict(zip(LEVELS, found.counts, strict=True))[each.counted] == 1


def test_images_are_added_up_and_those_without_a_scan_are_told_apart() -> None:
    found = scanned.tally(["a", "b", "c"], {"a": {"HIGH": 2}, "b": {"HIGH": 1, "LOW": 4}, "other": {"LOW": 9}})
    assert (found.images, found.scanned, found.total) == (3, 2, 7)


@pytest.mark.parametrize("severity", ["", "SEVERE", "critical", "<b>"])
def test_a_severity_that_nobody_knows_counts_as_unknown(severity: str) -> None:
    assert scanned.tally(["a"], {"a": {severity: 3}}).counts[LEVELS.index(Severity.UNKNOWN)] == 3


@pytest.mark.parametrize(
    ("counts", "limit", "words"),
    [
        pytest.param({}, 7, "none", id="none"),
        pytest.param({"HIGH": 0}, 7, "none", id="zero"),
        pytest.param({"LOW": 1, "CRITICAL": 2}, 7, "2 critical, 1 low", id="worst-first"),
        pytest.param({"LOW": 1, "MEDIUM": 5, "HIGH": 3, "CRITICAL": 2}, 2, "2 critical, 3 high, 6 lower", id="short"),
    ],
)
def test_the_worst_is_named_first(counts: dict[str, int], limit: int, words: str) -> None:
    assert scanned.worst(counts, limit) == words


def test_weights_put_the_worse_image_first() -> None:
    ordered = [
        {},
        {"LOW": 5},
        {"LOW": 900},
        {"MEDIUM": 1},
        {"HIGH": 1},
        {"HIGH": 1, "LOW": 1},
        {"CRITICAL": 1},
        {"CRITICAL": 10**30},
    ]
    weights = [scanned.weight(counts) for counts in ordered]
    assert weights == sorted(weights)
    assert len(set(weights)) == len(weights)
