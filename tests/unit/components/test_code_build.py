from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from components.code_build import CodeBuildRole, CodeBuildRoleArgs
from ecr.access import code_build, permissions
from ecr.access.documents import PolicyDocument
from ecr.access.permissions import Permission
from ecr.errors import InputErrors
from tests.unit.recording import ACCOUNT, REGION, Recording, mock_arn, record

COMPONENT = "container-registry:index:CodeBuildRole"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"

DEV = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dev/yoon-app"
PROD = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/prod/yoon-app"
PROJECTS = ("shop-build", "shop-release")
PLACE = {"partition": "aws", "region": REGION, "account": ACCOUNT}
ARGS = CodeBuildRoleArgs(projects=PROJECTS, permission=Permission.PUSH, repository_arn=DEV)


def deployed(changes: Mapping[str, object] = MappingProxyType({}), *, preview: bool = False) -> Recording:
    args = dataclasses.replace(ARGS, **changes)  # type: ignore[arg-type]  # the tables are checked by running them

    def program() -> None:
        CodeBuildRole("build", args)

    return record(program, preview=preview)


def policy(recording: Recording, name: str) -> str:
    (registration,) = (one for one in recording.of_type(ROLE_POLICY) if one.name == name)
    assert registration.inputs["role"] == "build-role-id"
    return str(registration.inputs["policy"])


def test_the_role_trusts_the_projects_of_this_account_and_region() -> None:
    assert deployed().only(ROLE).inputs == {
        "description": "CodeBuild: push",
        "assumeRolePolicy": code_build.trust_policy(PROJECTS, **PLACE).text,
    }


def test_builds_write_their_logs() -> None:
    assert policy(deployed(), "build-logs") == code_build.logs_policy(PROJECTS, **PLACE).text


PERMISSIONS = [
    pytest.param({}, permissions.document(Permission.PUSH, repository_arn=DEV), id="push"),
    pytest.param({"permission": Permission.PULL}, permissions.document(Permission.PULL, repository_arn=DEV), id="pull"),
    pytest.param(
        {"permission": Permission.PROMOTE, "repository_arn": PROD, "source_arn": DEV, "enhanced_scanning": True},
        permissions.document(Permission.PROMOTE, repository_arn=PROD, source_arn=DEV, enhanced_scanning=True),
        id="promote",
    ),
]


@pytest.mark.parametrize(("changes", "document"), PERMISSIONS)
def test_the_permission_is_an_inline_policy_of_the_role(changes: dict[str, object], document: PolicyDocument) -> None:
    assert policy(deployed(changes), "build-permissions") == document.text


OPTIONS = [
    pytest.param({"role_name": "shop-build"}, {"name": "shop-build"}, id="name"),
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


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    recording = deployed()
    assert recording.names == {
        (COMPONENT, "build"),
        (ROLE, "build-role"),
        (ROLE_POLICY, "build-permissions"),
        (ROLE_POLICY, "build-logs"),
    }
    assert {child.parent for child in recording.registrations if child.type != COMPONENT} == {"build"}


def test_outputs_are_what_a_project_needs() -> None:
    assert deployed({"role_name": "shop-build"}).component_outputs("build") == {
        "roleArn": mock_arn(ROLE, "build-role"),
        "roleName": "shop-build",
    }


def test_a_preview_shows_the_same_resources() -> None:
    assert deployed(preview=True).names == deployed().names


REFUSED = [
    pytest.param({"projects": ()}, ["projects"], id="no projects"),
    pytest.param({"projects": ("*",)}, ["projects[0]"], id="any project"),
    pytest.param({"projects": ("ab", "ab")}, ["projects[1]"], id="a project twice"),
    pytest.param({"permission": Permission.PROMOTE}, ["source_arn"], id="promoting from nowhere"),
    pytest.param({"source_arn": PROD}, ["source_arn"], id="pushing from somewhere"),
    pytest.param({"repository_arn": "shop"}, ["repository_arn"], id="a repository's name"),
    pytest.param(
        {"role_name": "a/b", "permissions_boundary": "b"}, ["role_name", "permissions_boundary"], id="two mistakes"
    ),
]


@pytest.mark.parametrize(("changes", "keys"), REFUSED)
def test_mistakes_are_refused_before_anything_is_registered(changes: dict[str, object], keys: list[str]) -> None:
    args = dataclasses.replace(ARGS, **changes)  # type: ignore[arg-type]  # the table is checked by running it
    with pytest.raises(InputErrors) as raised:
        CodeBuildRole("build", args)
    assert [error.key for error in raised.value.errors] == keys
