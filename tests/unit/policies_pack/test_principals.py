from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.principals import POLICIES
from policies.rules.values import UNKNOWN, Value
from tests.unit.policies_pack.asking import TEMPLATE, said

REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
ROLE = "arn:aws:iam::123456789012:role/deploy"


def statement(principal: Value = "*", condition: Value = None, effect: str = "Allow") -> dict[str, Value]:
    given = {"Effect": effect, "Principal": principal, "Action": "ecr:BatchGetImage", "Condition": condition}
    return {key: value for key, value in given.items() if value is not None}


def told(*statements: Value) -> list[str]:
    return said("no-public-principal", REPOSITORY_POLICY, policy={"Version": "2012-10-17", "Statement": statements})


PUBLIC: dict[str, Value] = {
    "a star": "*",
    "AWS": {"AWS": "*"},
    "one of several": {"AWS": [ROLE, "*"]},
    "any account": {"AWS": "arn:aws:iam::*:root"},
    "any account by a question mark": {"AWS": "arn:aws:iam::1234567890?2:root"},
    "a variable": {"AWS": "arn:aws:iam::${aws:PrincipalAccount}:root"},
    "any service": {"Service": "*"},
    "any provider": {"Federated": "*"},
    "next to a service": {"Service": "lambda.amazonaws.com", "AWS": "*"},
    "a service, for anybody": {"Service": "lambda.amazonaws.com"},
    "a service in another case": {"service": ["lambda.amazonaws.com"]},
    "whom a provider vouches for": {"Federated": "accounts.google.com"},
    "whom a provider of an account vouches for": {"Federated": "arn:aws:iam::123456789012:oidc-provider/example.com"},
}
NAMED: dict[str, Value] = {
    "an account": {"AWS": "123456789012"},
    "its root": {"AWS": "arn:aws:iam::123456789012:root"},
    "a role": {"AWS": ROLE},
    "roles": {"AWS": [ROLE, "arn:aws-cn:iam::123456789012:role/b"]},
    "nobody": {},
    "nothing": None,
}
# Each with a pair as near as can be that does not narrow.
NARROW: dict[str, tuple[Value, Value]] = {
    "organization": (
        {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}},
        {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
    ),
    "organization in another case": (
        {"stringequals": {"AWS:principalorgid": "o-abc123"}},
        {"StringEquals": {"aws:PrincipalOrg": "o-abc123"}},
    ),
    "organization, if there is one": (
        {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}},
        {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc123"}},
    ),
    "organization or not": (
        {"StringEquals": {"aws:PrincipalOrgID": ["o-abc123", "o-abc124"]}},
        {"StringNotEquals": {"aws:PrincipalOrgID": ["o-abc123", "o-abc124"]}},
    ),
    "one of the values is all": (
        {"StringLike": {"aws:PrincipalOrgID": ["o-abc123"]}},
        {"StringLike": {"aws:PrincipalOrgID": ["o-abc123", "*"]}},
    ),
    "no values": ({"StringLike": {"aws:SourceAccount": ["123456789012"]}}, {"StringLike": {"aws:SourceAccount": []}}),
    "unit of an organization": (
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-abc123/r-ab12/ou-1/*"]}},
        {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": ["o-abc123/r-ab12/ou-1/*"]}},
    ),
    "any organization's unit": (
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-abc123/*"]}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["*/r-ab12/*"]}},
    ),
    "roles of an account": (
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/ci-*"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci-*"}},
    ),
    "roles of an account in any partition": (
        {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::123456789012:role/*"}},
        {"StringLike": {"aws:PrincipalArn": "arn:*:iam::123456789012:role/*"}},
    ),
    "roles of an account, matched as a text": (
        {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}},
        {"StringLike": {"aws:PrincipalArn": "arn:aws:iam:*:123456789012:role/*"}},
    ),
    "a source in any Region": (
        {"ArnEquals": {"aws:SourceArn": "arn:aws:lambda:*:123456789012:function:a"}},
        {"StringLike": {"aws:SourceArn": "arn:aws:lambda:*:123456789012:function:a"}},
    ),
    "a source that has no account": (
        {"StringEquals": {"aws:SourceArn": "arn:aws:s3:::bucket"}},
        {"StringLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
    ),
    "a source": (
        {"ArnEquals": {"aws:SourceArn": "arn:aws:lambda:eu-west-1:123456789012:function:*"}},
        {"ArnEquals": {"aws:SourceArn": "arn:aws:lambda:*:*:function:*"}},
    ),
    "an endpoint": (
        {"StringEquals": {"aws:SourceVpce": "vpce-0a"}},
        {"StringLike": {"aws:SourceVpce": "vpce-*"}},
    ),
    "addresses": ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"IpAddress": {"aws:SourceIp": "10.0.0.0/7"}}),
    "addresses of version 6": (
        {"IpAddress": {"aws:SourceIp": "2001:db8::/32"}},
        {"IpAddress": {"aws:SourceIp": "2001:db8::/31"}},
    ),
    "addresses here and there": (
        {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32", "10.1.0.0/16"]}},
        {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32", "11.0.0.0/8"]}},
    ),
    "all addresses, in small ranges": (
        {"IpAddress": {"aws:SourceIp": [f"{n}.0.0.0/16" for n in range(256)]}},
        {"IpAddress": {"aws:SourceIp": [f"{n}.0.0.0/8" for n in range(256)]}},
    ),
    "all addresses but some": (
        {"IpAddress": {"aws:SourceIp": "203.0.113.7"}},
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.7"}},
    ),
    "no address": ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, {"IpAddress": {"aws:SourceIp": ["x"]}}),
    "two conditions": (
        {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:PrincipalAccount": "123456789012"}},
        {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    ),
    "a user": ({"StringLike": {"aws:userid": "AROAABC:*"}}, {"StringLike": {"aws:userid": "*:session"}}),
    "some condition": (
        {"StringEquals": {"aws:SourceVpc": "vpc-0a"}},
        {"Bool": {"aws:PrincipalIsAWSService": "false"}},
    ),
}


@pytest.mark.parametrize("principal", PUBLIC.values(), ids=PUBLIC)
def test_everybody_is_refused(principal: Value) -> None:
    [line] = told(statement(principal))
    assert "policy.Statement[0] allows the principal " in line
    assert "without a condition that names anybody: name the accounts or roles" in line
    assert told(statement(principal, effect="Deny")) == []
    assert told(statement(principal, {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}})) == []


def test_services_name_whom_they_act_for() -> None:
    service: Value = {"Service": "lambda.amazonaws.com"}
    [line] = told(statement(service))
    assert line.startswith("policy.Statement[0] allows the principal {'Service': 'lambda.amazonaws.com'}, without a")
    for condition in (
        {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:eu-west-1:123456789012:function:*"}},
        {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        {"StringEquals": {"aws:SourceOrgID": "o-abc123"}},
    ):
        assert told(statement(service, condition)) == []


@pytest.mark.parametrize("principal", NAMED.values(), ids=NAMED)
def test_those_who_are_named_pass(principal: Value) -> None:
    assert told(statement(principal)) == []


@pytest.mark.parametrize(("narrow", "wide"), NARROW.values(), ids=NARROW)
def test_conditions_narrow_when_they_name_somebody(narrow: Value, wide: Value) -> None:
    assert told(statement("*", narrow)) == []
    assert len(told(statement("*", wide))) == 1


def test_everybody_but_some_is_everybody() -> None:
    without: dict[str, Value] = {"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": "ecr:*"}
    assert "allows everybody but its NotPrincipal" in told(without)[0]
    assert told({**without, "Effect": "Deny"}) == []


def test_each_statement_is_told() -> None:
    lines = told(statement({"AWS": ROLE}), statement(), statement({"AWS": "*"}))
    assert [line.split(" ", 1)[0] for line in lines] == ["policy.Statement[1]", "policy.Statement[2]"]


def test_a_single_statement_needs_no_list_and_keys_no_case() -> None:
    document: Value = {"statement": statement()}
    assert said("no-public-principal", REPOSITORY_POLICY, policy={"Statement": statement()}) != []
    assert said("no-public-principal", REPOSITORY_POLICY, policy=document) != []
    assert told({"effect": "Allow", "principal": "*"}) != []


TWICE: dict[str, tuple[str, str]] = {
    "statement": ('{"Statement": [{"Effect": "Allow", "Principal": "*"}], "Statement": []}', "Statement"),
    "principal": ('{"Statement": {"Effect": "Allow", "Principal": "*", "Principal": {"AWS": "1"}}}', "Principal"),
    "in another case": ('{"Statement": {"Effect": "Deny", "effect": "Allow", "Principal": "*"}}', "effect"),
    "statement in another case": ('{"Statement": [], "STATEMENT": [{"Effect": "Allow"}]}', "statement"),
    "condition": (
        '{"Statement": {"Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "v"}, "stringequals": {}}}}',
        "stringequals",
    ),
    "deep down": ("[" * 900 + '{"a": 1, "A": 2}' + "]" * 900, "a"),
}


@pytest.mark.parametrize(("text", "key"), TWICE.values(), ids=TWICE)
def test_what_is_written_twice_hides_nothing(text: str, key: str) -> None:
    line = f"policy has the key {key!r} twice, so nobody can tell whom it allows: write each key once"
    assert said("no-public-principal", REPOSITORY_POLICY, policy=text) == [line]


def test_keys_of_a_value_that_differ_in_case_are_told_too() -> None:
    assert "has the key 'effect' twice" in told({"Effect": "Allow", "effect": "Deny", "Principal": "*"})[0]


@pytest.mark.parametrize(("type_token", "key"), POLICIES.items(), ids=POLICIES)
def test_all_kinds_of_policies_are_read_as_text(type_token: str, key: str) -> None:
    good, bad = (json.dumps({"Statement": [statement(principal)]}) for principal in ({"AWS": ROLE}, "*"))
    assert said("no-public-principal", type_token, **{key: good}) == []
    assert [line.split(" ", 1)[0] for line in said("no-public-principal", type_token, **{key: bad})] == [
        f"{key}.Statement[0]"
    ]


@pytest.mark.parametrize("policy", ["{", "[]", "[" * 100_000, "7", 7, None], ids=lambda value: str(value)[:5])
def test_what_is_no_policy_is_told_without_its_text(policy: Value) -> None:
    [line] = said("no-public-principal", REPOSITORY_POLICY, policy=policy)
    assert line in {
        "policy is not JSON, so nobody can tell whom it allows: write it as JSON",
        "policy is not a policy in JSON, so nobody can tell whom it allows: write it as JSON",
    }


def test_a_template_needs_no_policy() -> None:
    assert said("no-public-principal", TEMPLATE) == []


UNDECIDED: dict[str, tuple[Value, str]] = {
    "the policy": (UNKNOWN, "? policy"),
    "a statement": ({"Statement": [UNKNOWN]}, "? policy.Statement[0]"),
    "a principal": ({"Statement": [statement({"AWS": [ROLE, UNKNOWN]})]}, "? policy.Statement[0].Principal"),
    "principals": ({"Statement": [statement(UNKNOWN)]}, "? policy.Statement[0].Principal"),
    "conditions": ({"Statement": [statement("*", UNKNOWN)]}, "? policy.Statement[0].Condition"),
    "a condition's value": (
        {"Statement": [statement("*", {"StringEquals": {"aws:PrincipalOrgID": UNKNOWN}})]},
        "? policy.Statement[0].Condition",
    ),
}


@pytest.mark.parametrize(("policy", "line"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_is_not_known_is_told_as_such(policy: Value, line: str) -> None:
    assert said("no-public-principal", REPOSITORY_POLICY, policy=policy) == [line]


def test_what_is_known_decides_where_it_can() -> None:
    narrow: Value = {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}
    assert told(statement({"AWS": UNKNOWN}, narrow)) == []
    assert told(statement({"AWS": ROLE}, UNKNOWN)) == []
    assert "allows the principal" in told(statement({"AWS": [UNKNOWN, "*"]}))[0]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("*") | st.just(UNKNOWN),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["Effect", "Principal", "AWS", "Condition", "StringEquals", "x"]), below)
    ),
    max_leaves=8,
)


@given(values)
def test_no_document_is_too_strange(document: Value) -> None:
    for line in said("no-public-principal", REPOSITORY_POLICY, policy={"Statement": document}):
        assert "\n" not in line


@given(st.lists(st.sampled_from([ROLE, "123456789012", "*"]), min_size=1, max_size=4))
def test_the_order_of_principals_does_not_matter(principals: list[str]) -> None:
    assert bool(told(statement({"AWS": principals}))) == ("*" in principals)
    assert bool(told(statement({"AWS": principals[::-1]}))) == ("*" in principals)
