"""The evaluator itself, by the examples and the rules of the IAM user guide."""

from __future__ import annotations

import pytest

from tests.policies import evaluator
from tests.policies.conditions import Context, NotUnderstoodError
from tests.policies.evaluator import Decision, Principal, Request

ROLE = "arn:aws:iam::123456789012:role/team/deployer"
USER = "arn:aws:iam::123456789012:user/ann"
SESSION = "arn:aws:sts::123456789012:assumed-role/deployer/ci"
CODEBUILD = "codebuild.amazonaws.com"
GITHUB = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def policy(*statements: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(**elements: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "ecr:BatchGetImage", **elements}


def decided(document: dict[str, object], **request: object) -> Decision:
    return evaluator.decide(document, Request(action="ecr:BatchGetImage", **request))  # type: ignore[arg-type]  # tables


# ---------------------------------------------------------------------------------------------------------------------
# Condition operators
# ---------------------------------------------------------------------------------------------------------------------

# "If the key that you specify in a policy condition is not present in the request context, the values do not match and
# the condition is false. If the policy condition requires that the key is not matched, [...] the condition is true."
KEY = "aws:PrincipalTag/job-category"
PATHS = "aws:PrincipalOrgPaths"
SOURCE = "aws:SourceArn"
FINANCE = "arn:aws:someservice:*:111122223333:finance/*"
FALSE_FRIEND = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
ASKED = "dynamodb:requestedAttributes"
COLUMNS = ["PostDateTime", "Message", "Tags"]
UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"
BELOW = ("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/",)
BESIDE = ("o-a1b2c3d4e5/r-ab12/ou-ab12-33333333/",)

CONDITIONS: list[tuple[str, dict[str, dict[str, object]], Context, bool]] = [
    ("equal", {"StringEquals": {KEY: "iamuser-admin"}}, {KEY: "iamuser-admin"}, True),
    ("another value", {"StringEquals": {KEY: "iamuser-admin"}}, {KEY: "admin"}, False),
    ("case matters", {"StringEquals": {KEY: "iamuser-admin"}}, {KEY: "IamUser-Admin"}, False),
    ("names of keys ignore case", {"StringEquals": {"aws:sourceARN": "a"}}, {"aws:SourceArn": "a"}, True),
    ("no wildcards in equals", {"StringEquals": {KEY: "iamuser-*"}}, {KEY: "iamuser-admin"}, False),
    ("missing key", {"StringEquals": {KEY: "iamuser-admin"}}, {}, False),
    ("one of several values", {"StringEquals": {KEY: ["a", "b"]}}, {KEY: "b"}, True),
    ("none of several values", {"StringEquals": {KEY: ["a", "b"]}}, {KEY: "c"}, False),
    ("all lines must hold", {"StringEquals": {KEY: "a", SOURCE: "b"}}, {KEY: "a"}, False),
    (
        "all operators must hold",
        {"StringEquals": {KEY: "a"}, "StringLike": {SOURCE: "b*"}},
        {KEY: "a", SOURCE: "c"},
        False,
    ),
    ("all hold", {"StringEquals": {KEY: "a"}, "StringLike": {SOURCE: "b*"}}, {KEY: "a", SOURCE: "bc"}, True),
    ("ignoring case", {"StringEqualsIgnoreCase": {KEY: "ADMIN"}}, {KEY: "admin"}, True),
    ("not ignoring case", {"StringNotEqualsIgnoreCase": {KEY: "ADMIN"}}, {KEY: "admin"}, False),
    ("not equal", {"StringNotEquals": {KEY: "a"}}, {KEY: "b"}, True),
    ("not equal, but it is", {"StringNotEquals": {KEY: "a"}}, {KEY: "a"}, False),
    ("not equal to each of several", {"StringNotEquals": {KEY: ["a", "b"]}}, {KEY: "b"}, False),
    ("not equal, missing key", {"StringNotEquals": {KEY: "a"}}, {}, True),
    ("not like, missing key", {"StringNotLike": {KEY: "a*"}}, {}, True),
    ("ARN not like, missing key", {"ArnNotLike": {SOURCE: FINANCE}}, {}, True),
    ("star", {"StringLike": {KEY: "home/*"}}, {KEY: "home/ann/x"}, True),
    ("star for nothing", {"StringLike": {KEY: "home/*"}}, {KEY: "home/"}, True),
    ("question mark", {"StringLike": {KEY: "v?"}}, {KEY: "v1"}, True),
    ("question mark is one character", {"StringLike": {KEY: "v?"}}, {KEY: "v12"}, False),
    ("a dot is a dot", {"StringLike": {KEY: "a.c*"}}, {KEY: "abc"}, False),
    ("like is anchored in front", {"StringLike": {KEY: "home*"}}, {KEY: "/home"}, False),
    ("like is case-sensitive", {"StringLike": {KEY: "Home*"}}, {KEY: "home"}, False),
    ("like, missing key", {"StringLike": {KEY: "*"}}, {}, False),
    ("like goes over colons", {"StringLike": {SOURCE: FINANCE}}, {SOURCE: FALSE_FRIEND}, True),
    ("an ARN's parts are apart", {"ArnLike": {SOURCE: FINANCE}}, {SOURCE: FALSE_FRIEND}, False),
    ("an ARN alike", {"ArnLike": {SOURCE: FINANCE}}, {SOURCE: "arn:aws:someservice:x:111122223333:finance/d"}, True),
    (
        "ArnEquals takes wildcards",
        {"ArnEquals": {SOURCE: FINANCE}},
        {SOURCE: "arn:aws:someservice:x:111122223333:finance/d"},
        True,
    ),
    ("ArnEquals, missing key", {"ArnEquals": {SOURCE: FINANCE}}, {}, False),
    ("no ARN", {"ArnLike": {SOURCE: FINANCE}}, {SOURCE: "finance"}, False),
    ("if it exists, and it doesn't", {"StringLikeIfExists": {KEY: ["t1.*", "t2.*"]}}, {}, True),
    ("if it exists, and matches", {"StringLikeIfExists": {KEY: ["t1.*", "t2.*"]}}, {KEY: "t2.micro"}, True),
    ("if it exists, and does not match", {"StringLikeIfExists": {KEY: ["t1.*", "t2.*"]}}, {KEY: "m3.large"}, False),
    ("not equal if it exists, missing", {"StringNotEqualsIfExists": {KEY: "a"}}, {}, True),
    ("not equal if it exists, equal", {"StringNotEqualsIfExists": {KEY: "a"}}, {KEY: "a"}, False),
    ("must be absent", {"Null": {"aws:TokenIssueTime": "true"}}, {}, True),
    (
        "must be absent, is there",
        {"Null": {"aws:TokenIssueTime": "true"}},
        {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"},
        False,
    ),
    ("must be there", {"Null": {"aws:TokenIssueTime": "false"}}, {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}, True),
    ("must be there, is absent", {"Null": {"aws:TokenIssueTime": "false"}}, {}, False),
    ("no values are as absent", {"Null": {PATHS: "false"}}, {PATHS: ()}, False),
    ("true", {"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "true"}, True),
    ("a boolean of JSON", {"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": "true"}, True),
    ("false", {"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "false"}, False),
    ("boolean, missing key", {"Bool": {"aws:SecureTransport": "false"}}, {}, False),
    ("at most", {"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, True),
    ("too many", {"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "11"}, False),
    ("numbers, not texts", {"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
    ("numbers equal", {"NumericEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10.0"}, True),
    ("numbers not equal", {"NumericNotEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, False),
    ("greater", {"NumericGreaterThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, False),
    ("greater or equal", {"NumericGreaterThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, True),
    ("number, missing key", {"NumericLessThan": {"s3:max-keys": "10"}}, {}, False),
    (
        "later",
        {"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}},
        {"aws:TokenIssueTime": "2020-06-01T00:00:00Z"},
        True,
    ),
    (
        "not later",
        {"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}},
        {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"},
        False,
    ),
    (
        "epoch",
        {"DateLessThanEquals": {"aws:CurrentTime": "1577836801"}},
        {"aws:CurrentTime": "2020-01-01T00:00:01Z"},
        True,
    ),
    (
        "date equal",
        {"DateEquals": {"aws:CurrentTime": "2020-01-01"}},
        {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
        True,
    ),
    (
        "date not equal",
        {"DateNotEquals": {"aws:CurrentTime": "2020-01-01"}},
        {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
        False,
    ),
    (
        "in the network",
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}},
        {"aws:SourceIp": "203.0.113.255"},
        True,
    ),
    (
        "in the other network",
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}},
        {"aws:SourceIp": "2001:db8:1234:5678::1"},
        True,
    ),
    ("out of the network", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.114.0"}, False),
    ("address, missing key", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, {}, False),
    (
        "not in the network",
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"aws:SourceIp": "203.0.113.1"},
        False,
    ),
    ("all are listed", {"ForAllValues:StringLike": {ASKED: COLUMNS}}, {ASKED: ("PostDateTime", "Message")}, True),
    ("one is not listed", {"ForAllValues:StringLike": {ASKED: COLUMNS}}, {ASKED: ("PostDateTime", "UserName")}, False),
    ("all of none", {"ForAllValues:StringLike": {ASKED: COLUMNS}}, {ASKED: ()}, True),
    ("all of a missing key", {"ForAllValues:StringLike": {ASKED: COLUMNS}}, {}, True),
    ("all, negated", {"ForAllValues:StringNotEquals": {ASKED: COLUMNS}}, {ASKED: ("ID", "Tags")}, False),
    (
        "any is listed",
        {"ForAnyValue:StringLike": {ASKED: ["ID", "PostDateTime"]}},
        {ASKED: ("PostDateTime", "Message")},
        True,
    ),
    ("none is listed", {"ForAnyValue:StringLike": {ASKED: ["ID", "PostDateTime"]}}, {ASKED: ("UserName",)}, False),
    ("any of none", {"ForAnyValue:StringLike": {ASKED: ["*"]}}, {ASKED: ()}, False),
    ("any of a missing key", {"ForAnyValue:StringLike": {ASKED: ["*"]}}, {}, False),
    ("any, negated", {"ForAnyValue:StringNotEquals": {ASKED: ["ID"]}}, {ASKED: ("ID", "Tags")}, True),
    ("any, one value", {"ForAnyValue:StringEquals": {ASKED: ["ID"]}}, {ASKED: "ID"}, True),
    ("a unit below", {"ForAnyValue:StringLike": {PATHS: UNIT}}, {PATHS: BELOW}, True),
    ("a unit beside", {"ForAnyValue:StringLike": {PATHS: UNIT}}, {PATHS: BESIDE}, False),
]  # fmt: skip


@pytest.mark.parametrize(("block", "context", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CONDITIONS])
def test_a_condition_holds_as_the_user_guide_says(
    block: dict[str, dict[str, object]],
    context: Context,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    document = policy(statement(Resource="*", Condition=block))
    assert (decided(document, context=context) is Decision.ALLOWED) is expected


# ---------------------------------------------------------------------------------------------------------------------
# Principals, actions, resources
# ---------------------------------------------------------------------------------------------------------------------

PRINCIPALS: list[tuple[str, object, Principal, bool]] = [
    ("account ID, role", {"AWS": "123456789012"}, Principal(arn=ROLE), True),
    ("account ID, user", {"AWS": "123456789012"}, Principal(arn=USER), True),
    ("account ID, session", {"AWS": "123456789012"}, Principal(arn=SESSION), True),
    ("account ID, other account", {"AWS": "999999999999"}, Principal(arn=ROLE), False),
    ("root ARN is the account", {"AWS": "arn:aws:iam::123456789012:root"}, Principal(arn=ROLE), True),
    ("root ARN of another account", {"AWS": "arn:aws:iam::999999999999:root"}, Principal(arn=ROLE), False),
    ("root ARN of another partition", {"AWS": "arn:aws-cn:iam::123456789012:root"}, Principal(arn=ROLE), False),
    ("one of several", {"AWS": ["999999999999", "123456789012"]}, Principal(arn=ROLE), True),
    ("the role", {"AWS": ROLE}, Principal(arn=ROLE), True),
    ("a session of the role", {"AWS": ROLE}, Principal(arn=SESSION), True),
    ("a session of another role", {"AWS": ROLE}, Principal(arn=SESSION.replace("deployer", "deploy")), False),
    ("a session of that role elsewhere", {"AWS": ROLE}, Principal(arn=SESSION.replace("1234", "9934")), False),
    ("the session", {"AWS": SESSION}, Principal(arn=SESSION), True),
    ("another session", {"AWS": SESSION}, Principal(arn=f"{SESSION}2"), False),
    ("a user of the role's name", {"AWS": ROLE}, Principal(arn=ROLE.replace(":role/", ":user/")), False),
    ("another role", {"AWS": ROLE}, Principal(arn=f"{ROLE}-evil"), False),
    ("anybody", "*", Principal(arn=ROLE), True),
    ("anybody, written long", {"AWS": "*"}, Principal(arn=ROLE), True),
    ("anybody is services, too", "*", Principal(service=CODEBUILD), True),
    ("anybody is nobody known, too", "*", Principal(), True),
    ("nobody known", {"AWS": "123456789012"}, Principal(), False),
    ("the service", {"Service": CODEBUILD}, Principal(service=CODEBUILD), True),
    ("another service", {"Service": CODEBUILD}, Principal(service="lambda.amazonaws.com"), False),
    ("a service is no account", {"AWS": "123456789012"}, Principal(service=CODEBUILD), False),
    ("an account is no service", {"Service": CODEBUILD}, Principal(arn=ROLE), False),
    ("the provider", {"Federated": GITHUB}, Principal(federated=GITHUB), True),
    ("another provider", {"Federated": GITHUB}, Principal(federated=f"{GITHUB}.evil"), False),
    ("a provider is no principal of its account", {"AWS": "123456789012"}, Principal(federated=GITHUB), False),
    ("one of several kinds", {"AWS": "999999999999", "Service": [CODEBUILD]}, Principal(service=CODEBUILD), True),
]  # fmt: skip


@pytest.mark.parametrize(("named", "asking", "expected"), [pytest.param(*c[1:], id=c[0]) for c in PRINCIPALS])
def test_a_principal_is_met_as_the_user_guide_says(
    named: object,
    asking: Principal,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (decided(policy(statement(Principal=named)), principal=asking) is Decision.ALLOWED) is expected


def test_without_a_principal_the_document_is_of_the_identity_that_asks() -> None:
    assert decided(policy(statement(Resource="*"))) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("ecr:BatchGetImage", True),
        ("ECR:batchgetimage", True),
        ("ecr:Batch*", True),
        ("ecr:BatchGetImag?", True),
        ("*", True),
        (["ecr:PutImage", "ecr:BatchGetImage"], True),
        ("ecr:BatchGet", False),
        ("ecr:PutImage", False),
        ("s3:*", False),
    ],
)
def test_actions_take_wildcards_and_ignore_case(action: object, expected: bool) -> None:  # noqa: FBT001 - a column
    assert (decided(policy(statement(Action=action, Resource="*"))) is Decision.ALLOWED) is expected


REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/dev/app"


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        (REPOSITORY, REPOSITORY, True),
        (REPOSITORY, f"{REPOSITORY}2", False),
        (f"{REPOSITORY}*", f"{REPOSITORY}2", True),
        (REPOSITORY.replace("dev/app", "*"), REPOSITORY, True),
        (REPOSITORY.replace("eu-west-1", "*"), REPOSITORY, True),
        (REPOSITORY.replace("eu-west-1", "eu-*"), REPOSITORY, True),
        ("arn:aws:ecr:*:999999999999:repository/dev/app", REPOSITORY, False),
        ("arn:aws:ecr:eu*repository/dev/app:a:b:c", REPOSITORY, False),
        (["arn:aws:s3:::bucket", REPOSITORY], REPOSITORY, True),
        ("*", REPOSITORY, True),
        ("*", "*", True),
        (REPOSITORY, "*", False),
        (REPOSITORY.replace("dev/app", "*"), "*", False),
        (REPOSITORY.upper(), REPOSITORY, False),
    ],
)
def test_resources_are_matched_part_by_part(
    pattern: object,
    resource: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (decided(policy(statement(Resource=pattern)), resource=resource) is Decision.ALLOWED) is expected


def test_a_policy_without_resources_stands_on_the_one_it_is_attached_to() -> None:
    assert decided(policy(statement(Principal="*")), resource=REPOSITORY) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(
            [statement(Resource="*"), statement(Effect="Deny", Resource="*")], Decision.DENIED, id="deny wins"
        ),
        pytest.param(
            [statement(Effect="Deny", Resource="*"), statement(Resource="*")], Decision.DENIED, id="in any order"
        ),
        pytest.param([statement(Effect="Deny", Resource="*")], Decision.DENIED, id="a deny alone"),
        pytest.param([statement(Action="ecr:PutImage", Resource="*")], Decision.NOT_ALLOWED, id="not a word"),
        pytest.param([], Decision.NOT_ALLOWED, id="no statements"),
        pytest.param(
            [statement(Resource="*"), statement(Effect="Deny", Action="ecr:PutImage", Resource="*")],
            Decision.ALLOWED,
            id="a deny of something else",
        ),
        pytest.param(
            [
                statement(Resource="*"),
                statement(Effect="Deny", Resource="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
            ],
            Decision.DENIED,
            id="a negated condition on a missing key denies",
        ),
    ],
)
def test_an_explicit_deny_wins(statements: list[dict[str, object]], expected: Decision) -> None:
    assert decided(policy(*statements)) is expected


def test_one_statement_may_stand_without_a_list() -> None:
    document = {"Version": "2012-10-17", "Statement": statement(Resource="*")}
    assert decided(document) is Decision.ALLOWED  # type: ignore[arg-type]  # a dictionary of its own type


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"Statement": [statement(Resource="*")]}, id="no version"),
        pytest.param({"Version": "2008-10-17", "Statement": [statement(Resource="*")]}, id="old version"),
        pytest.param({**policy(statement(Resource="*")), "Statment": []}, id="unknown part"),
        pytest.param(policy({"Effect": "Allow", "NotAction": "ecr:PutImage", "Resource": "*"}), id="NotAction"),
        pytest.param(policy(statement(NotResource=REPOSITORY)), id="NotResource"),
        pytest.param(policy(statement(NotPrincipal={"AWS": ROLE})), id="NotPrincipal"),
        pytest.param(policy(statement(Effect="allow", Resource="*")), id="effect"),
        pytest.param(policy({"Effect": "Allow", "Resource": "*"}), id="no action"),
        pytest.param(policy(statement(Principal="everybody")), id="principal"),
        pytest.param(policy(statement(Principal={"CanonicalUser": "a"})), id="kind of principal"),
        pytest.param(policy(statement(Principal={"AWS": f"{ROLE}*"})), id="wildcard in a principal"),
        pytest.param(policy(statement(Principal={"Service": "*.amazonaws.com"})), id="wildcard in a service"),
        pytest.param(policy(statement(Resource="arn:aws:ecr:${aws:Region}:123456789012:repository/a")), id="variable"),
        pytest.param(policy(statement(Resource="arn:aws:ecr:*")), id="part of an ARN"),
        pytest.param(policy(statement(Resource=1)), id="number"),
        pytest.param(
            policy(statement(Resource="*", Condition={"StringEquals": {"a": "${aws:x}"}})), id="in a condition"
        ),
        pytest.param(policy(statement(Resource="*", Condition={"StringEqual": {"a": "b"}})), id="operator"),
        pytest.param(policy(statement(Resource="*", Condition={"BinaryEquals": {"a": "b"}})), id="binary"),
        pytest.param(
            policy(statement(Resource="*", Condition={"ForSome:StringEquals": {"a": "b"}})), id="set operator"
        ),
        pytest.param(
            policy(statement(Resource="*", Condition={"ForAnyValue:StringEqualsIfExists": {"a": "b"}})), id="both"
        ),
        pytest.param(policy(statement(Resource="*", Condition={"StringEquals": {"many": "b"}})), id="many values"),
        pytest.param(policy(statement(Resource="*", Condition={"Bool": {"a": "yes"}})), id="no boolean"),
        pytest.param(policy(statement(Resource="*", Condition=["a"])), id="no block"),
        pytest.param(policy(statement(Action="s3:*", Resource=REPOSITORY, Condition={"X": {"a": "b"}})), id="unused"),
    ],
)
def test_what_is_not_understood_raises(document: dict[str, object]) -> None:
    with pytest.raises(NotUnderstoodError):
        decided(document, principal=Principal(arn=ROLE), resource=REPOSITORY, context={"many": ("b",), "a": "b"})


def test_a_principal_is_of_one_kind() -> None:
    with pytest.raises(ValueError, match="one kind"):
        Principal(arn=ROLE, service=CODEBUILD)
