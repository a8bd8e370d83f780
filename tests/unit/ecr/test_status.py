from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from ecr import status
from ecr.status import Live, Published, StatusRow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DIGEST, OTHER = (f"sha256:{letter * 64}" for letter in "ab")
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
GATE = {"passed": True, "off": "", "max_severity": "MEDIUM", "ignored": []}


def said(stack: str, promoted_from: str | None = None, **changes: object) -> Published:
    """What `stack` says; `promoted_from` is a stack."""
    outputs: dict[str, object] = {
        "repository_arn": f"arn:aws:ecr:eu-west-1:123456789012:repository/{stack}/yoon-app",
        "image_tag": "v1.0.0",
        "image_digest": DIGEST,
        "image_uri": f"{HOST}/{stack}/yoon-app@{DIGEST}",
    }
    if promoted_from:
        outputs["promoted_from"] = f"{HOST}/{promoted_from}/yoon-app@{DIGEST}"
        outputs["gate"] = GATE
    return status.published(stack, outputs | changes)


FINE = Live(repository=True, tag_digest=DIGEST, image=True, pushed_at=NOW - timedelta(days=3, hours=5))
EMPTY = said("prod", image_tag=None, image_digest=None, image_uri=None)


@pytest.mark.parametrize(
    ("published", "live", "drift"),
    [
        pytest.param(said("dev"), FINE, "none", id="as-it-was"),
        pytest.param(
            said("dev"), Live(repository=True, tag_digest=OTHER, image=True), f"tag moved to {OTHER}", id="tag-moved"
        ),
        pytest.param(said("dev"), Live(repository=True, image=True), "tag deleted", id="tag-deleted"),
        pytest.param(said("dev"), Live(repository=True), "image deleted", id="image-deleted"),
        pytest.param(
            said("dev"),
            Live(repository=True, tag_digest=OTHER),
            f"image deleted and tag moved to {OTHER}",
            id="image-deleted-and-tag-moved",
        ),
        pytest.param(said("dev"), Live(repository=False), "repository gone", id="repository-gone"),
        pytest.param(EMPTY, Live(repository=True), "none", id="no-image"),
        pytest.param(EMPTY, Live(repository=False), "repository gone", id="no-image-and-repository-gone"),
        pytest.param(said("dev"), None, "unknown", id="not-answered"),
        pytest.param(status.published("new", {}), None, None, id="never-deployed"),
    ],
)
def test_drift_is_what_the_registry_says_otherwise_than_the_stack(
    published: Published, live: Live | None, drift: str | None
) -> None:
    row = status.row(published, live, NOW)
    assert row.drift == drift
    assert row.has_drifted is (drift not in (None, "none", "unknown"))


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"repository_arn": "[secret]", "image_digest": "[secret]"}, id="secrets"),
        pytest.param({"repository_arn": 7, "image_digest": ["x"], "gate": "closed", "image_tag": None}, id="types"),
        pytest.param({"image_digest": "sha256:abc", "repository_arn": "arn:aws:s3:::bucket"}, id="forms"),
    ],
)
def test_outputs_of_another_form_count_as_not_said(outputs: dict[str, object]) -> None:
    assert status.published("dev", outputs) == Published(stack="dev")


CHAIN = [
    status.row(said("dev"), FINE, NOW),
    status.row(said("staging", "dev"), FINE, NOW),
    status.row(said("prod", "staging"), Live(repository=True, tag_digest=OTHER, image=True), NOW),
]


@pytest.mark.parametrize(
    "rows", list(itertools.permutations(CHAIN)), ids=lambda rows: "-".join(r.published.stack for r in rows)
)
def test_a_stack_comes_after_the_one_that_it_was_promoted_from(rows: tuple[StatusRow, ...]) -> None:
    assert status.in_promotion_order(rows) == CHAIN


