from __future__ import annotations

import pytest
from hypothesis import given

from ecr import config_reader
from ecr.access.github import GitHubWorkflows, RepositoryIds
from ecr.github_config import GitHubConfig, read_github
from tests.unit.ecr import stack_files

PATH = "container-registry:github"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
LEAST = {"repository": "acme/shop", "branches": ["main"]}


def read(values: object, *, region: str | None = None) -> GitHubConfig | None:
    return stack_files.read("github", values, lambda top: read_github(top, region=region))


def mistakes(values: object, *, region: str | None = None) -> list[str]:
    return stack_files.mistakes(lambda: read(values, region=region))


@pytest.mark.parametrize("values", [None, {}])
def test_a_stack_that_says_nothing_has_no_role_for_github(values: object) -> None:
    assert read(values) is None


def test_a_repository_and_a_branch_are_enough() -> None:
    workflows = GitHubWorkflows(repository="acme/shop", branches=("main",))
    assert read(LEAST) == GitHubConfig(
        workflows=workflows, oidc_provider="find", role_name=None, permissions_boundary=None
    )


def test_every_key_is_read() -> None:
    values = {
        "repository": "acme/shop",
        "ids": {"owner": 123456, "repository": 456789},
        "branches": ["main", "release/*"],
        "tags": ["v*"],
        "environments": ["prod", "blue:eu"],
        "oidcProvider": PROVIDER,
        "enhancedScanning": True,
        "roleName": "shop-push",
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/ci/boundary",
    }
    assert read(values) == GitHubConfig(
        workflows=GitHubWorkflows(
            repository="acme/shop",
            ids=RepositoryIds(owner=123456, repository=456789),
            branches=("main", "release/*"),
            tags=("v*",),
            environments=("prod", "blue:eu"),
        ),
        oidc_provider=PROVIDER,
        enhanced_scanning=True,
        role_name="shop-push",
        permissions_boundary="arn:aws:iam::123456789012:policy/ci/boundary",
    )


