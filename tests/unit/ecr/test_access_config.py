from __future__ import annotations

import json

import pytest
from hypothesis import given

from ecr.access.principals import Access, Principals, PullPrincipals, Service
from ecr.access_config import read_access
from tests.unit.ecr import stack_files

ROLE = "arn:aws:iam::333333333333:role/team/deployer"
UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"
FUNCTION = "arn:aws:lambda:ap-northeast-2:222222222222:function:orders"
PROJECT = "arn:aws:codebuild:eu-west-1:222222222222:project/shop"
CODEBUILD = {"service": "codebuild.amazonaws.com", "sourceArn": PROJECT}


REGION = "ap-northeast-2"


def read(access: object, *, region: str | None = REGION) -> Access | None:
    return stack_files.read("access", access, lambda top: read_access(top, region=region))


def refused(access: object, *, region: str | None = REGION) -> list[str]:
    lines = stack_files.mistakes(lambda: read(access, region=region))
    return [line.removeprefix("container-registry:") for line in lines]


@pytest.mark.parametrize("value", [None, {}, "{}"])
def test_without_the_key_nobody_is_let_in(value: object) -> None:
    assert read(value) is None


WHOLE = {
    "pull": {
        "accounts": ["222222222222", "012345678901"],
        "roles": [ROLE],
        "organizations": ["o-b1b2c3d4e5"],
        "organizationPaths": [f"{UNIT}*"],
        "lambda": ["444444444444", FUNCTION],
        "services": [{**CODEBUILD, "sourceAccount": "222222222222"}, {**CODEBUILD, "sourceArn": f"{PROJECT}-*"}],
    },
    "push": {
        "accounts": ["222222222222"],
        "roles": [ROLE],
        "organizations": ["o-b1b2c3d4e5"],
        "organizationPaths": [UNIT],
    },
}


@pytest.mark.parametrize("value", [WHOLE, json.dumps(WHOLE)], ids=["parsed", "Pulumi's text"])
def test_every_key_is_read(value: object) -> None:
    assert read(value) == Access(
        pull=PullPrincipals(
            accounts=("222222222222", "012345678901"),
            roles=(ROLE,),
            organizations=("o-b1b2c3d4e5",),
            organization_paths=(f"{UNIT}*",),
            functions=("444444444444", FUNCTION),
            services=(
                Service(service="codebuild.amazonaws.com", source_account="222222222222", source_arn=PROJECT),
                Service(service="codebuild.amazonaws.com", source_arn=f"{PROJECT}-*"),
            ),
        ),
        push=Principals(
            accounts=("222222222222",),
            roles=(ROLE,),
            organizations=("o-b1b2c3d4e5",),
            organization_paths=(UNIT,),
        ),
    )


def test_one_of_pull_and_push_is_enough() -> None:
    assert read({"push": {"accounts": ["222222222222"]}}) == Access(push=Principals(accounts=("222222222222",)))


def pull(**keys: object) -> dict[str, object]:
    return {"pull": keys}


def push(**keys: object) -> dict[str, object]:
    return {"push": keys}


def service(**keys: object) -> dict[str, object]:
    entry = {**CODEBUILD, **keys}
    return pull(services=[{key: value for key, value in entry.items() if value != "-"}])


