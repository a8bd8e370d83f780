from __future__ import annotations

from dataclasses import replace

import pytest

from ecr.report import board, views
from tests.unit.ecr.report.samples import digest, image, images, report, repository


@pytest.mark.parametrize(
    ("days", "value", "note", "tone"),
    [
        pytest.param(15, "1", "1 of them must stay!", board.BAD, id="due"),
        pytest.param(-1, "0", "by lifecycle policies", board.PLAIN, id="due-in-15-days"),
    ],
)
def test_what_must_stay_is_counted_among_what_goes_within_a_day(days: float, value: str, note: str, tone: str) -> None:
    untagged = image("untagged", days=days)
    given = report(repository("a", (untagged,), protected={untagged.digest: "deployed by stack dev"}))
    (going,) = views.going(given)
    assert len(going) == 1
    (figure,) = [each for each in board.figures(given, [going]) if each.label == "Go within a day"]
    assert (figure.value, figure.note, figure.tone) == (value, note, tone)


def test_what_goes_with_the_next_push_does_not_go_within_a_day() -> None:
    tagged = tuple(replace(each, tags=("v1",)) for each in images(30))
    given = report(repository("a", tagged, protected={digest("image/29"): "deployed by stack dev"}))
    (going,) = views.going(given)
    assert [each.with_next_push for each in going] == [True]
    (figure,) = [each for each in board.figures(given, [going]) if each.label == "Go within a day"]
    assert (figure.value, figure.note) == ("0", "by lifecycle policies")