def test_stacks_that_have_nothing_to_do_with_each_other_are_ordered_by_name() -> None:
    rows = [status.row(said(name), FINE, NOW) for name in "cab"]
    assert [row.published.stack for row in status.in_promotion_order(rows)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "links",
    [pytest.param({"a": "b", "b": "a"}, id="circle"), pytest.param({"a": "a", "b": "gone"}, id="self-and-unknown")],
)
def test_every_stack_is_listed_once_whatever_the_outputs_say(links: dict[str, str]) -> None:
    rows = [status.row(said(name, source), FINE, NOW) for name, source in links.items()]
    assert [row.published.stack for row in status.in_promotion_order(rows)] == ["a", "b"]


def test_the_table_has_short_digests_and_names_the_source_stack() -> None:
    assert status.table(CHAIN) == [
        "STACK    TAG     DIGEST               AGE  PROMOTED FROM  GATE                DRIFT",
        "dev      v1.0.0  sha256:aaaaaaaaaaaa  3 d  -              -                   none",
        "staging  v1.0.0  sha256:aaaaaaaaaaaa  3 d  dev            passed, max MEDIUM  none",
        f"prod     v1.0.0  sha256:{'a' * 12}  -    staging        passed, max MEDIUM  tag moved to sha256:{'b' * 12}",
    ]


def test_a_stack_without_an_image_shows_dashes() -> None:
    assert status.table([status.row(EMPTY, Live(repository=True), NOW)])[1].split() == ["prod", *"-----", "none"]


def test_a_source_that_is_not_listed_is_shown_by_its_repository_and_short_digest() -> None:
    (_, line) = status.table(CHAIN[1:2])
    assert f"{HOST}/dev/yoon-app@sha256:{'a' * 12} " in line


@pytest.mark.parametrize(
    ("record", "text"),
    [
        pytest.param(None, "-", id="none"),
        pytest.param(GATE, "passed, max MEDIUM", id="passed"),
        pytest.param(GATE | {"ignored": [{"id": "CVE-1"}]}, "passed, max MEDIUM, 1 ignored", id="ignored"),
        pytest.param(GATE | {"max_severity": "", "off": "no scanner"}, "off", id="off"),
        pytest.param(GATE | {"passed": False}, "refused", id="refused"),
        pytest.param({}, "refused", id="not-a-record"),
    ],
)
def test_the_gate_is_told_in_short(record: object, text: str) -> None:
    row = status.row(said("prod", gate=record), FINE, NOW)
    assert f"  {text}  " in status.table([row])[1]


@pytest.mark.parametrize(
    ("age", "text"),
    [(timedelta(seconds=-5), "0 s"), (timedelta(seconds=59), "59 s"), (timedelta(seconds=60), "1 min"),
     (timedelta(minutes=59), "59 min"), (timedelta(hours=1), "1 h"), (timedelta(hours=23), "23 h"),
     (timedelta(hours=24), "1 d"), (timedelta(days=400), "400 d")],
    ids=str,
)  # fmt: skip
def test_an_age_is_told_in_the_largest_unit(age: timedelta, text: str) -> None:
    row = status.row(said("dev"), Live(repository=True, tag_digest=DIGEST, image=True, pushed_at=NOW - age), NOW)
    assert f"  {text}  " in status.table([row])[1]


def test_json_has_the_whole_digests_and_null_for_what_there_is_not() -> None:
    document = status.as_json([CHAIN[2], status.row(status.published("new", {}), None, NOW)])
    assert json.loads(json.dumps(document)) == {
        "stacks": [
            {
                "stack": "prod",
                "repository_arn": "arn:aws:ecr:eu-west-1:123456789012:repository/prod/yoon-app",
                "tag": "v1.0.0",
                "digest": DIGEST,
                "image_uri": f"{HOST}/prod/yoon-app@{DIGEST}",
                "age_seconds": None,
                "promoted_from": f"{HOST}/staging/yoon-app@{DIGEST}",
                "gate": GATE,
                "drift": f"tag moved to {OTHER}",
            },
            {
                "stack": "new",
                **dict.fromkeys(
                    ("repository_arn", "tag", "digest", "image_uri", "age_seconds", "promoted_from", "gate", "drift")
                ),
            },
        ]
    }
