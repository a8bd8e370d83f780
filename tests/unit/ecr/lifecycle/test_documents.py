from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr.errors import InputError, InputErrors
from ecr.lifecycle.documents import MAX_POLICY_BYTES, parse_policy, parse_policy_text, parse_rules
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.rules import DEFAULT_POLICY
from tests.unit.ecr.lifecycle.cases_documents import ABSENT, INVALID, VALID, anything, archived, members, rule

NAME = "policy.json"


def mistakes(*rules: object) -> list[str]:
    with pytest.raises(InputErrors) as raised:
        parse_policy({"rules": list(rules)}, NAME)
    return [str(error) for error in raised.value.errors]


@pytest.mark.parametrize(("rules", "problem"), INVALID.values(), ids=INVALID)
def test_an_invalid_policy_is_refused_with_index_field_and_reason(rules: Sequence[object], problem: str) -> None:
    found = mistakes(*rules)
    assert len(found) == 1
    assert found[0].startswith("policy.json: rules")
    assert problem in found[0]


@pytest.mark.parametrize("rules", VALID.values(), ids=VALID)
def test_a_valid_policy_is_read_and_written_as_the_same(rules: Sequence[object]) -> None:
    policy = parse_policy({"rules": rules}, NAME)
    assert len(policy.rules) == len(rules)
    assert parse_policy_text(policy.text, NAME) == policy


def test_every_member_of_a_rule_reaches_the_typed_one() -> None:
    archiving = anything(7, countType="sinceImagePulled", countUnit="days", type="transition", description="old")
    members(archiving, "action")["targetStorageClass"] = "archive"
    expiring = archived(rulePriority=2, tagPatternList=ABSENT, tagPrefixList=["v", "w"], countNumber=365)
    assert parse_policy({"rules": [archiving, expiring]}, NAME) == LifecyclePolicy(
        (
            PolicyRule(
                priority=2,
                tag_status=TagStatus.TAGGED,
                tag_prefixes=("v", "w"),
                storage_class=StorageClass.ARCHIVE,
                count_type=CountType.DAYS_SINCE_ARCHIVING,
                count=365,
            ),
            PolicyRule(
                priority=7,
                tag_status=TagStatus.ANY,
                count_type=CountType.DAYS_SINCE_PULL,
                count=10,
                action=Action.ARCHIVE,
                description="old",
            ),
        )
    )


NOT_STORED = '"standard" (which a missing one means) is not accepted with countType'
SINCE_ARCHIVING = '"sinceImageTransitioned"'


def test_all_problems_are_said_at_once_by_place() -> None:
    found = mistakes(
        rule(rulePriority=True, extra=1, countNumber=0, tagPatternList=["a*b*c*d*e*f", 5, ""], type="transition"),
        7,
        anything(1, countUnit="days"),
        archived(rulePriority=1, countNumber=30, type="transition", targetStorageClass="standard", storageClass=ABSENT),
    )
    assert [line.removeprefix("policy.json: ").partition("; ")[0] for line in found] == [
        "rules[0].extra: is not a known key",
        "rules[0].rulePriority: true is not accepted",
        "rules[0].selection.tagPatternList[1]: 5 is not accepted",
        "rules[0].action.targetStorageClass: is missing",
        'rules[0].selection.tagPatternList[0]: "a*b*c*d*e*f" has 5 wildcards',
        'rules[0].selection.tagPatternList[2]: "" is empty',
        "rules[0].selection.countNumber: 0 is not accepted",
        "rules[1]: 7 is not accepted",
        'rules[2].selection.countUnit: is not accepted with countType "imageCountMoreThan"',
        'rules[3].action.targetStorageClass: "standard" is not accepted',
        f"rules[3].selection.storageClass: {NOT_STORED} {SINCE_ARCHIVING}",
        'rules[3].action.type: "transition" is not accepted with countType "sinceImageTransitioned"',
        'rules[3].selection.countNumber: 30 is not accepted with countType "sinceImageTransitioned"',
        "rules[3].rulePriority: 1 is the priority of rule [2] too",
    ]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([rule()], 'policy.json: a list is not accepted; accepted: an object with the list "rules"'),
        (None, "policy.json: null is not accepted"),
        ("rules", 'policy.json: "rules" is not accepted'),
        ({}, "policy.json: rules: is missing; accepted: a list of rules"),
        ({"rules": None}, "policy.json: rules: null is not accepted; accepted: a list of rules"),
        ({"rules": {"0": rule()}}, "policy.json: rules: an object is not accepted"),
        ({"rules": [rule()], "version": 1}, "policy.json: version: is not a known key; known: rules"),
    ],
    ids=["a-list", "null", "a-text", "empty", "null-rules", "an-object-of-rules", "an-unknown-key"],
)
def test_what_is_no_policy_is_refused(document: object, problem: str) -> None:
    with pytest.raises(InputErrors) as raised:
        parse_policy(document, NAME)
    assert [str(error)[: len(problem)] for error in raised.value.errors] == [problem]


def of_length(chars: int) -> str:
    text = json.dumps({"rules": [rule()]})
    return text + " " * (chars - len(text))


