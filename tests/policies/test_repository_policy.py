"""Who may pull from a repository and push to it, by its own policy alone."""

from __future__ import annotations

import pytest

from ecr.access import actions
from ecr.access.principals import Access, Principals, PullPrincipals, Service
from ecr.access.repository_policy import repository_policy
from tests.policies import linting, review, tables
from tests.policies.conditions import Context
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind
from tests.policies.tables import Row

OWN, REGION = "123456789012", "eu-west-1"
REPOSITORY = f"arn:aws:ecr:{REGION}:{OWN}:repository/prod/shop"

PULL, PUSH, SERVICE_PULL = actions.PULL, actions.PUSH, actions.SERVICE_PULL
LAYER, IMAGE, URL = PULL

PARTNER, ROLES_ACCOUNT, STRANGER = "222222222222", "333333333333", "999999999999"
LAMBDA_ACCOUNT, FUNCTION_ACCOUNT, BUILD_ACCOUNT = "444444444444", "555555555555", "666666666666"
PUSHER, PUSHING_ROLES = "777777777777", "888888888888"

OWN_ROLE = f"arn:aws:iam::{OWN}:role/ci/puller"
OWN_SESSION = f"arn:aws:sts::{OWN}:assumed-role/puller/build-7"
ROLE = f"arn:aws:iam::{ROLES_ACCOUNT}:role/team/deployer"
OTHER_ROLE = f"arn:aws:iam::{PARTNER[::-1]}:role/deployer"
PUSHING_ROLE = f"arn:aws:iam::{PUSHING_ROLES}:role/publisher"
OWN_PUSHING_ROLE = f"arn:aws:iam::{OWN}:role/publisher"
ORGANIZATION, STRANGE_ORGANIZATION, PUSHING_ORGANIZATION = "o-a1b2c3d4e5", "o-a1b2c3d4e6", "o-pppppppppp"
UNIT = "o-zzzzzzzzzz/r-ab12/ou-ab12-11111111/"
PUSHING_UNIT = "o-qqqqqqqqqq/r-ab12/ou-ab12-33333333/"
FUNCTION = f"arn:aws:lambda:{REGION}:{FUNCTION_ACCOUNT}:function:orders"
PROJECT = f"arn:aws:codebuild:{REGION}:{BUILD_ACCOUNT}:project/shop"
PARTNERS_PROJECT = PROJECT.replace(BUILD_ACCOUNT, PARTNER)
CODEBUILD, LAMBDA, ECS = "codebuild.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com"

EVERYBODY = Access(
    pull=PullPrincipals(
        accounts=(PARTNER, "000000000001"),
        roles=(ROLE, OWN_ROLE),
        organizations=(ORGANIZATION,),
        organization_paths=(f"{UNIT}*", "o-zzzzzzzzzz/r-ab12/ou-ab12-22222222/"),
        functions=(LAMBDA_ACCOUNT, FUNCTION),
        services=(
            Service(service=CODEBUILD, source_account=BUILD_ACCOUNT, source_arn=f"{PROJECT}*"),
            Service(service=ECS, source_account=BUILD_ACCOUNT),
            Service(service=CODEBUILD, source_arn=f"arn:aws:codebuild:{REGION}:{PARTNER}:project/shop"),
        ),
    ),
    push=Principals(
        accounts=(PUSHER,),
        roles=(PUSHING_ROLE, OWN_PUSHING_ROLE),
        organizations=(PUSHING_ORGANIZATION,),
        organization_paths=(PUSHING_UNIT,),
    ),
)


def policy(access: Access = EVERYBODY) -> dict[str, object]:
    return {**repository_policy(access, account=OWN, partition="aws", region=REGION).document}


def asks(action: str, principal: Principal, context: Context) -> Request:
    return Request(action=action, resource=REPOSITORY, principal=principal, context=context)


def may(name: str, who: Principal, context: Context, allowed: tuple[str, ...], *denied: str) -> list[Row]:
    """What one principal may do, and what of the rest is worth asking."""
    return [
        *(Row(f"{name}: {action}", asks(action, who, context), allowed=True) for action in allowed),
        *(Row(f"{name}: {action}", asks(action, who, context), allowed=False) for action in denied),
    ]


def iam(arn: str, acts_as: str = "") -> tuple[Principal, Context]:
    """A role, session or user, and what AWS says of it."""
    return Principal(arn=arn), {"aws:PrincipalArn": acts_as or arn, "aws:PrincipalAccount": arn.split(":")[4]}