# What YAML makes of an account without quotes, and what the row after it says in any case.
QUOTES = 'in quotes, such as "012345678901"'
BAD = [
    # Accounts
    pytest.param(pull(accounts=[222222222222]), "access.pull.accounts[0]: 222222222222 is not", QUOTES, id="number"),
    pytest.param(pull(accounts=[12345678901]), "access.pull.accounts[0]: 12345678901 is not", QUOTES, id="lost zero"),
    pytest.param(pull(accounts=[1402433]), "access.pull.accounts[0]: 1402433 is not", QUOTES, id="octal"),
    pytest.param(pull(accounts=[1.2e11]), "access.pull.accounts[0]: 120000000000.0 is not", QUOTES, id="float"),
    pytest.param(
        pull(accounts=["12345678901"]), 'access.pull.accounts[0]: "12345678901" is not', QUOTES, id="11 digits"
    ),
    pytest.param(pull(accounts=["1234567890123"]), "access.pull.accounts[0]", QUOTES, id="13 digits"),
    pytest.param(pull(accounts=["*"]), 'access.pull.accounts[0]: "*" is not accepted', QUOTES, id="any account"),
    pytest.param(pull(accounts=["arn:aws:iam::222222222222:root"]), "access.pull.accounts[0]", QUOTES, id="root ARN"),
    pytest.param(pull(accounts=["222222222222", True]), "access.pull.accounts[1]: true is not", QUOTES, id="flag"),
    pytest.param(
        pull(accounts="222222222222"), "access.pull.accounts", "accepted: a list", id="text in place of a list"
    ),
    pytest.param(
        push(accounts=[222222222222]), "access.push.accounts[0]: 222222222222", QUOTES, id="number that pushes"
    ),
    pytest.param(
        pull(accounts=["222222222222", "333333333333", "222222222222"]),
        'access.pull.accounts[2]: "222222222222" stands in the list twice',
        "take one out",
        id="account twice",
    ),
    pytest.param(
        pull(accounts=[]), "access.pull.accounts", "is empty; give it a value, or take the key out", id="no accounts"
    ),
    pytest.param(pull(accounts=None), "access.pull.accounts", "has no value", id="accounts without a value"),
    # Roles
    pytest.param(pull(roles=["deployer"]), 'access.pull.roles[0]: "deployer" is not', "the ARN of a role", id="name"),
    pytest.param(pull(roles=["*"]), "access.pull.roles[0]", "without wildcards", id="any role"),
    pytest.param(pull(roles=[f"{ROLE}-*"]), "access.pull.roles[0]", "without wildcards", id="some roles"),
    pytest.param(
        pull(roles=["arn:aws:iam::*:role/deployer"]), "access.pull.roles[0]", "without wildcards", id="role of anybody"
    ),
    pytest.param(
        pull(roles=["arn:aws:iam::333333333333:user/ann"]), "access.pull.roles[0]", "the ARN of a role", id="user"
    ),
    pytest.param(
        pull(roles=["arn:aws:sts::333333333333:assumed-role/deployer/x"]),
        "access.pull.roles[0]",
        "the ARN of a role",
        id="session",
    ),
    pytest.param(
        pull(roles=["arn:aws:iam::33333333333:role/deployer"]),
        "access.pull.roles[0]",
        "123456789012",
        id="short account",
    ),
    pytest.param(
        pull(roles=["arn:aws-cn:iam::333333333333:role/deployer"]),
        'access.pull.roles[0]: "arn:aws-cn:iam::333333333333:role/deployer" is in another partition',
        "an ARN of aws, which the stack's Region is in",
        id="role of another partition",
    ),
    pytest.param(
        push(roles=["arn:aws-us-gov:iam::333333333333:role/x"]), "access.push.roles[0]", "of aws", id="GovCloud"
    ),
    pytest.param(
        pull(roles=[ROLE, ROLE]), "access.pull.roles[1]", "stands in the list twice; take one out", id="role twice"
    ),
    pytest.param(
        pull(roles=[ROLE], accounts=["333333333333"]),
        "access.pull.roles[0]",
        "is in account 333333333333, which is under accounts; take one of the two out",
        id="role of a listed account",
    ),
    pytest.param(
        push(roles=[ROLE], accounts=["333333333333"]),
        "access.push.roles[0]",
        "take one",
        id="pushing role of an account",
    ),
    # Organizations
    pytest.param(
        pull(organizations=["*"]), "access.pull.organizations[0]", "an organization ID", id="any organization"
    ),
    pytest.param(pull(organizations=["o-short"]), "access.pull.organizations[0]", "an organization ID", id="short ID"),
    pytest.param(
        pull(organizations=["O-A1B2C3D4E5"]), "access.pull.organizations[0]", "an organization", id="capitals"
    ),
    pytest.param(
        pull(organizations=[UNIT]), "access.pull.organizations[0]", "an organization ID", id="unit as organization"
    ),
    pytest.param(pull(organizations=["r-ab12"]), "access.pull.organizations[0]", "an organization ID", id="root"),
    pytest.param(push(organizations=["*"]), "access.push.organizations[0]", "an organization ID", id="anybody pushes"),
    pytest.param(
        pull(organizationPaths=[UNIT.rstrip("/")]), "access.pull.organizationPaths[0]", "'/' at its end", id="no slash"
    ),
    pytest.param(
        pull(organizationPaths=["o-a1b2c3d4e5/*"]),
        "access.pull.organizationPaths[0]",
        "the path",
        id="everything below",
    ),
    pytest.param(pull(organizationPaths=["*"]), "access.pull.organizationPaths[0]", "the path", id="any path"),
    pytest.param(
        pull(organizationPaths=[f"{UNIT[:-9]}*/"]), "access.pull.organizationPaths[0]", "the path", id="part of a unit"
    ),
    pytest.param(
        pull(organizationPaths=["ou-ab12-11111111"]), "access.pull.organizationPaths[0]", "the path", id="unit alone"
    ),
    pytest.param(
        pull(organizations=["o-a1b2c3d4e5"], organizationPaths=[UNIT]),
        "access.pull.organizationPaths[0]",
        "is in organization o-a1b2c3d4e5, which is under organizations",
        id="unit of a listed organization",
    ),
    pytest.param(
        pull(organizationPaths=[f"{UNIT}*", f"{UNIT}ou-ab12-22222222/"]),
        "access.pull.organizationPaths[1]",
        f"is in {UNIT}*, which is under organizationPaths",
        id="unit below a listed one",
    ),
    pytest.param(
        pull(organizationPaths=[UNIT, f"{UNIT}*"]), "access.pull.organizationPaths[0]", "take one of", id="unit twice"
    ),
    # Lambda
    pytest.param(
        pull(**{"lambda": [222222222222]}), "access.pull.lambda[0]: 222222222222", "in quotes", id="Lambda number"
    ),
    pytest.param(
        pull(**{"lambda": ["orders"]}), "access.pull.lambda[0]", "the ARN of a function", id="function's name"
    ),
    pytest.param(
        pull(**{"lambda": [f"{FUNCTION}:1"]}), "access.pull.lambda[0]", "without version or alias", id="version"
    ),
    pytest.param(
        pull(**{"lambda": [f"{FUNCTION}*"]}), "access.pull.lambda[0]", "the ARN of a function", id="functions"
    ),
    pytest.param(
        pull(**{"lambda": [FUNCTION, "222222222222"]}),
        "access.pull.lambda[0]",
        "is in account 222222222222, which is under lambda",
        id="function of a listed account",
    ),
    pytest.param(
        pull(**{"lambda": [FUNCTION.replace("aws:lambda:ap-northeast-2", "aws-cn:lambda:cn-north-1")]}),
        "access.pull.lambda[0]",
        "of aws",
        id="function in China",
    ),
    pytest.param(
        pull(
            **{
                "lambda": [
                    "222222222222",
                    FUNCTION.replace("222222222222", "444444444444").replace(REGION, "eu-west-1"),
                ]
            }
        ),
        "access.pull.lambda[1]",
        "is in another Region; accepted: a function in ap-northeast-2, the stack's",
        id="function in another Region",
    ),
    pytest.param(
        pull(**{"lambda": [FUNCTION.replace(REGION, "xx-nowhere-9")]}),
        "access.pull.lambda[0]",
        "the ARN of a function",
        id="function nowhere",
    ),
    pytest.param(push(**{"lambda": [FUNCTION]}), "access.push.lambda", "is not a known key", id="functions don't push"),
    # Services
    pytest.param(service(service="-"), "access.pull.services[0].service", "is missing", id="no service"),
    pytest.param(service(service="*"), 'access.pull.services[0].service: "*"', "the principal of", id="any service"),
    pytest.param(
        service(service="codebuild"), "access.pull.services[0].service", "codebuild.amazonaws", id="short name"
    ),
    pytest.param(
        service(service="lambda.amazonaws.com"),
        "access.pull.services[0].service",
        "under lambda",
        id="Lambda as service",
    ),
    pytest.param(
        service(service="lambda.amazonaws.com.cn"),
        "access.pull.services[0].service",
        "under lambda",
        id="Lambda in China as service",
    ),
    pytest.param(
        service(service="lambda.eu-west-1.amazonaws.com"),
        "access.pull.services[0].service",
        "under lambda",
        id="Lambda of a Region as service",
    ),
    pytest.param(
        service(service="--.amazonaws.com"), "access.pull.services[0].service", "the principal of", id="dashes"
    ),
    pytest.param(
        service(service="codebuild.amazonaws.com.cn", sourceAccount="222222222222", sourceArn="-"),
        'access.pull.services[0].service: "codebuild.amazonaws.com.cn" is a service of aws-cn',
        "not of aws; leave out .cn",
        id="service of China",
    ),
    pytest.param(
        service(sourceArn=PROJECT.replace("eu-west-1", "nowhere")),
        "access.pull.services[0].sourceArn",
        "the ARN of what",
        id="source nowhere",
    ),
    pytest.param(
        service(sourceArn="arn:aws:codebuild:eu-west-1:222222222222:?*"),
        "access.pull.services[0].sourceArn",
        "the ARN of what",
        id="wildcards alone",
    ),
    pytest.param(
        service(sourceArn="-"),
        'access.pull.services[0]: "codebuild.amazonaws.com" needs a source',
        "anybody",
        id="no source",
    ),
    pytest.param(
        service(sourceAccount=222222222222),
        "access.pull.services[0].sourceAccount",
        "in quotes",
        id="source as a number",
    ),
    pytest.param(
        service(sourceArn="*"), "access.pull.services[0].sourceArn", "in its last part at most", id="any source"
    ),
    pytest.param(
        service(sourceArn="arn:aws:codebuild:*:222222222222:project/shop"),
        "access.pull.services[0].sourceArn",
        "in its last part at most",
        id="source in any Region",
    ),
    pytest.param(
        service(sourceAccount="444444444444"),
        "access.pull.services[0]",
        "is not of the source account 444444444444",
        id="source of another account",
    ),
    pytest.param(
        service(sourceArn="arn:aws:s3:::bucket"),
        "access.pull.services[0]",
        "names no account",
        id="source without account",
    ),
    pytest.param(
        service(sourceArn=PROJECT.replace("aws:", "aws-cn:", 1).replace("eu-west-1", "cn-north-1")),
        "access.pull.services[0].sourceArn",
        "of aws",
        id="source in China",
    ),
    pytest.param(
        service(source="x"), "access.pull.services[0].source", "is not a known key", id="unknown key of a service"
    ),
    pytest.param(
        service(sourceAccount=None), "access.pull.services[0].sourceAccount", "has no value", id="null source account"
    ),
    pytest.param(
        pull(services=["codebuild.amazonaws.com"]), "access.pull.services[0]", "an object", id="service as text"
    ),
    pytest.param(
        pull(services=[]), "access.pull.services", "is empty; give it a value, or take the key out", id="no services"
    ),
    pytest.param(
        pull(services=[CODEBUILD, CODEBUILD]), "access.pull.services[1]", "covered by another entry", id="service twice"
    ),
    pytest.param(
        pull(services=[CODEBUILD, {"service": "codebuild.amazonaws.com", "sourceAccount": "222222222222"}]),
        "access.pull.services[0]",
        "covered by another entry",
        id="project of a listed account",
    ),
    # Numbers of them
    *(
        pytest.param(
            {kind: {"organizationPaths": [f"{UNIT}*", *(f"{UNIT}ou-ab12-{number:08}/" for number in range(683))]}},
            f"access.{kind}.organizationPaths",
            "has 684 entries, which no repository policy has room for: ECR accepts 10240 characters; name fewer",
            id=f"units below one another that {kind}",
        )
        for kind in ("pull", "push")
    ),
    pytest.param(
        pull(services=[{"service": "codebuild.amazonaws.com", "sourceAccount": "222222222222"}] * 683),
        "access.pull.services",
        "has 683 entries",
        id="services",
    ),
    # The whole
    pytest.param("everybody", 'access: "everybody" is not', "an object with keys", id="text"),
    pytest.param({"pull": {}}, "access.pull", "names nobody", id="empty pull"),
    pytest.param({"push": {}}, "access.push", "names nobody", id="empty push"),
    pytest.param({"pull": None}, "access.pull", "has no value", id="pull without a value"),
    pytest.param({"pull": []}, "access.pull", "an object with keys", id="list of those who pull"),
    pytest.param({"pul": {"accounts": []}}, "access.pul", "is not a known key; known: pull, push", id="misspelt pull"),
    pytest.param(pull(account=["222222222222"]), "access.pull.account", "is not a known key", id="misspelt accounts"),
    pytest.param(push(services=[CODEBUILD]), "access.push.services", "is not a known key", id="services don't push"),
    pytest.param(
        pull(accounts=[f"{number:012}" for number in range(400)]),
        "access",
        "ECR accepts 10240; name fewer",
        id="too many",
    ),
]


