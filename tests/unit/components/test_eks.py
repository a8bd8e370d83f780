from __future__ import annotations

import dataclasses

import pytest

from components.eks import EksPullAccess, EksPullAccessArgs
from ecr.access import eks, identity
from ecr.access.eks import PodIdentity, ServiceAccount
from ecr.errors import InputErrors
from tests.unit.recording import ACCOUNT, REGION, Recording, mock_arn, record

COMPONENT = "container-registry:index:EksPullAccess"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"

REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dev/yoon-app"
PULL = identity.pull_policy(REPOSITORY).text
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
BUILDER = ServiceAccount(oidc_provider=PROVIDER, namespace="shop", name="builder")
PODS = (
    PodIdentity(cluster="blue", namespace="shop", service_account="builder"),
    PodIdentity(cluster="green", namespace="ci", service_account="scanner"),
)
EVERYBODY = EksPullAccessArgs(
    repository_arn=REPOSITORY, node_roles=("nodes", "gpu-nodes"), service_accounts=(BUILDER,), pod_identities=PODS
)


def deployed(args: EksPullAccessArgs, *, preview: bool = False) -> Recording:
    def program() -> None:
        EksPullAccess("eks", args)

    return record(program, preview=preview)


def named(recording: Recording, name: str) -> dict[str, object]:
    (registration,) = (one for one in recording.registrations if one.name == name)
    return dict(registration.inputs)


def test_a_node_role_gets_a_policy_and_nothing_else_is_made() -> None:
    recording = deployed(EksPullAccessArgs(repository_arn=REPOSITORY, node_roles=("nodes",)))
    assert recording.only(ROLE_POLICY).inputs == {"role": "nodes", "policy": PULL}
    assert not recording.of_type(ROLE) + recording.of_type(ASSOCIATION)
    assert recording.calls == []
    assert recording.component_outputs("eks") == {}


def test_service_accounts_get_a_role_that_trusts_their_clusters() -> None:
    recording = deployed(EksPullAccessArgs(repository_arn=REPOSITORY, service_accounts=(BUILDER,)))
    assert recording.only(ROLE).inputs == {
        "description": "EKS service accounts: pull",
        "assumeRolePolicy": eks.service_account_trust([BUILDER]).text,
    }
    assert recording.only(ROLE_POLICY).inputs == {"role": "eks-service-accounts-id", "policy": PULL}
    assert recording.component_outputs("eks") == {"serviceAccountRoleArn": mock_arn(ROLE, "eks-service-accounts")}
    assert not recording.of_type(ASSOCIATION)


def test_pod_identities_get_a_role_and_are_associated_with_it() -> None:
    recording = deployed(EksPullAccessArgs(repository_arn=REPOSITORY, pod_identities=PODS))
    arn = mock_arn(ROLE, "eks-pod-identities")
    assert recording.only(ROLE).inputs == {
        "description": "EKS pod identities: pull",
        "assumeRolePolicy": eks.pod_identity_trust(PODS, partition="aws", region=REGION, account=ACCOUNT).text,
    }
    assert recording.only(ROLE_POLICY).inputs == {"role": "eks-pod-identities-id", "policy": PULL}
    assert [association.inputs for association in recording.of_type(ASSOCIATION)] == [
        {"clusterName": "blue", "namespace": "shop", "serviceAccount": "builder", "roleArn": arn},
        {"clusterName": "green", "namespace": "ci", "serviceAccount": "scanner", "roleArn": arn},
    ]
    assert recording.component_outputs("eks") == {"podIdentityRoleArn": arn}
    assert IDENTITY in recording.calls


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    recording = deployed(EVERYBODY)
    assert recording.names == {
        (COMPONENT, "eks"),
        (ROLE_POLICY, "eks-node-nodes"),
        (ROLE_POLICY, "eks-node-gpu-nodes"),
        (ROLE, "eks-service-accounts"),
        (ROLE_POLICY, "eks-service-accounts-permissions"),
        (ROLE, "eks-pod-identities"),
        (ROLE_POLICY, "eks-pod-identities-permissions"),
        (ASSOCIATION, "eks-blue/shop/builder"),
        (ASSOCIATION, "eks-green/ci/scanner"),
    }
    assert {child.parent for child in recording.registrations if child.type != COMPONENT} == {"eks"}


@pytest.mark.parametrize("who", ["eks-service-accounts", "eks-pod-identities"])
def test_a_boundary_and_tags_reach_both_roles_and_are_absent_when_unset(who: str) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    plain = named(deployed(EVERYBODY), who)
    bounded = named(deployed(dataclasses.replace(EVERYBODY, permissions_boundary=boundary, tags={"team": "shop"})), who)
    assert bounded == {**plain, "permissionsBoundary": boundary, "tags": {"team": "shop"}}
    assert not {"permissionsBoundary", "tags"} & plain.keys()


def test_tags_reach_the_associations_and_are_absent_when_unset() -> None:
    association = "eks-blue/shop/builder"
    tagged = named(deployed(dataclasses.replace(EVERYBODY, tags={"team": "shop"})), association)
    assert tagged == {**named(deployed(EVERYBODY), association), "tags": {"team": "shop"}}
    assert "tags" not in named(deployed(EVERYBODY), association)


def test_a_preview_shows_the_same_resources() -> None:
    assert deployed(EVERYBODY, preview=True).names == deployed(EVERYBODY).names


REFUSED = [
    pytest.param({"node_roles": ("*",)}, ["node_roles[0]"], id="any role"),
    pytest.param({"node_roles": (), "service_accounts": (), "pod_identities": ()}, ["EksPullAccessArgs"], id="nobody"),
    pytest.param({"repository_arn": "*"}, ["repository_arn"], id="any repository"),
    pytest.param({"permissions_boundary": "boundary"}, ["permissions_boundary"], id="a boundary's name"),
    pytest.param(
        {"service_accounts": (dataclasses.replace(BUILDER, namespace="*"),)},
        ["service_accounts[0].namespace"],
        id="any namespace",
    ),
    pytest.param(
        {"pod_identities": (PODS[0], PODS[0]), "node_roles": ("a/b",)},
        ["node_roles[0]", "pod_identities[1]"],
        id="two mistakes",
    ),
]


@pytest.mark.parametrize(("changes", "keys"), REFUSED)
def test_mistakes_are_refused_before_anything_is_registered(changes: dict[str, object], keys: list[str]) -> None:
    args = dataclasses.replace(EVERYBODY, **changes)  # type: ignore[arg-type]  # the table is checked by running it
    with pytest.raises(InputErrors) as raised:
        EksPullAccess("eks", args)
    assert [error.key for error in raised.value.errors] == keys
