from __future__ import annotations

from collections.abc import Callable

import pytest

from ecr.access.principals import Access, Principals, PullPrincipals, Service

ROLE = "arn:aws:iam::333333333333:role/deployer"
PROJECT = "arn:aws:codebuild:eu-west-1:222222222222:project/shop"

BAD = [
    pytest.param(lambda: Principals(accounts=("12345678901",)), "an account ID of 12 digits", id="account"),
    pytest.param(lambda: Principals(accounts=("*",)), "an account ID of 12 digits", id="any account"),
    pytest.param(lambda: Principals(roles=(f"{ROLE}*",)), "the ARN of a role", id="some roles"),
    pytest.param(lambda: Principals(organizations=("*",)), "an organization ID", id="any organization"),
    pytest.param(
        lambda: Principals(organization_paths=("o-a1b2c3d4e5/*",)), "the path of an org", id="whole organization"
    ),
    pytest.param(lambda: PullPrincipals(accounts=("x",)), "an account ID of 12 digits", id="account that pulls"),
    pytest.param(lambda: PullPrincipals(functions=("orders",)), "the ARN of a function", id="name of a function"),
    pytest.param(
        lambda: PullPrincipals(functions=("arn:aws:lambda:eu-west-1:222222222222:function:orders:1",)),
        "without version or alias",
        id="version of a function",
    ),
    pytest.param(
        lambda: PullPrincipals(functions=("arn:aws:lambda:eu-west-1:222222222222:function:*",)),
        "the ARN of a function",
        id="any function",
    ),
    pytest.param(Access, "names nobody", id="nobody"),
    pytest.param(lambda: Access(pull=PullPrincipals(), push=Principals()), "names nobody", id="nobody twice"),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com"), "it would pull for anybody", id="service without a source"
    ),
    pytest.param(
        lambda: Service(service="*.amazonaws.com", source_account="222222222222"), "the principal of", id="any service"
    ),
    pytest.param(
        lambda: Service(service="codebuild.example.com", source_account="222222222222"),
        "the principal of an AWS service",
        id="service of somebody else",
    ),
    pytest.param(
        lambda: Service(service="lambda.amazonaws.com", source_account="222222222222"), "for Lambda", id="Lambda"
    ),
    pytest.param(
        lambda: Service(service="lambda.amazonaws.com.cn", source_account="222222222222"), "for Lambda", id="in China"
    ),
    pytest.param(
        lambda: Service(service="lambda.eu-west-1.amazonaws.com", source_arn=PROJECT), "for Lambda", id="in a Region"
    ),
    *(
        pytest.param(lambda name=name: Service(service=name, source_arn=PROJECT), "the principal of", id=name)
        for name in ("-a.amazonaws.com", "a-.amazonaws.com", "a.-.amazonaws.com", "--.amazonaws.com")
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_account="*"), "an account ID", id="any source account"
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn="*"), "the ARN of what", id="any source"
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn=PROJECT.replace("222222222222", "*")),
        "in its last part at most",
        id="sources of any account",
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn="arn:aws:codebuild:eu-west-1:222222222222:*"),
        "in its last part at most",
        id="everything of an account",
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn="arn:aws:codebuild:eu-west-1:222222222222:?*"),
        "in its last part at most",
        id="everything of an account in other letters",
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn=PROJECT.replace("eu-west-1", "nowhere")),
        "the ARN of what",
        id="source nowhere",
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn=PROJECT.replace("aws", "aws-cn", 1)),
        "the ARN of what",
        id="source in a Region of another partition",
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn=f"{PROJECT}/${{aws:username}}"),
        "the ARN of what",
        id="a variable",
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_arn="arn:aws:s3:::bucket"),
        "names no account",
        id="source without an account",
    ),
    pytest.param(
        lambda: Service(service="codebuild.amazonaws.com", source_account="444444444444", source_arn=PROJECT),
        "is not of the source account 444444444444",
        id="source of another account",
    ),
]