def service(name: str, **keys: str) -> tuple[Principal, Context]:
    named = {"account": "aws:SourceAccount", "arn": "aws:SourceArn"}
    return Principal(service=name), {named[key]: value for key, value in keys.items()}


def user(account: str, name: str = "ann", **keys: str | tuple[str, ...]) -> tuple[Principal, Context]:
    principal, context = iam(f"arn:aws:iam::{account}:user/{name}")
    named = {"organization": "aws:PrincipalOrgID", "paths": "aws:PrincipalOrgPaths"}
    return principal, {**context, **{named[key]: value for key, value in keys.items()}}


ROWS = [
    # Accounts
    *may("a user of the partner", *user(PARTNER), PULL, "ecr:PutImage", "ecr:DescribeImages", *actions.SIGN_IN),
    *may("a role of the partner", *iam(f"arn:aws:iam::{PARTNER}:role/any"), PULL, "ecr:InitiateLayerUpload"),
    *may("a session of the partner", *iam(f"arn:aws:sts::{PARTNER}:assumed-role/any/x"), (IMAGE,)),
    *may("an account with leading zeros", *user("000000000001"), PULL),
    *may("another account", *user(STRANGER), (), *PULL, *PUSH[2:]),
    *may("an account without its leading zeros", *user("100000000000"), (), *PULL),
    *may("nobody known", Principal(), {}, (), *PULL),
    # Roles of this account
    *may("the own role", *iam(OWN_ROLE), PULL, "ecr:PutImage", "ecr:DeleteRepository"),
    *may("a session of the own role", *iam(OWN_SESSION, OWN_ROLE), PULL),
    *may("a session of another own role", *iam(OWN_SESSION.replace("puller", "pull"), f"{OWN_ROLE}x"), (), *PULL),
    *may("another own role", *iam(f"{OWN_ROLE}-evil"), (), *PULL),
    *may("an own role of that name on another path", *iam(OWN_ROLE.replace("/ci/", "/")), (), IMAGE),
    *may("a user of this account", *user(OWN), (), *PULL),
    *may("that role's name elsewhere", *iam(OWN_ROLE.replace(OWN, STRANGER)), (), *PULL),
    # Roles of other accounts
    *may("the role elsewhere", *iam(ROLE), PULL, "ecr:PutImage"),
    *may(
        "its session", *iam(f"arn:aws:sts::{ROLES_ACCOUNT}:assumed-role/deployer/x", ROLE), PULL, "ecr:BatchDeleteImage"
    ),
    *may("another role there", *iam(f"arn:aws:iam::{ROLES_ACCOUNT}:role/team/other"), (), *PULL),
    *may("a role there of a longer name", *iam(f"{ROLE}-evil"), (), *PULL),
    *may("the role without its path", *iam(f"arn:aws:iam::{ROLES_ACCOUNT}:role/deployer"), (), IMAGE),
    *may("a user there of the role's name", *user(ROLES_ACCOUNT, "team/deployer"), (), IMAGE),
    *may("the role's name in a third account", *iam(ROLE.replace(ROLES_ACCOUNT, STRANGER)), (), *PULL),
    # No such request comes from AWS; the account is asked for as well, should a key ever say something wrong.
    *may("a stranger that is said to be the role", *iam(f"arn:aws:iam::{STRANGER}:role/x", ROLE), (), *PULL),
    *may("the account's user without a PrincipalArn", Principal(arn=user(ROLES_ACCOUNT)[0].arn), {}, (), IMAGE),
    # Organizations
    *may("a member", *user(STRANGER, organization=ORGANIZATION), PULL, "ecr:PutImage"),
    *may("a member of another organization", *user(STRANGER, organization=STRANGE_ORGANIZATION), (), *PULL),
    *may("one whose organization is alike", *user(STRANGER, organization=f"{ORGANIZATION}x"), (), IMAGE),
    *may("a service on nobody's behalf", *service(ECS), (), *SERVICE_PULL),
    # Organizational units
    *may("a member of the unit", *user(STRANGER, paths=(UNIT,)), PULL, "ecr:PutImage"),
    *may("a member of a unit below", *user(STRANGER, paths=(f"{UNIT}ou-ab12-44444444/",)), PULL),
    *may("a member of the unit alone", *user(STRANGER, paths=("o-zzzzzzzzzz/r-ab12/ou-ab12-22222222/",)), PULL),
    *may("below the unit alone", *user(STRANGER, paths=("o-zzzzzzzzzz/r-ab12/ou-ab12-22222222/ou-1/",)), (), *PULL),
    *may("a member of the root", *user(STRANGER, paths=("o-zzzzzzzzzz/r-ab12/",)), (), *PULL),
    *may("a unit of a longer name", *user(STRANGER, paths=(f"{UNIT[:-1]}1/",)), (), *PULL),
    *may("such a unit elsewhere", *user(STRANGER, paths=(UNIT.replace("o-z", "o-y"),)), (), IMAGE),
    *may("no unit", *user(STRANGER, paths=()), (), IMAGE),
    # Lambda
    *may("who makes functions", *user(LAMBDA_ACCOUNT), SERVICE_PULL, LAYER, "ecr:PutImage"),
    *may("who makes the one function", *user(FUNCTION_ACCOUNT), SERVICE_PULL, LAYER),
    *may(
        "Lambda for a function of the account",
        *service(LAMBDA, arn=f"arn:aws:lambda:{REGION}:{LAMBDA_ACCOUNT}:function:any"),
        SERVICE_PULL,
        LAYER,
        "ecr:PutImage",
    ),
    *may("Lambda for the function", *service(LAMBDA, arn=FUNCTION), SERVICE_PULL, LAYER),
    *may("Lambda for another function there", *service(LAMBDA, arn=f"{FUNCTION}-evil"), (), *SERVICE_PULL),
    *may(
        "Lambda for a stranger's function",
        *service(LAMBDA, arn=f"arn:aws:lambda:{REGION}:{STRANGER}:function:orders"),
        (),
        *SERVICE_PULL,
    ),
    *may(
        "Lambda in another Region",
        *service(LAMBDA, arn=f"arn:aws:lambda:us-east-1:{LAMBDA_ACCOUNT}:function:any"),
        (),
        *SERVICE_PULL,
    ),
    *may(
        "Lambda for a layer of the account",
        *service(LAMBDA, arn=f"arn:aws:lambda:{REGION}:{LAMBDA_ACCOUNT}:layer:any"),
        (),
        IMAGE,
    ),
    *may("Lambda for nobody", *service(LAMBDA), (), *SERVICE_PULL),
    *may("another service for the function", *service(ECS, arn=FUNCTION), (), *SERVICE_PULL),
    # Services
    *may(
        "CodeBuild for the project",
        *service(CODEBUILD, account=BUILD_ACCOUNT, arn=f"{PROJECT}-web"),
        SERVICE_PULL,
        LAYER,
        "ecr:PutImage",
    ),
    *may("CodeBuild for another project", *service(CODEBUILD, account=BUILD_ACCOUNT, arn=f"{PROJECT[:-1]}w"), (), URL),
    *may(
        "CodeBuild for a project of a stranger", *service(CODEBUILD, account=STRANGER, arn=PROJECT), (), *SERVICE_PULL
    ),
    *may(
        "CodeBuild for a stranger's project",
        *service(CODEBUILD, account=STRANGER, arn=PROJECT.replace(BUILD_ACCOUNT, STRANGER)),
        (),
        *SERVICE_PULL,
    ),
    *may("CodeBuild for the account alone", *service(CODEBUILD, account=BUILD_ACCOUNT), (), *SERVICE_PULL),
    *may("CodeBuild for the project, of nobody's account", *service(CODEBUILD, arn=PROJECT), (), *SERVICE_PULL),
    *may("CodeBuild for nobody", *service(CODEBUILD), (), *SERVICE_PULL),
    *may("ECS for the project", *service("ecs.amazonaws.com", account=BUILD_ACCOUNT, arn=PROJECT), (), *SERVICE_PULL),
    *may(
        "CodeBuild for the partner's project",
        *service(CODEBUILD, account=PARTNER, arn=PARTNERS_PROJECT),
        SERVICE_PULL,
    ),
    *may(
        "CodeBuild for the partner's other project",
        *service(CODEBUILD, account=PARTNER, arn=f"{PARTNERS_PROJECT}2"),
        (),
        *SERVICE_PULL,
    ),
    *may(
        "another service for the partner's project",
        *service("codepipeline.amazonaws.com", account=PARTNER, arn=PARTNERS_PROJECT),
        (),
        *SERVICE_PULL,
    ),
    *may("ECS for the account", *service(ECS, account=BUILD_ACCOUNT), SERVICE_PULL, LAYER),
    *may("ECS for a stranger", *service(ECS, account=STRANGER), (), *SERVICE_PULL),
    *may("the account itself as a service's source", *user(BUILD_ACCOUNT), (), *SERVICE_PULL),
    # Pushing
    *may("the pusher", *user(PUSHER), PUSH, URL, "ecr:DeleteRepository", "ecr:SetRepositoryPolicy", *actions.SIGN_IN),
    *may("another account pushing", *user("777777777778"), (), *PUSH),
    *may("the pushing role", *iam(PUSHING_ROLE), PUSH, URL, "ecr:BatchDeleteImage", "ecr:PutLifecyclePolicy"),
    *may("another role there pushing", *iam(f"{PUSHING_ROLE}2"), (), *PUSH),
    *may("a stranger said to be the pushing role", *iam(f"arn:aws:iam::{STRANGER}:role/x", PUSHING_ROLE), (), *PUSH),
    *may("a user there without a PrincipalArn", Principal(arn=user(PUSHING_ROLES)[0].arn), {}, (), *PUSH),
    *may("the own pushing role", *iam(OWN_PUSHING_ROLE), PUSH, URL),
    *may("another own role pushing", *iam(f"{OWN_PUSHING_ROLE}2"), (), *PUSH),
    *may("a member of the pushing organization", *user(STRANGER, organization=PUSHING_ORGANIZATION), PUSH, URL),
    *may("a member of the pushing unit", *user(STRANGER, paths=(PUSHING_UNIT,)), PUSH, URL),
    *may("a member below the pushing unit", *user(STRANGER, paths=(f"{PUSHING_UNIT}ou-1/",)), (), *PUSH),
    *may("a service with an account that may push", *service(CODEBUILD, account=PUSHER), (), *PUSH),
    # Neither do these requests come from AWS; they stand for a principal more in a statement.
    *tables.by_others("said to be the role", asks(IMAGE, *iam(ROLE))),
    *tables.by_others("said to be the pushing role", asks("ecr:PutImage", *iam(PUSHING_ROLE))),
    *tables.by_others("for the function", asks(IMAGE, *service(LAMBDA, arn=FUNCTION))),
    *tables.by_others("for the project", asks(IMAGE, *service(CODEBUILD, account=BUILD_ACCOUNT, arn=PROJECT))),
    *tables.by_others("for the partner's", asks(IMAGE, *service(CODEBUILD, arn=PARTNERS_PROJECT))),
    *tables.by_others("for the account", asks(IMAGE, *service(ECS, account=BUILD_ACCOUNT))),
]


