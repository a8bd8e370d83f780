from __future__ import annotations

import json

import pytest

from ecr.access.principals import Access, PullPrincipals
from ecr.lifecycle.policy import TagStatus
from ecr.lifecycle.rules import compile_policy, expire_after, keep_latest
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.registry_config import read_registry
from ecr.repository import Encryption, EncryptionType, Mutability, TagMutability
from tests.unit.ecr import stack_files

ACCOUNT, REGION = "123456789012", "eu-west-1"
OTHER = "222222222222"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/creation"
PATH = "container-registry:registry.creationTemplates"

HUB = {"prefix": "docker-hub", "for": ["pullThroughCache"]}
RAW = {
    "rulePriority": 1,
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
    "action": {"type": "expire"},
}


def read(value: object, *, region: str | None = REGION) -> tuple[CreationTemplate, ...]:
    found = stack_files.read("registry", {"creationTemplates": value}, lambda top: read_registry(top, region=region))
    assert found is not None
    return found.creation_templates


def mistakes(value: object) -> list[str]:
    return stack_files.mistakes(lambda: read(value))


def test_a_template_needs_a_prefix_and_what_it_is_for() -> None:
    assert read([HUB]) == (CreationTemplate(prefix="docker-hub", applied_for=(AppliedFor.PULL_THROUGH_CACHE,)),)


def test_all_that_a_template_can_say_is_read() -> None:
    whole = {
        "prefix": "ROOT",
        "for": ["replication", "createOnPush", "pullThroughCache"],
        "description": "for the rest",
        "tagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "mutabilityExclusions": ["latest"],
        "encryption": {"type": "KMS", "keyArn": KEY},
        "lifecycle": [{"keep": 10}, {"expireDays": 7, "untagged": True}],
        "access": {"pull": {"accounts": [OTHER]}},
        "tags": {"team": "shop"},
        "role": ROLE,
    }
    assert read([whole]) == (
        CreationTemplate(
            prefix="ROOT",
            applied_for=(AppliedFor.REPLICATION, AppliedFor.CREATE_ON_PUSH, AppliedFor.PULL_THROUGH_CACHE),
            description="for the rest",
            tag_mutability=TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("latest",)),
            encryption=Encryption(EncryptionType.KMS, KEY),
            lifecycle=compile_policy([keep_latest(10), expire_after(7, tag_status=TagStatus.UNTAGGED)]),
            access=Access(pull=PullPrincipals(accounts=(OTHER,))),
            tags={"team": "shop"},
            role=ROLE,
        ),
    )


def test_lifecycle_rules_are_those_of_a_stack_in_both_forms() -> None:
    (typed, raw, none) = read(
        [
            {**HUB, "lifecycle": [{"keep": 5}]},
            {**HUB, "prefix": "raw", "lifecycle": [RAW]},
            {**HUB, "prefix": "none", "lifecycle": []},
        ]
    )
    assert typed.lifecycle == compile_policy([keep_latest(5)])
    assert raw.lifecycle is not None
    assert json.loads(raw.lifecycle.text)["rules"][0]["selection"] == RAW["selection"]
    assert none.lifecycle is None


def test_kms_without_a_key_is_for_the_program_to_make() -> None:
    assert read([{**HUB, "encryption": {"type": "KMS"}}])[0].encryption == Encryption(EncryptionType.KMS)