@pytest.mark.parametrize(("access", "key", "reason"), BAD)
def test_a_mistake_is_named_by_its_key_and_with_what_is_accepted(access: object, key: str, reason: str) -> None:
    (message,) = refused(access)
    assert message.startswith(key)
    assert message[len(key) :][:1] in (":", " ", ",", ";"), message
    assert reason in message


def test_all_mistakes_are_told_at_once() -> None:
    access = {"pull": {"accounts": [1, 2], "roles": ["x"]}, "push": {"organizations": ["y"]}, "other": 1}
    assert [line.partition(": ")[0] for line in refused(access)] == [
        "access.pull.accounts[0]",
        "access.pull.accounts[1]",
        "access.pull.roles[0]",
        "access.push.organizations[0]",
        "access.other",
    ]


def test_without_a_region_arns_must_be_of_one_partition() -> None:
    china = "arn:aws-cn:iam::333333333333:role/deployer"
    assert read(pull(roles=[china]), region=None) == Access(pull=PullPrincipals(roles=(china,)))
    (message,) = refused({**pull(roles=[china]), **push(roles=[ROLE])}, region=None)
    assert message.startswith(f'access.push.roles[0]: "{ROLE}" is in another partition; accepted: an ARN of aws-cn')


def test_without_a_region_functions_must_be_in_one_with_each_other() -> None:
    elsewhere = FUNCTION.replace(REGION, "eu-west-1")
    assert read(pull(**{"lambda": [elsewhere]}), region=None) == Access(pull=PullPrincipals(functions=(elsewhere,)))
    (message,) = refused(pull(**{"lambda": [elsewhere, FUNCTION]}), region=None)
    assert message.startswith(f'access.pull.lambda[1]: "{FUNCTION}" is in another Region; accepted: a function in eu-')


CHINESE = {"service": "codebuild.amazonaws.com.cn", "sourceAccount": "222222222222"}


@pytest.mark.parametrize("region", ["cn-north-1", None], ids=["in China", "maybe in China"])
def test_a_service_of_china_is_read_where_it_can_be(region: str | None) -> None:
    service = Service(service="codebuild.amazonaws.com.cn", source_account="222222222222")
    assert read(pull(services=[CHINESE]), region=region) == Access(pull=PullPrincipals(services=(service,)))


KEYS = [
    *("pull", "push", "accounts", "roles", "organizations", "organizationPaths", "lambda", "services", "service"),
    *("sourceAccount", "sourceArn", "x"),
]


@given(stack_files.anything(KEYS, ROLE, UNIT, "222222222222", "codebuild.amazonaws.com"))
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("access", lambda: read(values))
