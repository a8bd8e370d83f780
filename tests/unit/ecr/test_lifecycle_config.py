"""The lifecycle rules of a stack file, read and refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ecr import config_reader
from ecr.errors import InputErrors
from ecr.lifecycle import documents
from ecr.lifecycle.policy import Action, TagStatus
from ecr.lifecycle.rules import (
    DEFAULT_POLICY,
    Rule,
    archive_after_pull,
    archive_after_push,
    compile_policy,
    expire_after,
    expire_archived_after,
    keep_latest,
    protect,
)
from ecr.lifecycle_config import LifecycleConfig, LifecycleGuard, of_stack, read_guard

KEY = "container-registry:lifecycle"


def read(value: object) -> LifecycleConfig:
    return of_stack({KEY: value})


def mistakes(value: object) -> list[str]:
    """The lines that a user reads; only `InputErrors` may be raised."""
    with pytest.raises(InputErrors) as raised:
        read(value)
    lines = [str(error) for error in raised.value.errors]
    assert all(line.isprintable() and len(line) < 500 for line in lines)
    return lines


# ---------------------------------------------------------------------------------------------------------------------
# Good rules
# ---------------------------------------------------------------------------------------------------------------------

TAGGED, UNTAGGED = TagStatus.TAGGED, TagStatus.UNTAGGED
GOOD = [
    pytest.param([{"keep": 1}], [keep_latest(1)], id="keep"),
    pytest.param([{"keep": 3, "untagged": "false"}], [keep_latest(3)], id="untagged-false"),
    pytest.param([{"keep": 3, "untagged": True}], [keep_latest(3, tag_status=UNTAGGED)], id="keep-untagged"),
    pytest.param(
        [{"keep": 30, "tags": ["v*", "****"]}],
        [keep_latest(30, tag_status=TAGGED, tag_patterns=["v*", "****"])],
        id="keep-tags-and-a-pattern-with-4-wildcards",
    ),
    pytest.param(
        [{"keep": 5, "prefixes": ["release-"]}],
        [keep_latest(5, tag_status=TAGGED, tag_prefixes=["release-"])],
        id="keep-prefixes",
    ),
    pytest.param(
        [{"keep": 30, "tags": ["v*"], "then": "archive"}],
        [keep_latest(30, tag_status=TAGGED, tag_patterns=["v*"], action=Action.ARCHIVE)],
        id="keep-then-archive",
    ),
    pytest.param([{"keep": 30, "then": "expire"}], [keep_latest(30)], id="keep-then-expire"),
    pytest.param([{"expireDays": 1}], [expire_after(1)], id="expire"),
    pytest.param([{"expireDays": 14, "untagged": True}], [expire_after(14, tag_status=UNTAGGED)], id="expire-untagged"),
    pytest.param([{"archiveDays": 30}], [archive_after_push(30)], id="archive-after-push"),
    pytest.param(
        [{"archiveUnpulledDays": 90, "prefixes": ["a", "b"]}],
        [archive_after_pull(90, tag_status=TAGGED, tag_prefixes=["a", "b"])],
        id="archive-after-pull",
    ),
    pytest.param([{"expireArchivedDays": 90}], [expire_archived_after(90)], id="expire-archived"),
    pytest.param([{"protect": ["a-*", "b-*"]}, {"keep": 3}], [protect("a-*", "b-*"), keep_latest(3)], id="protect"),
    pytest.param(
        [{"expireDays": 14, "untagged": True}, {"keep": 30, "tags": ["v*"]}, {"keep": 3}],
        [
            expire_after(14, tag_status=UNTAGGED),
            keep_latest(30, tag_status=TAGGED, tag_patterns=["v*"]),
            keep_latest(3),
        ],
        id="three-rules",
    ),
    pytest.param(
        [{"keep": 1, "tags": [f"v{n}"]} for n in range(50)],
        [keep_latest(1, tag_status=TAGGED, tag_patterns=[f"v{n}"]) for n in range(50)],
        id="50-rules",
    ),
]


@pytest.mark.parametrize(("value", "expected"), GOOD)
def test_good_rules_are_compiled(value: list[object], expected: Sequence[Rule]) -> None:
    assert read(value).policy == compile_policy(expected)


@pytest.mark.parametrize(("value", "expected"), GOOD)
def test_pulumis_text_of_rules_means_the_same(value: list[object], expected: Sequence[Rule]) -> None:
    assert read(json.dumps(value)).policy == compile_policy(expected)


@pytest.mark.parametrize("value", [None, [{"keep": 10}]], ids=["null", "the-default-itself"])
def test_by_default_the_latest_10_images_stay(value: object) -> None:
    assert read(value) == of_stack({}) == LifecycleConfig(DEFAULT_POLICY, protect=())


@pytest.mark.parametrize("value", [[], "[]"], ids=["list", "text"])
def test_an_empty_list_is_no_policy(value: object) -> None:
    assert read(value) == LifecycleConfig(policy=None, protect=())


def test_protected_patterns_are_handed_out_once_each_wherever_they_stand() -> None:
    config = read([{"protect": ["b", "a"]}, {"keep": 3}, {"protect": ["a", "c"]}])
    assert config.protect == ("b", "a", "c")


def test_other_keys_of_a_stack_file_are_passed_over() -> None:
    config = {"aws:region": "nowhere", "container-registry:lifecycles": 1, "container-registry:repository": 5}
    assert of_stack(config) == LifecycleConfig()


# ---------------------------------------------------------------------------------------------------------------------
# Bad rules: (value, path of the key, the value as it is shown, what is allowed)
# ---------------------------------------------------------------------------------------------------------------------

FLAG_RULE = "accepted: true or false"
OBJECT_RULE = "accepted: an object"
LIST_RULE = "accepted: a list"
COUNT_RULE = "a whole number, 1 or more"
KIND_RULE = (
    "keep (the latest N images), expireDays (days since the push), archiveDays (days since the push), "
    "archiveUnpulledDays (days since the last pull), expireArchivedDays (days since archiving, 90 or more), "
    "protect (tag patterns)"
)
PATTERN_RULE = "a tag pattern such as v*"
PREFIX_RULE = "how a tag begins, such as release-"
ONE_OR_OTHER = "a rule is for one or the other"
KNOWN = (
    "known: archiveDays, archiveUnpulledDays, expireArchivedDays, expireDays, keep, prefixes, protect, tags, then, "
    "untagged"
)


def bad(id_: str, value: object, key: str, seen: str, allowed: str) -> object:
    return pytest.param(value, key, seen, allowed, id=id_)


BAD = [
    *(
        bad(f"{key}-{seen}", [{key: value}], f"[0].{key}", seen, COUNT_RULE)
        for key in ("keep", "expireDays", "archiveDays", "archiveUnpulledDays", "expireArchivedDays")
        for value, seen in ((0, "0"), (-1, "-1"), (True, "true"), (1.5, "1.5"), ("10", '"10"'), ([1], "[1]"))
    ),
    bad("keep-NaN", '[{"keep": NaN}]', "[0].keep", "NaN", COUNT_RULE),
    bad("archived-89-days", [{"expireArchivedDays": 89}], "[0]", "counts 89 days since archiving", "90 or more"),
    # What a rule does.
    bad("both", [{"keep": 1, "expireDays": 1}], "[0]", "must name one of", KIND_RULE),
    bad("neither", [{"keep": 1}, {"untagged": True}], "[1]", "must name one of", KIND_RULE),
    bad("two-of-protect", [{"keep": 1, "protect": ["v*"]}], "[0]", "must name one of", KIND_RULE),
    bad("empty-rule", [{}], "[0]", "must name one of", KIND_RULE),
    bad("keep-null", [{"keep": None}], "[0].keep", "has no value", "give it one"),
    bad("then-unknown", [{"keep": 1, "then": "delete"}], "[0].then", '"delete"', "one of expire, archive"),
    bad("then-with-days", [{"expireDays": 1, "then": "archive"}], "[0].then", "goes with keep only", "archiveDays"),
    bad("unknown-key", [{"keep": 1, "kep": 1}], "[0].kep", "is not a known key", KNOWN),
    bad("misspelt-key", [{"keeep": 1}], "[0].keeep", "is not a known key", KNOWN),
    # Which images it looks at.
    bad("tags-and-untagged", [{"keep": 1, "tags": ["v*"], "untagged": True}], "[0].untagged", "is true", ONE_OR_OTHER),
    bad(
        "prefixes-and-untagged",
        [{"keep": 1, "prefixes": ["v"], "untagged": True}],
        "[0].untagged",
        "is true",
        ONE_OR_OTHER,
    ),
    bad("tags-and-prefixes", [{"keep": 1, "tags": ["a"], "prefixes": ["a"]}], "[0].prefixes", "so is tags", "one of"),
    bad("untagged-text", [{"keep": 1, "untagged": "yes"}], "[0].untagged", '"yes"', FLAG_RULE),
    bad("5-wildcards", [{"keep": 1, "tags": ["v*", "*****"]}], "[0].tags[1]", '"*****"', "at most 4 '*'"),
    bad("pattern-huge", [{"keep": 1, "tags": ["*" * 9999]}], "[0].tags[0]", f'"{"*" * 76}...', "4 '*'"),
    bad("pattern-empty", [{"keep": 1, "tags": [""]}], "[0].tags[0]", '""', PATTERN_RULE),
    bad("pattern-number", [{"keep": 1, "tags": [5]}, {"keep": 2}], "[0].tags[0]", "5", PATTERN_RULE),
    bad("patterns-text", [{"keep": 1, "tags": "v*"}], "[0].tags", '"v*"', LIST_RULE),
    bad("prefix-with-wildcard", [{"keep": 1, "prefixes": ["v*"]}], "[0].prefixes[0]", '"v*"', PREFIX_RULE),
    bad("prefix-empty", [{"keep": 1, "prefixes": [""]}], "[0].prefixes[0]", '""', PREFIX_RULE),
    bad("prefixes-text", [{"keep": 1, "prefixes": "v"}], "[0].prefixes", '"v"', LIST_RULE),
    bad("protect-text", [{"protect": "v*"}], "[0].protect", '"v*"', LIST_RULE),
    bad("protect-5-wildcards", [{"protect": ["*****"]}], "[0].protect[0]", '"*****"', "at most 4 '*'"),
    bad("protect-with-tags", [{"protect": ["a"], "tags": ["b"]}], "[0].protect", "beside other keys", "protect alone"),
    bad("protect-untagged", [{"protect": ["a"], "untagged": True}], "[0].protect", "beside other", "protect alone"),
    # An empty list must not widen a rule to every image.
    bad("patterns-none", [{"keep": 1, "tags": []}], "[0].tags", "is empty", PATTERN_RULE),
    bad("patterns-null", [{"keep": 1, "tags": None}], "[0].tags", "has no value", "give it one"),
    bad("prefixes-null", [{"keep": 1, "prefixes": None}], "[0].prefixes", "has no value", "give it one"),
    bad("untagged-null", [{"expireDays": 1, "untagged": None}], "[0].untagged", "has no value", "give it one"),
    bad("prefixes-none", [{"keep": 1, "prefixes": []}], "[0].prefixes", "is empty", PREFIX_RULE),
    bad("protect-none", [{"protect": []}], "[0].protect", "is empty", PATTERN_RULE),
    # Rules together.
    bad("two-any", [{"keep": 1}, {"expireDays": 1}], "", "more than one rule for any images", "accepts one"),
    bad(
        "two-any-archived",
        [{"expireArchivedDays": 90}, {"expireArchivedDays": 91}],
        "",
        "more than one rule for any archived images",
        "accepts one",
    ),
    bad(
        "two-untagged",
        [{"keep": 1, "untagged": True}, {"expireDays": 1, "untagged": True}],
        "",
        "more than one rule for untagged images",
        "accepts one",
    ),
    bad(
        "same-patterns",
        [{"keep": 1, "tags": ["a", "b"]}, {"keep": 2, "tags": ["b", "a"]}],
        "",
        "two rules with the same tag patterns",
        "the second could never act",
    ),
    bad(
        "same-prefixes",
        [{"keep": 1, "prefixes": ["a"]}, {"expireDays": 2, "prefixes": ["a"]}],
        "",
        "two rules with the same tag prefixes",
        "ECR accepts one",
    ),
    bad("51-rules", [{"keep": 1, "tags": [f"v{n}"]} for n in range(51)], "", "has 51 rules", "at most 50"),
    bad("51-protected", [{"protect": [f"v{n}" for n in range(51)]}], "", "each protected pattern counts", "at most 50"),
    bad(
        "policy-too-long",
        [{"keep": 1, "tags": [f"{n}{'x' * 120}", "y" * 120, "z" * 120]} for n in range(50)],
        "",
        "characters of policy",
        "ECR accepts at most 30720",
    ),
    # The list itself.
    bad("number", 10, "", "10", LIST_RULE),
    bad("text", "keep 10", "", '"keep 10"', LIST_RULE),
    bad("empty-text", "", "", '""', LIST_RULE),
    bad("object", '{"keep": 10}', "", '{"keep": 10}', LIST_RULE),
    bad("broken", '[{"keep": 10}', "", r'"[{\"keep\": 10}"', LIST_RULE),
    bad("bottomless", "[" * 100_000, "", f'"{"[" * 76}...', LIST_RULE),
    bad("huge-number", f"[{'9' * 5_000}]", "", f'"[{"9" * 75}...', LIST_RULE),
    bad("rule-number", [10], "[0]", "10", OBJECT_RULE),
    bad("rule-null", [{"keep": 1}, None], "[1]", "null", OBJECT_RULE),
    bad("rule-list", [[]], "[0]", "[]", OBJECT_RULE),
]


@pytest.mark.parametrize(("value", "key", "seen", "allowed"), BAD)
def test_a_mistake_is_one_line_that_names_the_key_the_value_and_what_is_allowed(
    value: object, key: str, seen: str, allowed: str
) -> None:
    (line,) = mistakes(value)
    assert line.startswith(f"{KEY}{key}: ")
    problem = line.removeprefix(f"{KEY}{key}: ")
    assert seen in problem.partition("accepted: ")[0]
    assert allowed in problem


def test_one_reading_finds_every_mistake() -> None:
    value = [{"keep": 0, "then": 1}, {"keep": 1}, 5, {"keep": 2}, {"protect": [1]}, {"tags": ["a"]}]
    assert [line.removeprefix(KEY).split(": ")[0] for line in mistakes(value)] == [
        *("[2]", "[0].keep", "[0].then", "[4].protect[0]", "[5]", ""),
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Rules in ECR's own form
# ---------------------------------------------------------------------------------------------------------------------


def raw(priority: object, *patterns: str, **selection: object) -> dict[str, object]:
    tags: dict[str, object] = {"tagStatus": "tagged", "tagPatternList": list(patterns)} if patterns else {}
    chosen = {"tagStatus": "any", **tags, "countType": "imageCountMoreThan", "countNumber": 3, **selection}
    return {"rulePriority": priority, "selection": chosen, "action": {"type": "expire"}}


def test_rules_in_ecrs_own_form_are_read_and_sorted() -> None:
    value = [raw(9), raw(2, "v*", countNumber=30)]
    for config in (read(value), read(json.dumps(value))):
        assert config.policy == documents.parse_policy({"rules": value}, "policy.json")
        assert config.protect == ()
        assert [rule.priority for rule in config.policy.rules] == [2, 9]


RAW_BAD = [
    pytest.param([raw(0)], ["[0].rulePriority"], id="priority"),
    pytest.param([raw(1, "v*"), raw(2, tagStatus="tagged")], ["[1].selection.tagPatternList"], id="no-patterns"),
    pytest.param([raw(1), raw(1, "v*", countNumber=True)], ["[1].selection.countNumber", "[1].rulePriority"], id="two"),
    pytest.param([{"rulePriority": 1}], ["[0].selection", "[0].action"], id="incomplete"),
    pytest.param([raw(1), 5], ["[1]"], id="number-among-them"),
    pytest.param([{**raw(1), "keep": 3}], ["[0].keep"], id="typed-key-in-one"),
    pytest.param([{"keep": 3}, raw(2), {"keep": 0}], ["[1]"], id="mixed"),
]


@pytest.mark.parametrize(("value", "places"), RAW_BAD)
def test_a_mistake_in_ecrs_own_form_is_named_by_its_path(value: list[object], places: list[str]) -> None:
    assert sorted(line.removeprefix(KEY).split(": ")[0] for line in mistakes(value)) == sorted(places)


def test_one_form_is_for_all_rules() -> None:
    (line,) = mistakes([{"keep": 3}, raw(2)])
    assert line == f"{KEY}[1]: is in ECR's own form, and others are not; accepted: one form for all rules"


# ---------------------------------------------------------------------------------------------------------------------
# The guard
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, LifecycleGuard.WARN, id="default"),
        pytest.param("warn", LifecycleGuard.WARN, id="warn"),
        pytest.param("enforce", LifecycleGuard.ENFORCE, id="enforce"),
        pytest.param("off", LifecycleGuard.OFF, id="off"),
    ],
)
def test_the_guard_warns_unless_told_otherwise(value: object, expected: LifecycleGuard) -> None:
    top = config_reader.open_section("container-registry", {"lifecycleGuard": value})
    assert read_guard(top) is expected
    top.finish()


@pytest.mark.parametrize("value", ["Enforce", "", True, False, []], ids=repr)
def test_a_guard_of_another_kind_is_refused(value: object) -> None:
    top = config_reader.open_section("container-registry", {"lifecycleGuard": value})
    read_guard(top)
    with pytest.raises(
        InputErrors, match=r"^container-registry:lifecycleGuard: .*accepted: one of warn, enforce, off$"
    ):
        top.finish()
