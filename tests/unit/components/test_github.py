from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pulumi
import pytest

from components.github import GitHubActionsRole, GitHubActionsRoleArgs
from ecr.access import github, permissions
from ecr.access.documents import PolicyDocument
from ecr.access.github import GitHubWorkflows, RepositoryIds
from ecr.access.permissions import Permission
from ecr.errors import InputErrors
from tests.unit.recording import ACCOUNT, Recording, mock_arn, record

COMPONENT = "container-registry:index:GitHubActionsRole"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
LOOKUP = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"

FOUND = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
DEV = f"arn:aws:ecr:ap-northeast-2:{ACCOUNT}:repository/dev/yoon-app"
PROD = f"arn:aws:ecr:ap-northeast-2:{ACCOUNT}:repository/prod/yoon-app"
WORKFLOWS = GitHubWorkflows(repository="acme/shop", branches=("main",))
ARGS = GitHubActionsRoleArgs(workflows=WORKFLOWS, permission=Permission.PUSH, repository_arn=DEV)


def deployed(changes: Mapping[str, object] = MappingProxyType({}), *, preview: bool = False) -> Recording:
    args = dataclasses.replace(ARGS, **changes)  # type: ignore[arg-type]  # the tables are checked by running them

    def program() -> None:
        GitHubActionsRole("github", args)

    return record(program, preview=preview, answers={LOOKUP: {"arn": FOUND, "url": "https://x", "id": FOUND}})


def test_by_default_the_role_is_for_the_provider_that_the_account_has() -> None:
    recording = deployed()
    assert recording.only(ROLE).inputs == {
        "description": "GitHub Actions of acme/shop: push",
        "assumeRolePolicy": github.trust_policy(WORKFLOWS, provider_arn=FOUND).text,
        "maxSessionDuration": 3600,
    }
    assert not recording.of_type(PROVIDER)
    assert recording.calls == [LOOKUP]


def test_a_provider_is_made_when_asked_for_and_none_is_looked_for() -> None:
    recording = deployed({"oidc_provider": "make", "tags": {"team": "shop"}})
    provider = recording.only(PROVIDER)
    assert provider.name == "github-provider"
    assert provider.inputs == {
        "url": "https://token.actions.githubusercontent.com",
        "clientIdLists": ["sts.amazonaws.com"],
        "tags": {"team": "shop"},
    }
    made = mock_arn(PROVIDER, "github-provider")
    trust = github.trust_policy(WORKFLOWS, provider_arn=made).text
    assert recording.only(ROLE).inputs["assumeRolePolicy"] == trust
    assert recording.component_outputs("github")["oidcProviderArn"] == made
    assert recording.calls == []


GIVEN = FOUND.replace("arn:aws:", "arn:aws-cn:")


def given_as_text() -> str | pulumi.Output[str]:
    return GIVEN


def given_as_output() -> str | pulumi.Output[str]:
    return pulumi.Output.from_input(GIVEN)


@pytest.mark.parametrize("given", [given_as_text, given_as_output])
def test_a_provider_can_be_given(given: Callable[[], str | pulumi.Output[str]]) -> None:
    def program() -> None:
        GitHubActionsRole("github", dataclasses.replace(ARGS, oidc_provider=given()))

    recording = record(program)
    trust = github.trust_policy(WORKFLOWS, provider_arn=GIVEN).text
    assert recording.only(ROLE).inputs["assumeRolePolicy"] == trust
    assert not recording.of_type(PROVIDER)
    assert recording.calls == []


PERMISSIONS = [
    pytest.param({}, permissions.document(Permission.PUSH, repository_arn=DEV), id="push"),
    pytest.param({"permission": Permission.PULL}, permissions.document(Permission.PULL, repository_arn=DEV), id="pull"),
    pytest.param(
        {"permission": Permission.PROMOTE, "repository_arn": PROD, "source_arn": DEV},
        permissions.document(Permission.PROMOTE, repository_arn=PROD, source_arn=DEV),
        id="promote",
    ),
    pytest.param(
        {
            "permission": Permission.PROMOTE,
            "repository_arn": PROD,
            "source_arn": DEV,
            "enhanced_scanning": True,
        },
        permissions.document(Permission.PROMOTE, repository_arn=PROD, source_arn=DEV, enhanced_scanning=True),
        id="promote what Inspector scans",
    ),
]


@pytest.mark.parametrize(("changes", "document"), PERMISSIONS)
def test_the_permission_is_an_inline_policy_of_the_role(changes: dict[str, object], document: PolicyDocument) -> None:
    policy = deployed(changes).only(ROLE_POLICY)
    assert policy.name == "github-permissions"
    assert json.loads(str(policy.inputs["policy"])) == document.document
    assert policy.inputs["role"] == "github-role-id"


OPTIONS = [
    pytest.param({"role_name": "shop-push"}, {"name": "shop-push"}, id="name"),
    pytest.param(
        {"permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary"},
        {"permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary"},
        id="boundary",
    ),
    pytest.param({"tags": {"team": "shop"}}, {"tags": {"team": "shop"}}, id="tags"),
]