def test_everybody_named_gets_in_and_nobody_else() -> None:
    tables.check(policy(), ROWS)


def test_no_part_of_the_policy_can_go_unnoticed() -> None:
    assert tables.survivors(policy(), ROWS) == []


def test_the_policy_was_reviewed() -> None:
    review.compare("repository", policy())


SMALL = {
    "repository-one-account": Access(pull=PullPrincipals(accounts=(PARTNER,))),
    "repository-push": Access(push=Principals(roles=(PUSHING_ROLE, OWN_PUSHING_ROLE))),
    "repository-organization": Access(pull=PullPrincipals(organizations=(ORGANIZATION,))),
    "repository-lambda": Access(pull=PullPrincipals(functions=(LAMBDA_ACCOUNT,))),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_small_policy_was_reviewed(name: str) -> None:
    review.compare(name, policy(SMALL[name]))


@pytest.mark.parametrize("access", [EVERYBODY, *SMALL.values()])
def test_the_linter_has_nothing_to_say(access: Access) -> None:
    assert linting.lint(policy(access), Kind.REPOSITORY) == []


def test_in_another_partition_all_arns_are_of_it() -> None:
    access = Access(pull=PullPrincipals(accounts=(PARTNER,), functions=(LAMBDA_ACCOUNT,)))
    document = repository_policy(access, account=OWN, partition="aws-cn", region="cn-north-1")
    assert document.text.count("arn:aws-cn:") == document.text.count("arn:") == 3
    assert f"arn:aws-cn:lambda:cn-north-1:{LAMBDA_ACCOUNT}:function:*" in document.text