GOOD = [
    pytest.param({"repository": "a/b"}, id="short names"),
    pytest.param({"repository": "Acme-Inc/.github"}, id="a repository that begins with a dot"),
    pytest.param({"repository": "mona-cat_octo/shop_1.0-x"}, id="a user whom an enterprise manages"),
    pytest.param({"branches": ["feature/a_b-1.2@x+y"]}, id="what git takes in a branch"),
    pytest.param({"branches": ["r*"]}, id="a letter before the wildcard"),
    pytest.param({"branches": ["release/*/hotfix"]}, id="a wildcard in the middle"),
    pytest.param({"tags": ["v*.*.*"]}, id="three wildcards"),
    pytest.param({"environments": ["e" * 255]}, id="an environment of 255 letters"),
    pytest.param({"environments": ["EU West (blue)/1"]}, id="what GitHub takes in an environment"),
    pytest.param({"oidcProvider": "make"}, id="make"),
    pytest.param({"oidcProvider": "find"}, id="find"),
    pytest.param({"oidcProvider": PROVIDER.replace("arn:aws:", "arn:aws-us-gov:")}, id="another partition"),
    pytest.param({"permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}, id="a boundary of AWS's own"),
    pytest.param({"ids": {"owner": 1, "repository": 1}}, id="the first of all IDs"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_what_github_and_aws_accept_is_accepted(changes: dict[str, object]) -> None:
    assert read({**LEAST, **changes}) is not None


REPOSITORY = "OWNER/REPOSITORY, spelt as GitHub spells it, without wildcards, such as acme/shop"
BRANCH = (
    "a branch such as main or release/*, as git writes it without refs/heads/; a '*' may stand in it, but not first"
)
TAG = "a tag such as v1.0.0 or v*, as git writes it without refs/tags/; a '*' may stand in it, but not first"
ENVIRONMENT = "an environment such as prod, spelt as the job spells it, in plain letters without *, ? and $"
ROLE = "the name of a role without its path, 1 to 64 letters, digits and _+=,.@-, such as shop-nodes"
BOUNDARY = "the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary"
QUOTES = "; in quotes, so that YAML takes it as text"
NUMBER = "a whole number, 1 or more"
PROVIDER_RULE = (
    "find (the account has GitHub's OIDC provider), make (this stack makes it), or its ARN, "
    "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
)


def refused(key: str, value: object, rule: str) -> str:
    return f"{PATH}.{key}: {config_reader.shown(value)} is not accepted; accepted: {rule}"


def unknown(key: str) -> str:
    known = (
        "branches, enhancedScanning, environments, ids, oidcProvider, permissionsBoundary, repository, roleName, tags"
    )
    return f"{PATH}.{key}: is not a known key; known: {known}"


def no_id(key: str) -> str:
    return f"{PATH}.ids.{key}: is missing; accepted: the number that GitHub gave it, 1 or more. The two IDs go together"


REFUSED = [
    *(
        pytest.param({"repository": value}, refused("repository", value, REPOSITORY), id=f"repository {name}")
        for name, value in {
            "without a slash": "shop",
            "without an owner": "/shop",
            "without a name": "acme/",
            "with two slashes": "acme/shop/evil",
            "any of the owner": "acme/*",
            "any of a beginning": "acme/shop*",
            "of any owner": "*/shop",
            "any at all": "*",
            "with a question mark": "acme/sho?",
            "as an address": "https://github.com/acme/shop",
            "with .git": "acme/shop.git",
            "with IDs in it": "acme@1/shop@2",
            "with a colon": "acme/shop:ref",
            "with a blank": "acme/my shop",
            "with a line break": "acme/shop\n",
            "with a variable": "${aws:username}/shop",
            "named .": "acme/.",
            "named ..": "acme/..",
            "of 101 letters": f"acme/{'x' * 101}",
            "of an owner with 40 letters": f"{'a' * 40}/shop",
            "of an owner that begins with a dash": "-acme/shop",
            "of an owner with a dot": "acme.inc/shop",
            "in other letters than GitHub takes": "acm\u00e9/shop",
        }.items()
    ),
    *(
        pytest.param({"branches": [value]}, refused("branches[0]", value, BRANCH), id=f"branch {name}")
        for name, value in {
            "any": "*",
            "any, twice": "**",
            "any below": "*/x",
            "with two wildcards in a row": "release/**",
            "that is empty": "",
            "with a blank": "my branch",
            "with a colon": "main:environment:prod",
            "with a question mark": "mai?",
            "with a bracket": "[main]",
            "with a backslash": "ma\\in",
            "with two dots": "a..b",
            "with two slashes": "a//b",
            "with a slash first": "/main",
            "with a slash last": "main/",
            "with a dot last": "main.",
            "that is a lock": "main.lock",
            "that is @": "@",
            "with @{": "main@{1}",
            "with a caret": "main^",
            "with a variable": "${aws:username}",
            "with a dollar": "release/$x",
            "with a line break": "main\n",
            "that begins with a dash": "-main",
            "of 241 letters": "b" * 241,
            "in another script": "\u4e3b",
        }.items()
    ),
    *(
        pytest.param({"tags": [value]}, refused("tags[0]", value, TAG), id=f"tag {name}")
        for name, value in {"any": "*", "with a question mark": "v?", "with a colon": "v1:x", "empty": ""}.items()
    ),
    *(
        pytest.param(
            {"environments": [value]}, refused("environments[0]", value, ENVIRONMENT), id=f"environment {name}"
        )
        for name, value in {
            "any": "*",
            "any of a beginning": "prod*",
            "with a question mark": "pro?",
            "with a variable": "${aws:username}",
            "that is empty": "",
            "that begins with a blank": " prod",
            "that ends with a blank": "prod ",
            "with a line break": "prod\n",
            "of 256 letters": "e" * 256,
            "in another script": "\u672c\u756a",
        }.items()
    ),
    pytest.param({"repository": 7}, refused("repository", 7, REPOSITORY + QUOTES), id="a repository that is a number"),
    pytest.param({"branches": [1.0]}, refused("branches[0]", 1.0, BRANCH + QUOTES), id="a branch that is a number"),
    pytest.param({"tags": [1.1]}, refused("tags[0]", 1.1, TAG + QUOTES), id="a tag that is a number"),
    pytest.param(
        {"environments": [True]},
        f"{PATH}.environments[0]: true is not accepted; accepted: {ENVIRONMENT}{QUOTES}",
        id="an environment that is true",
    ),
    pytest.param(
        {"branches": [["main"]]}, refused("branches[0]", ["main"], BRANCH + QUOTES), id="a branch that is a list"
    ),
    pytest.param({"branches": "main"}, refused("branches", "main", "a list"), id="branches that are no list"),
    pytest.param({"tags": {"v": 1}}, refused("tags", {"v": 1}, "a list"), id="tags that are an object"),
    pytest.param(
        {"branches": []}, f"{PATH}.branches: is empty; give it a value, or take the key out", id="no branches"
    ),
    pytest.param({"tags": []}, f"{PATH}.tags: is empty; give it a value, or take the key out", id="no tags"),
    pytest.param(
        {"environments": []},
        f"{PATH}.environments: is empty; give it a value, or take the key out",
        id="no environments",
    ),
    pytest.param(
        {"branches": ["main", "main"]},
        f'{PATH}.branches[1]: "main" stands in the list twice; take one out',
        id="a branch twice",
    ),
    pytest.param(
        {"environments": ["a", "b", "a"]},
        f'{PATH}.environments[2]: "a" stands in the list twice; take one out',
        id="an environment twice",
    ),
    pytest.param({"ids": 7}, refused("ids", 7, "an object with keys"), id="ids that are a number"),
    pytest.param({"ids": [1, 2]}, refused("ids", [1, 2], "an object with keys"), id="ids that are a list"),
    pytest.param(
        {"ids": {}},
        f"{PATH}.ids: is empty; accepted: {{owner: NUMBER, repository: NUMBER}}, or no ids at all",
        id="ids that are empty",
    ),
    pytest.param(
        {"ids": None}, f"{PATH}.ids: has no value; give it one, or take the key out", id="ids without a value"
    ),
    pytest.param(
        {"ids": {"repository": 2}},
        no_id("owner"),
        id="ids without the owner",
    ),
    pytest.param(
        {"ids": {"owner": 1}},
        no_id("repository"),
        id="ids without the repository",
    ),
    pytest.param({"ids": {"owner": "1", "repository": 2}}, refused("ids.owner", "1", NUMBER), id="an ID in quotes"),
    pytest.param({"ids": {"owner": 0, "repository": 2}}, refused("ids.owner", 0, NUMBER), id="an ID of 0"),
    pytest.param(
        {"ids": {"owner": 2**63, "repository": 2}},
        refused("ids.owner", 2**63, f"a whole number, 1 to {2**63 - 1}"),
        id="an ID that is too large",
    ),
    pytest.param({"ids": {"owner": 1, "repository": -2}}, refused("ids.repository", -2, NUMBER), id="a negative ID"),
    pytest.param(
        {"ids": {"owner": 1, "repository": 2.5}}, refused("ids.repository", 2.5, NUMBER), id="an ID with a fraction"
    ),
    pytest.param({"ids": {"owner": 1, "repository": "*"}}, refused("ids.repository", "*", NUMBER), id="any ID"),
    pytest.param(
        {"ids": {"owner": True, "repository": 2}},
        f"{PATH}.ids.owner: true is not accepted; accepted: {NUMBER}",
        id="an ID that is true",
    ),
    pytest.param(
        {"ids": {"owner": 1, "repository": 2, "org": 3}},
        f"{PATH}.ids.org: is not a known key; known: owner, repository",
        id="an unknown ID",
    ),
    *(
        pytest.param({"oidcProvider": value}, refused("oidcProvider", value, PROVIDER_RULE), id=f"provider {name}")
        for name, value in {
            "unknown": "create",
            "in capitals": "FIND",
            "of another issuer": PROVIDER.replace("token.actions.githubusercontent.com", "gitlab.com"),
            "of an enterprise": f"{PROVIDER}/acme",
            "as its address": "https://token.actions.githubusercontent.com",
            "of an account that lost a zero": PROVIDER.replace("123456789012", "12345678901"),
            "with a wildcard": PROVIDER.replace("123456789012", "*"),
            "that goes on": f"{PROVIDER}.evil.example",
        }.items()
    ),
    pytest.param(
        {"oidcProvider": True},
        f"{PATH}.oidcProvider: true is not accepted; accepted: {PROVIDER_RULE}{QUOTES}",
        id="a provider that is true",
    ),
    pytest.param({"roleName": "team/push"}, refused("roleName", "team/push", ROLE), id="a role's name with a path"),
    pytest.param({"roleName": "r" * 65}, refused("roleName", "r" * 65, ROLE), id="a role's name of 65 letters"),
    pytest.param({"roleName": ""}, refused("roleName", "", ROLE), id="a role's name that is empty"),
    pytest.param({"roleName": "shop-*"}, refused("roleName", "shop-*", ROLE), id="a role's name with a wildcard"),
    pytest.param(
        {"permissionsBoundary": "boundary"},
        refused("permissionsBoundary", "boundary", BOUNDARY),
        id="a boundary's name",
    ),
    pytest.param(
        {"permissionsBoundary": "arn:aws:iam::12345678901:policy/b"},
        refused("permissionsBoundary", "arn:aws:iam::12345678901:policy/b", BOUNDARY),
        id="a boundary of an account that lost a zero",
    ),
    pytest.param(
        {"permissionsBoundary": "arn:aws:iam::123456789012:policy/*"},
        refused("permissionsBoundary", "arn:aws:iam::123456789012:policy/*", BOUNDARY),
        id="any boundary",
    ),
    pytest.param(
        {"permissionsBoundary": None},
        f"{PATH}.permissionsBoundary: has no value; give it one, or take the key out",
        id="a boundary without a value",
    ),
    pytest.param(
        {"branch": "main"},
        unknown("branch"),
        id="an unknown key",
    ),
    pytest.param(
        {"pullRequests": True},
        unknown("pullRequests"),
        id="pull requests",
    ),
]


@pytest.mark.parametrize(("changes", "expected"), REFUSED)
def test_a_mistake_is_refused_by_the_name_of_its_key(changes: dict[str, object], expected: str) -> None:
    assert mistakes({**LEAST, **changes}) == [expected]


def test_a_role_for_all_of_a_repository_is_refused() -> None:
    assert mistakes({"repository": "acme/shop"}) == [
        f"{PATH}: names no branches, tags or environments; must name at least one of them"
    ]


def test_a_repository_is_asked_for() -> None:
    advice = "Run: pulumi config set --path github.repository acme/shop"
    assert mistakes({"branches": ["main"]}) == [f"{PATH}.repository: is missing; accepted: {REPOSITORY}. {advice}"]


def test_more_than_iam_takes_is_refused() -> None:
    many = [f"release/{number:03}" for number in range(50)]
    (mistake,) = mistakes({**LEAST, "branches": many})
    assert mistake.startswith(f"{PATH}: makes a trust policy of ")
    assert mistake.endswith(" characters; IAM accepts 2048: name fewer")


@pytest.mark.parametrize("values", ["acme/shop", ["acme/shop"], 7])
def test_github_that_is_no_object_is_refused(values: object) -> None:
    (mistake,) = mistakes(values)
    assert mistake.startswith(f"{PATH}: ")
    assert mistake.endswith("is not accepted; accepted: an object with keys")


def test_all_mistakes_are_named_at_once() -> None:
    values = {"repository": "shop", "branches": ["*"], "environments": ["prod*"], "ids": {"owner": 1}, "x": 1}
    assert [mistake.partition(": ")[0] for mistake in mistakes(values)] == [
        f"{PATH}.repository",
        f"{PATH}.ids.repository",
        f"{PATH}.branches[0]",
        f"{PATH}.environments[0]",
        f"{PATH}.x",
    ]


KEYS = ["repository", "ids", "owner", "branches", "tags", "environments", "oidcProvider", "x"]


@given(stack_files.anything(KEYS, "acme/shop", "main", "v*", "find"))
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("github", lambda: read(values))


ELSEWHERE = [
    pytest.param("oidcProvider", PROVIDER.replace("aws", "aws-cn", 1), id="provider"),
    pytest.param("permissionsBoundary", "arn:aws-cn:iam::123456789012:policy/boundary", id="boundary"),
]


@pytest.mark.parametrize(("key", "arn"), ELSEWHERE)
def test_an_arn_is_of_the_partition_of_the_stacks_region(key: str, arn: str) -> None:
    values = {**LEAST, key: arn}
    assert read(values) is not None
    assert read(values, region="cn-north-1") is not None
    accepted = "accepted: an ARN of aws, which the stack's Region is in"
    assert mistakes(values, region="eu-west-1") == [f'{PATH}.{key}: "{arn}" is in another partition; {accepted}']
