from __future__ import annotations

import pytest

from ecr.access.principals import Access, PullPrincipals
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule, TagStatus
from ecr.lifecycle.rules import DEFAULT_POLICY
from ecr.registry import templates
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.repository import Encryption, EncryptionType, Mutability, TagMutability

ACCOUNT, REGION = "123456789012", "eu-west-1"
OTHER = "222222222222"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/creation"
CACHE = (AppliedFor.PULL_THROUGH_CACHE,)

PLAIN = CreationTemplate(prefix="docker-hub", applied_for=CACHE)
WHOLE = CreationTemplate(
    prefix="dev/team",
    applied_for=tuple(AppliedFor),
    description="for the team",
    tag_mutability=TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("latest",)),
    encryption=Encryption(EncryptionType.KMS, KEY),
    lifecycle=DEFAULT_POLICY,
    access=Access(pull=PullPrincipals(accounts=(OTHER,))),
    tags={"team": "shop"},
    role=ROLE,
)


def template(**changes: object) -> CreationTemplate:
    return CreationTemplate(**{"prefix": "docker-hub", "applied_for": CACHE, **changes})  # type: ignore[arg-type]  # the tables are checked by running them


def found(*made: CreationTemplate, account: str | None = ACCOUNT, region: str | None = REGION) -> list[str]:
    return [f"{problem.path}: {problem.reason}" for problem in templates.problems(made, account=account, region=region)]


@pytest.mark.parametrize("account", [ACCOUNT, None])
@pytest.mark.parametrize("region", [REGION, None])
def test_templates_may_be_nested_because_the_longer_prefix_holds(account: str | None, region: str | None) -> None:
    everything = template(prefix="ROOT")
    assert found(PLAIN, WHOLE, everything, template(prefix="dev"), account=account, region=region) == []


def test_by_default_tags_can_be_moved_so_that_a_cache_is_kept_up_to_date() -> None:
    assert PLAIN.tag_mutability == TagMutability(Mutability.MUTABLE)


ROLES = [
    pytest.param({}, False, id="plain"),
    pytest.param({"lifecycle": DEFAULT_POLICY, "access": WHOLE.access}, False, id="policies"),
    pytest.param({"tags": {"team": "shop"}}, True, id="tags"),
    pytest.param({"encryption": Encryption(EncryptionType.KMS)}, True, id="KMS"),
]


@pytest.mark.parametrize(("changes", "needed"), ROLES)
def test_tags_and_kms_need_a_role(changes: dict[str, object], needed: bool) -> None:  # noqa: FBT001
    assert template(**changes).needs_role is needed


PREFIXES = [
    pytest.param("a", True, id="1 character"),
    pytest.param("a" * 256, True, id="256 characters"),
    pytest.param("a" * 257, False, id="257 characters"),
    pytest.param("dev/team-a", True, id="a part of a part"),
    pytest.param("ROOT", True, id="root"),
    pytest.param("", False, id="empty"),
    pytest.param("dev/", False, id="slash at the end"),
    pytest.param("Dev", False, id="a capital"),
    pytest.param("dev*", False, id="wildcard"),
    pytest.param("dev\n", False, id="line break"),
]


@pytest.mark.parametrize(("prefix", "accepted"), PREFIXES)
def test_a_prefix_is_written_as_ecr_takes_it(prefix: str, accepted: bool) -> None:  # noqa: FBT001
    assert templates.is_prefix(prefix) is accepted
    assert (found(template(prefix=prefix)) == []) is accepted


BAD_POLICY = LifecyclePolicy((PolicyRule(priority=1, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=0),))
FAR = Access(pull=PullPrincipals(roles=(f"arn:aws-cn:iam::{OTHER}:role/x",)))
MANY = Access(pull=PullPrincipals(accounts=tuple(f"{number:012}" for number in range(400))))

BAD = [
    pytest.param({"applied_for": ()}, "[0].for: is empty; a template is for at least one", id="for nothing"),
    pytest.param({"applied_for": CACHE * 2}, "[0].for[1]: stands in the list twice; take one out", id="twice"),
    pytest.param({"description": "x" * 257}, '[0].description: "xxx', id="a long description"),
    pytest.param({"description": "a\nb"}, "[0].description: ", id="two lines"),
    pytest.param({"tags": {f"k{n}": "" for n in range(51)}}, "[0].tags: has 51 tags", id="51 tags"),
    pytest.param({"tags": {"aws:x": ""}}, '[0].tags: "aws:x" is not accepted', id="a reserved key"),
    pytest.param({"tags": {"": "x"}}, '[0].tags: "" is not accepted', id="an empty key"),
    pytest.param({"tags": {"k" * 129: "x"}}, "[0].tags: ", id="a long key"),
    pytest.param({"tags": {"k": "x" * 257}}, "[0].tags.k: ", id="a long value"),
    pytest.param({"tags": {"k": "a;b"}}, '[0].tags.k: "a;b" is not accepted', id="a value with a semicolon"),
    pytest.param({"lifecycle": BAD_POLICY}, "[0].lifecycle[0].selection.countNumber: 0 is not", id="lifecycle"),
    pytest.param({"role": "creation"}, '[0].role: "creation" is not accepted', id="a role's name"),
    pytest.param({"role": ROLE.replace(ACCOUNT, OTHER)}, f"[0].role: is in account {OTHER}, and", id="its account"),
    pytest.param({"role": ROLE.replace(":aws:", ":aws-cn:")}, "[0].role: is in account", id="its partition"),
    pytest.param(
        {"encryption": Encryption(EncryptionType.KMS, KEY.replace(REGION, "us-east-1"))},
        f"[0].encryption.keyArn: is in us-east-1, and repositories in {REGION} need a key there",
        id="a key of another Region",
    ),
    pytest.param({"access": FAR}, "[0].access: arn:aws-cn:iam", id="access of another partition"),
    pytest.param({"access": MANY}, "[0].access: the repository policy would have", id="access of too many"),
]


@pytest.mark.parametrize(("changes", "line"), BAD)
def test_a_template_that_ecr_would_refuse_is_refused(changes: dict[str, object], line: str) -> None:
    (problem,) = found(template(**changes))
    assert problem.startswith(line)


def test_no_two_templates_have_one_prefix() -> None:
    assert found(PLAIN, WHOLE, PLAIN) == [
        '[2].prefix: "docker-hub" is the prefix of another template too; take one out'
    ]


def test_where_the_registry_is_not_known_its_place_is_not_judged() -> None:
    there = template(role=ROLE.replace(ACCOUNT, OTHER), encryption=Encryption(EncryptionType.KMS, KEY))
    assert found(there, template(prefix="cn", access=FAR), account=None, region=None) == []


def test_a_key_goes_with_kms() -> None:
    place = {"account": ACCOUNT, "region": REGION, "partition": "aws"}
    with pytest.raises(ValueError, match="a key goes with KMS"):
        templates.role_permissions(PLAIN, **place, key_arn=KEY)
    with pytest.raises(ValueError, match="KMS needs one"):
        templates.role_permissions(WHOLE, **place, key_arn=None)