@pytest.mark.parametrize(("make", "reason"), BAD)
def test_what_aws_would_refuse_or_misunderstand_can_not_be_made(make: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make()


@pytest.mark.parametrize(
    "access",
    [
        Access(pull=PullPrincipals(accounts=("012345678901",))),
        Access(pull=PullPrincipals(roles=(ROLE,))),
        Access(pull=PullPrincipals(organizations=("o-a1b2c3d4e5",))),
        Access(pull=PullPrincipals(organization_paths=("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/",))),
        Access(pull=PullPrincipals(functions=("222222222222",))),
        Access(pull=PullPrincipals(services=(Service(service="codebuild.amazonaws.com", source_arn=PROJECT),))),
        Access(push=Principals(accounts=("222222222222",))),
        Access(push=Principals(roles=(ROLE,))),
    ],
)
def test_one_who_is_named_is_enough(access: Access) -> None:
    assert access.pull.somebody != access.push.somebody


def test_a_source_in_s3_needs_its_account_beside_it() -> None:
    service = Service(service="codebuild.amazonaws.com", source_account="222222222222", source_arn="arn:aws:s3:::b")
    assert service.source_arn == "arn:aws:s3:::b"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("codebuild.amazonaws.com", "Codebuild"),
        ("ecs-tasks.amazonaws.com", "EcsTasks"),
        ("pullthroughcache.ecr.amazonaws.com", "PullthroughcacheEcr"),
        ("codebuild.amazonaws.com.cn", "Codebuild"),
    ],
)
def test_a_service_has_a_label_for_its_statement(name: str, label: str) -> None:
    assert Service(service=name, source_account="222222222222").label == label


ACCOUNT_WIDE = Service(service="codebuild.amazonaws.com", source_account="222222222222")
ONE_PROJECT = Service(service="codebuild.amazonaws.com", source_arn=PROJECT)


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        pytest.param(ACCOUNT_WIDE, ACCOUNT_WIDE, True, id="itself"),
        pytest.param(ACCOUNT_WIDE, ONE_PROJECT, True, id="an account, its project"),
        pytest.param(ONE_PROJECT, ACCOUNT_WIDE, False, id="a project, its account"),
        pytest.param(
            ACCOUNT_WIDE,
            Service(service="codebuild.amazonaws.com", source_account="222222222222", source_arn=PROJECT),
            True,
            id="an account, its project by both",
        ),
        pytest.param(
            ACCOUNT_WIDE,
            Service(service="codebuild.amazonaws.com", source_arn=PROJECT.replace("2222", "4444")),
            False,
            id="an account, another's project",
        ),
        pytest.param(
            ACCOUNT_WIDE,
            Service(service="ecs-tasks.amazonaws.com", source_account="222222222222"),
            False,
            id="another service",
        ),
        pytest.param(
            ONE_PROJECT, Service(service="codebuild.amazonaws.com", source_arn=f"{PROJECT}2"), False, id="two projects"
        ),
    ],
)
def test_an_entry_covers_what_is_in_it_already(wide: Service, narrow: Service, covers: bool) -> None:  # noqa: FBT001
    assert wide.covers(narrow) is covers


ENDLESS = [
    pytest.param(lambda text: Principals(accounts=(text,)), id="account"),
    pytest.param(lambda text: Service(service=text, source_account="222222222222"), id="service"),
    pytest.param(lambda text: Service(service=f"{text}.amazonaws.com"), id="service without a source"),
    pytest.param(lambda text: Service(service="s3.amazonaws.com", source_arn=f"arn:aws:s3:::{text}"), id="source"),
    pytest.param(
        lambda text: Service(
            service="s3.amazonaws.com", source_account="222222222222", source_arn=f"{PROJECT}/{text}".replace("2", "3")
        ),
        id="source of another account",
    ),
]


@pytest.mark.parametrize("make", ENDLESS)
def test_messages_stay_short_whatever_they_are_about(make: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=" ") as raised:
        make("x" * 100_000)
    assert len(str(raised.value)) < 400