@pytest.mark.parametrize("chars", [200, 30_720])
def test_a_text_of_an_accepted_length_is_read(chars: int) -> None:
    assert len(parse_policy_text(of_length(chars), NAME).rules) == 1
    assert len(parse_policy_text(of_length(chars).encode(), NAME).rules) == 1


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        (of_length(30_721), 30_721),
        (of_length(30_721).encode(), 30_721),
        ('{"rules":[]}', 12),
        (" " * 87 + '{"rules":[]}', 99),
    ],
    ids=["too-long", "too-long-as-bytes", "much-too-short", "too-short"],
)
def test_the_length_that_counts_is_that_of_the_text(text: str | bytes, chars: int) -> None:
    with pytest.raises(InputErrors) as raised:
        parse_policy_text(text, NAME)
    assert f"policy.json: has {chars} characters; accepted: 100 to 30720" in map(str, raised.value.errors)


def test_a_text_of_100_characters_is_not_too_short() -> None:
    with pytest.raises(InputErrors, match=r"^policy.json: rules: has 0 rules; accepted: 1 to 50$"):
        parse_policy_text(" " * 88 + '{"rules":[]}', NAME)


def test_a_text_counts_characters_and_not_bytes() -> None:
    text = json.dumps({"rules": [rule(description="\u00fc" * 30_000)]}, ensure_ascii=False)
    assert len(text) < 30_720 < len(text.encode())
    assert len(parse_policy_text(text.encode(), NAME).rules) == 1


def test_without_a_text_the_length_is_that_of_what_ecr_would_get() -> None:
    rules = [rule(description="x" * 30_720)]
    (found,) = mistakes(*rules)
    chars = len(json.dumps({"rules": rules}, separators=(",", ":")))
    assert found == f"policy.json: has {chars} characters; accepted: 100 to 30720"


def test_a_bare_list_of_rules_is_named_by_its_own_path() -> None:
    name = "container-registry:lifecycle"
    assert parse_rules([rule()], name) == parse_policy({"rules": [rule()]}, NAME)
    with pytest.raises(InputErrors) as raised:
        parse_rules([rule(), rule(countNumber=0)], name)
    lines = str(raised.value).splitlines()
    assert lines[0].startswith("container-registry:lifecycle[1].selection.countNumber: 0 is not accepted")
    assert lines[1].startswith("container-registry:lifecycle[1].rulePriority: 1 is the priority of rule [0] too")
    with pytest.raises(InputErrors, match=r"^container-registry:lifecycle: has 0 rules"):
        parse_rules([], name)
    with pytest.raises(InputErrors, match=r'^container-registry:lifecycle: "x" is not accepted; accepted: a list of'):
        parse_rules("x", name)


def test_of_very_many_problems_the_first_ones_are_shown() -> None:
    found = mistakes(*range(1000))
    assert len(found) == 201
    assert found[0] == "policy.json: rules: has 1000 rules; accepted: 1 to 50"
    assert found[-1] == "policy.json: and 801 more problems"


def test_values_that_only_yaml_has_are_refused_too() -> None:
    endless: list[object] = []
    endless.append(endless)
    keyed: dict[object, object] = {7: 1, None: 2}
    keyed.update(rule())
    assert [line.partition("; ")[0] for line in mistakes(endless, keyed, rule(countNumber=float("nan")))] == [
        "policy.json: rules[0]: a list is not accepted",
        "policy.json: rules[1].7: is not a known key",
        "policy.json: rules[1].None: is not a known key",
        "policy.json: rules[2].selection.countNumber: nan is not accepted",
        "policy.json: rules[2].rulePriority: 1 is the priority of rule [1] too",
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Anything at all
# ---------------------------------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["any", "expire"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("rulePriority", "selection", "action", "tagStatus", "tagPatternList", "storageClass", "countType", "countUnit")


@given(st.binary(max_size=300) | st.text(max_size=100) | VALUES.map(json.dumps))
def test_any_text_is_a_policy_or_refused(text: str | bytes) -> None:
    said = refusal(text)
    assert said.startswith("policy.json: ")
    assert all(line.isprintable() for line in said.splitlines())


@given(st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=4), st.integers(0, MAX_POLICY_BYTES))
def test_a_policy_with_any_values_in_it_is_read_or_refused(changes: list[tuple[str, object]], priority: int) -> None:
    raw = rule(priority)
    for key, value in changes:
        owner = raw if key in raw or not isinstance(raw["selection"], dict) else raw["selection"]
        owner[key] = value
    text = json.dumps({"rules": [raw, rule(2)]})
    assert refusal(text).startswith("policy.json: ")


def refusal(text: str | bytes) -> str:
    try:
        policy = parse_policy_text(text, NAME)
    except (InputError, InputErrors) as error:
        return str(error)
    assert parse_policy_text(policy.text, NAME) == policy
    return f"{NAME}: nothing"


def test_what_aws_prints_of_a_live_policy_is_a_policy() -> None:
    printed = json.dumps({"registryId": "0", "repositoryName": "x", "lifecyclePolicyText": DEFAULT_POLICY.text})
    assert parse_policy_text(printed, "p.json") == DEFAULT_POLICY
    with pytest.raises(InputError, match=r"^p.json: lifecyclePolicyText: is not valid JSON"):
        parse_policy_text('{"lifecyclePolicyText": "{"}', "p.json")