SHAPES = [
    pytest.param([], ": is empty; give it a value, or take the key out", id="an empty list"),
    pytest.param({}, ": {} is not accepted; accepted: a list", id="an object"),
    pytest.param("docker-hub", ': "docker-hub" is not accepted; accepted: a list', id="a text"),
    pytest.param(["docker-hub"], '[0]: "docker-hub" is not accepted; accepted: an object', id="a list of names"),
    pytest.param([HUB, HUB], '[1].prefix: "docker-hub" is the prefix of another template too', id="twice"),
]
KEYS = [
    pytest.param({"for": ["replication"]}, "[0].prefix: is missing; accepted: 1 to 256 characters", id="no prefix"),
    pytest.param(
        {"prefix": "a"},
        "[0].for: is missing; accepted: a list of at least one, each one of pullThroughCache",
        id="for nothing",
    ),
    pytest.param({**HUB, "for": []}, "[0].for: is empty; accepted: a list of at least one", id="for an empty list"),
    pytest.param({**HUB, "for": "replication"}, '[0].for: "replication" is not accepted; accepted: a', id="for a text"),
    pytest.param({**HUB, "for": ["PULL_THROUGH_CACHE"]}, '[0].for[0]: "PULL_THROUGH_CACHE" is not', id="ECR's words"),
    pytest.param({**HUB, "for": ["push"]}, '[0].for[0]: "push" is not accepted; accepted: one of', id="for push"),
    pytest.param(
        {**HUB, "for": ["replication"] * 2}, '[0].for[1]: "replication" stands in the list twice', id="for one twice"
    ),
    pytest.param({**HUB, "for": None}, "[0].for: has no value", id="for without a value"),
    pytest.param({**HUB, "prefix": None}, "[0].prefix: has no value", id="prefix without a value"),
    pytest.param({**HUB, "lifecycle": None}, "[0].lifecycle: has no value", id="lifecycle without a value"),
    pytest.param({**HUB, "access": None}, "[0].access: has no value", id="access without a value"),
    pytest.param({**HUB, "prefix": 7}, "[0].prefix: 7 is not accepted", id="a number"),
    pytest.param({**HUB, "prefix": "hub/"}, '[0].prefix: "hub/" is not accepted', id="slash at the end"),
    pytest.param({**HUB, "prefix": "Hub"}, '[0].prefix: "Hub" is not accepted', id="capital"),
    pytest.param({**HUB, "prefix": "h" * 257}, '[0].prefix: "hhh', id="257 characters"),
    pytest.param({**HUB, "description": "d" * 257}, '[0].description: "ddd', id="a long description"),
    pytest.param({**HUB, "description": "a\nb"}, '[0].description: "a', id="two lines"),
    pytest.param({**HUB, "description": 7}, "[0].description: 7 is not accepted", id="description of 7"),
    pytest.param({**HUB, "scanOnPush": True}, "[0].scanOnPush: is not a known key; known: access,", id="unknown key"),
    pytest.param({**HUB, "policy": "{}"}, "[0].policy: is not a known key", id="a policy of one's own"),
    pytest.param({**HUB, "role": "creation"}, '[0].role: "creation" is not accepted', id="a role's name"),
    pytest.param({**HUB, "role": "make"}, '[0].role: "make" is not accepted', id="make"),
]
SETTINGS = [
    pytest.param({"tagMutability": "immutable"}, "tagMutability: ", id="small letters"),
    pytest.param({"mutabilityExclusions": ["latest"]}, "mutabilityExclusions: goes with a", id="exclusions alone"),
    pytest.param(
        {"tagMutability": "MUTABLE_WITH_EXCLUSION"}, "mutabilityExclusions: is missing", id="exclusions missing"
    ),
    pytest.param(
        {"tagMutability": "MUTABLE_WITH_EXCLUSION", "mutabilityExclusions": ["a*b*c*"]},
        'mutabilityExclusions[0]: "a*b*c*" is not accepted',
        id="three wildcards",
    ),
    pytest.param({"encryption": "KMS"}, 'encryption: "KMS" is not accepted; accepted: an object', id="KMS as a text"),
    pytest.param({"encryption": {"type": "KMS_DSSE"}}, 'encryption.type: "KMS_DSSE" is not', id="two layers"),
    pytest.param({"encryption": {"keyArn": KEY}}, "encryption.keyArn: goes with type KMS only", id="key without KMS"),
    pytest.param(
        {"encryption": {"type": "KMS", "keyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/images"}},
        "encryption.keyArn: ",
        id="alias",
    ),
    pytest.param({"encryption": {"type": "KMS", "key": KEY}}, "encryption.key: is not a known key", id="unknown in it"),
    pytest.param(
        {"encryption": {"type": "KMS", "keyArn": KEY.replace(REGION, "us-east-1")}},
        "encryption.keyArn: is in us-east-1",
        id="key of another Region",
    ),
    pytest.param({"tags": {"aws:team": "shop"}}, 'tags: "aws:team" is not accepted', id="reserved tag"),
    pytest.param({"tags": {"team": 7}}, "tags.team: 7 is not accepted", id="tag of 7"),
    pytest.param({"tags": {"team": "a;b"}}, 'tags.team: "a;b" is not accepted', id="tag with a semicolon"),
    pytest.param({"tags": ["team"]}, 'tags: ["team"] is not accepted; accepted: an object', id="a list of tags"),
    pytest.param({"tags": {f"k{n}": "v" for n in range(51)}}, "tags: has 51 tags", id="51 tags"),
    pytest.param({"lifecycle": [{"keep": 0}]}, "lifecycle[0].keep: 0 is not accepted", id="keep nothing"),
    pytest.param({"lifecycle": [{"kepp": 10}]}, "lifecycle[0].kepp: is not a known key", id="misspelt rule"),
    pytest.param({"lifecycle": [{"keep": 1, "expireDays": 1}]}, "lifecycle[0]: names keep and expireDays", id="both"),
    pytest.param({"lifecycle": {"keep": 10}}, 'lifecycle: {"keep": 10} is not accepted', id="no list of rules"),
    pytest.param({"lifecycle": [RAW, {"keep": 10}]}, "lifecycle[0]: is in ECR's own form", id="two forms"),
    pytest.param(
        {"lifecycle": [{**RAW, "rulePriority": 0}]}, "lifecycle[0].rulePriority: 0 is not accepted", id="raw rule"
    ),
    pytest.param({"access": {"pull": {"accounts": [7]}}}, "access.pull.accounts[0]: 7 is not accepted", id="account 7"),
    pytest.param({"access": {"pul": {}}}, "access.pul: is not a known key", id="misspelt access"),
    pytest.param(
        {"access": {"pull": {"roles": [f"arn:aws-cn:iam::{OTHER}:role/x"]}}}, "access.pull.roles[0]: ", id="from China"
    ),
]


@pytest.mark.parametrize(("value", "line"), SHAPES)
def test_anything_but_a_list_of_templates_is_refused(value: object, line: str) -> None:
    (mistake,) = mistakes(value)
    assert mistake.startswith(PATH + line)


@pytest.mark.parametrize(("template", "line"), KEYS)
def test_a_template_with_a_mistake_is_refused_by_its_key(template: object, line: str) -> None:
    (mistake,) = mistakes([template])
    assert mistake.startswith(PATH + line)


@pytest.mark.parametrize(("settings", "line"), SETTINGS)
def test_settings_are_refused_as_those_of_a_repository_are(settings: dict[str, object], line: str) -> None:
    (mistake,) = mistakes([{**HUB, **settings}])
    assert mistake.startswith(f"{PATH}[0].{line}")


def test_all_mistakes_are_told_at_once_each_in_its_place() -> None:
    found = mistakes([{"prefix": "hub"}, "hub", HUB, {**HUB, "x": 1}, {**HUB, "for": []}, HUB])
    assert [mistake.partition(": ")[0].removeprefix(PATH) for mistake in found] == [
        "[1]",
        "[0].for",
        "[3].x",
        "[4].for",
    ]