@pytest.mark.parametrize(("changes", "expected"), OPTIONS)
def test_each_option_reaches_the_role_and_is_absent_when_unset(
    changes: dict[str, object], expected: dict[str, object]
) -> None:
    plain = dict(deployed().only(ROLE).inputs)
    assert not expected.keys() & plain.keys()
    assert deployed(changes).only(ROLE).inputs == {**plain, **expected}


def test_ids_reach_the_trust() -> None:
    workflows = dataclasses.replace(WORKFLOWS, ids=RepositoryIds(owner=1, repository=2))
    trust = str(deployed({"workflows": workflows}).only(ROLE).inputs["assumeRolePolicy"])
    assert '"token.actions.githubusercontent.com:repository_id":"2"' in trust
    assert '"repo:acme@1/shop@2:ref:refs/heads/main"' in trust


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    recording = deployed({"oidc_provider": "make"})
    assert recording.names == {
        (COMPONENT, "github"),
        (PROVIDER, "github-provider"),
        (ROLE, "github-role"),
        (ROLE_POLICY, "github-permissions"),
    }
    for type_ in (PROVIDER, ROLE, ROLE_POLICY):
        assert recording.only(type_).parent == "github"


def test_outputs_are_what_a_workflow_needs() -> None:
    assert deployed({"role_name": "shop-push"}).component_outputs("github") == {
        "roleArn": mock_arn(ROLE, "github-role"),
        "roleName": "shop-push",
        "oidcProviderArn": FOUND,
    }


@pytest.mark.parametrize("provider", ["find", "make"])
def test_a_preview_shows_the_same_resources(provider: str) -> None:
    assert deployed({"oidc_provider": provider}, preview=True).names == deployed({"oidc_provider": provider}).names


ARN = "the ARN of an ECR repository"
REFUSED = [
    pytest.param(
        {"workflows": GitHubWorkflows(repository="acme/shop")},
        "workflows: names no branches, tags or environments; must name at least one of them",
        id="all of a repository",
    ),
    pytest.param(
        {"workflows": GitHubWorkflows(repository="acme/shop", branches=("*",))},
        f'workflows.branches[0]: "*" is not accepted; accepted: {github.BRANCH_RULE}',
        id="any branch",
    ),
    pytest.param(
        {"oidc_provider": "create"},
        f'oidc_provider: "create" is not accepted; accepted: {github.PROVIDER_RULE}',
        id="an unknown way to a provider",
    ),
    pytest.param(
        {"permission": Permission.PROMOTE},
        "source_arn: is missing; accepted: the repository that images are promoted from",
        id="promoting from nowhere",
    ),
    pytest.param(
        {"source_arn": PROD},
        "source_arn: goes with permission promote only, and this is push",
        id="pushing from somewhere",
    ),
    pytest.param(
        {"permission": Permission.PROMOTE, "source_arn": DEV},
        "source_arn: is the repository itself; accepted: another repository",
        id="promoting to itself",
    ),
    pytest.param({"repository_arn": "*"}, f'repository_arn: "*" is not accepted; accepted: {ARN}', id="any repository"),
    pytest.param(
        {"permission": Permission.PROMOTE, "source_arn": f"{DEV}*"},
        f'source_arn: "{DEV}*" is not accepted; accepted: {ARN}',
        id="any repository to promote from",
    ),
    pytest.param(
        {"role_name": "a/b"},
        'role_name: "a/b" is not accepted; accepted: the name of a role without its path, '
        "1 to 64 letters, digits and _+=,.@-, such as shop-nodes",
        id="a role's name with a path",
    ),
    pytest.param(
        {"permissions_boundary": "boundary"},
        'permissions_boundary: "boundary" is not accepted; accepted: the ARN of a managed policy, '
        "such as arn:aws:iam::123456789012:policy/boundary",
        id="a boundary's name",
    ),
]


@pytest.mark.parametrize(("changes", "expected"), REFUSED)
def test_a_mistake_is_refused_before_anything_is_registered(changes: dict[str, object], expected: str) -> None:
    args = dataclasses.replace(ARGS, **changes)  # type: ignore[arg-type]  # the table is checked by running it
    with pytest.raises(InputErrors) as raised:
        GitHubActionsRole("github", args)
    assert str(raised.value) == expected


def test_all_mistakes_are_named_at_once() -> None:
    workflows = GitHubWorkflows(repository="acme", environments=("*",))
    args = dataclasses.replace(ARGS, workflows=workflows, role_name="a/b", source_arn=PROD)
    with pytest.raises(InputErrors) as raised:
        GitHubActionsRole("github", args)
    keys = ["workflows.repository", "workflows.environments[0]", "role_name", "source_arn"]
    assert [error.key for error in raised.value.errors] == keys


def test_arns_that_are_not_known_yet_are_waited_for() -> None:
    def program() -> None:
        GitHubActionsRole(
            "github",
            GitHubActionsRoleArgs(
                workflows=WORKFLOWS,
                permission=Permission.PROMOTE,
                repository_arn=pulumi.Output.from_input(PROD),
                source_arn=pulumi.Output.from_input(DEV),
                oidc_provider=FOUND,
            ),
        )

    expected = permissions.document(Permission.PROMOTE, repository_arn=PROD, source_arn=DEV)
    assert record(program).only(ROLE_POLICY).inputs["policy"] == expected.text
