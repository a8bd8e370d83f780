"""The IAM resource types of the `aws` stand-in. Property names and behaviour follow pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, inside, objects, step, texts, wanted_tags
from local.plugins.aws_ecr_policies import same_statements
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of

LONGEST_ROLE_NAME = 64  # IAM API reference, CreateRole
LONGEST_POLICY_NAME = 128  # IAM API reference, PutRolePolicy
DEFAULT_SESSION_S = 3600


class _Iam(ApiResource):
    """IAM is global, so that there is no `region`; what is missing has one code."""

    service = "iam"
    absent = ("NoSuchEntity",)


class Role(_Iam):
    """`aws:iam/role:Role`; its ID is its name."""

    type_name = "aws:iam/role:Role"
    longest_name = LONGEST_ROLE_NAME
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, api="RoleName", replaces=True, required=True),
        "path": Field(kind=Kind.TEXT, api="Path", replaces=True, default="/"),
        "assumeRolePolicy": Field(
            kind=Kind.JSON, api="AssumeRolePolicyDocument", required=True, normal=same_statements
        ),
        "description": Field(kind=Kind.TEXT, api="Description"),
        "maxSessionDuration": Field(kind=Kind.INT, api="MaxSessionDuration", default=DEFAULT_SESSION_S),
        "permissionsBoundary": Field(kind=Kind.TEXT, api="PermissionsBoundary"),
        "forceDetachPolicies": Field(kind=Kind.BOOL),
        "tags": Field(kind=Kind.TEXTS),
    }
    outputs: ClassVar[Mapping[str, str]] = {"arn": "Arn", "uniqueId": "RoleId", "createDate": "CreateDate"}
    stables = ("arn", "uniqueId", "createDate")
    write_only = ("forceDetachPolicies",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """Role names are unique in an account, whatever the path."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the role."""
        self.call("create_role", **self.request(wanted), Tags=wanted_tags(wanted))
        return text_of(wanted["name"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The role; its boundary comes in an object of its own."""
        found = inside(self.call("get_role", RoleName=resource_id), "Role")
        boundary = inside(found, "PermissionsBoundary").get("PermissionsBoundaryArn")
        return self.described(found | {"PermissionsBoundary": boundary})

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Each setting has an operation of its own; all can be repeated."""
        changed = self.changed(state, wanted)
        role: Props = {"RoleName": resource_id}
        if "assumeRolePolicy" in changed:
            self.call("update_assume_role_policy", **role, PolicyDocument=wanted["assumeRolePolicy"])
        if changed & {"description", "maxSessionDuration"}:
            described = {"Description": text_of(wanted.get("description"))}
            self.call("update_role", **role, **described, MaxSessionDuration=wanted.get("maxSessionDuration"))
        if "permissionsBoundary" in changed:
            boundary = wanted.get("permissionsBoundary")
            operation = f"{'put' if boundary else 'delete'}_role_permissions_boundary"
            self.call(operation, **role, PermissionsBoundary=boundary or None)
        self.retag(state, wanted, role, tag="tag_role", untag="untag_role")

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the role; policies that others gave it go only with forceDetachPolicies, else IAM refuses."""
        if state.get("forceDetachPolicies") is True:
            self._strip(resource_id)
        self.call("delete_role", RoleName=resource_id)

    def _strip(self, name: str) -> None:
        for one in objects(self.call("list_attached_role_policies", RoleName=name).get("AttachedPolicies")):
            self.call("detach_role_policy", RoleName=name, PolicyArn=one["PolicyArn"])
        for policy in texts(self.call("list_role_policies", RoleName=name).get("PolicyNames")):
            self.call("delete_role_policy", RoleName=name, PolicyName=policy)


class RolePolicy(_Iam):
    """`aws:iam/rolePolicy:RolePolicy`: a policy inside a role; its ID is `ROLE:NAME`."""

    type_name = "aws:iam/rolePolicy:RolePolicy"
    longest_name = LONGEST_POLICY_NAME
    fields: ClassVar[Mapping[str, Field]] = {
        "role": Field(kind=Kind.TEXT, api="RoleName", required=True, replaces=True),
        "name": Field(kind=Kind.TEXT, api="PolicyName", required=True, replaces=True),
        "policy": Field(kind=Kind.JSON, api="PolicyDocument", required=True, normal=same_statements),
    }

    @override
    def make(self, wanted: Props) -> str:
        """Puts the policy into the role."""
        self.call("put_role_policy", **self.request(wanted))
        return f"{wanted['role']}:{wanted['name']}"

    @override
    def look(self, resource_id: str) -> Props | None:
        """The policy; gone with its role."""
        return self.described(self.call("get_role_policy", **_role_and_policy(resource_id)))

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Replaces the document."""
        self.make(wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Takes the policy out of the role."""
        self.call("delete_role_policy", **_role_and_policy(resource_id))


class RolePolicyAttachment(_Iam):
    """`aws:iam/rolePolicyAttachment:RolePolicyAttachment`: a managed policy of a role; its ID is `ROLE/ARN`.

    That is what the official plugin imports by; the official one keeps `ROLE-TIME`, which names no policy.
    """

    type_name = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    fields: ClassVar[Mapping[str, Field]] = {
        "role": Field(kind=Kind.TEXT, api="RoleName", required=True, replaces=True),
        "policyArn": Field(kind=Kind.TEXT, api="PolicyArn", required=True, replaces=True),
    }

    @override
    def make(self, wanted: Props) -> str:
        """Attaches the policy."""
        self.call("attach_role_policy", **self.request(wanted))
        return f"{wanted['role']}/{wanted['policyArn']}"

    @override
    def look(self, resource_id: str) -> Props | None:
        """The policy, found among those of the role; gone with it."""
        role, _, arn = resource_id.partition("/")
        marker: Plain = None
        while True:
            page = self.call("list_attached_role_policies", RoleName=role, Marker=marker)
            if any(one.get("PolicyArn") == arn for one in objects(page.get("AttachedPolicies"))):
                return {"role": role, "policyArn": arn}
            marker = page.get("Marker")
            if not marker:
                return None

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Nothing of it changes in place."""

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Detaches the policy."""
        role, _, arn = resource_id.partition("/")
        self.call("detach_role_policy", RoleName=role, PolicyArn=arn)


def _role_and_policy(resource_id: str) -> Props:
    role, _, policy = resource_id.partition(":")
    return {"RoleName": role, "PolicyName": policy}


def without_scheme(url: Plain) -> str:
    """An issuer as IAM keeps it: `https://` is left out of what it gives back."""
    return text_of(url).removeprefix("https://")


class OpenIdConnectProvider(_Iam):
    """`aws:iam/openIdConnectProvider:OpenIdConnectProvider`; its ID is its ARN."""

    type_name = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    fields: ClassVar[Mapping[str, Field]] = {
        "url": Field(kind=Kind.TEXT, api="Url", required=True, replaces=True, normal=without_scheme),
        "clientIdLists": Field(kind=Kind.LIST, api="ClientIDList", required=True, unordered=True),
        "thumbprintLists": Field(kind=Kind.LIST, api="ThumbprintList", cloud_decides=True),
        "tags": Field(kind=Kind.TEXTS),
    }
    computed = ("arn",)
    stables = ("arn",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """There is one provider per issuer in an account."""
        return without_scheme(state.get("url")) == without_scheme(wanted.get("url"))

    @override
    def make(self, wanted: Props) -> str:
        """Creates the provider; without thumbprints IAM finds the issuer's own."""
        made = self.call("create_open_id_connect_provider", **self.request(wanted), Tags=wanted_tags(wanted))
        return text_of(made["OpenIDConnectProviderArn"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The provider."""
        found = self.call("get_open_id_connect_provider", OpenIDConnectProviderArn=resource_id)
        return self.described(found) | {"arn": resource_id}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Thumbprints are replaced as a whole, client IDs one by one."""
        changed = self.changed(state, wanted)
        provider: Props = {"OpenIDConnectProviderArn": resource_id}
        if "thumbprintLists" in changed:
            thumbprints = wanted.get("thumbprintLists")
            self.call("update_open_id_connect_provider_thumbprint", **provider, ThumbprintList=thumbprints)
        adding, removing = step(state.get("clientIdLists"), wanted.get("clientIdLists"))
        for client in adding:
            self.call("add_client_id_to_open_id_connect_provider", **provider, ClientID=client)
        for client in removing:
            self.call("remove_client_id_from_open_id_connect_provider", **provider, ClientID=client)
        self.retag(state, wanted, provider, tag="tag_open_id_connect_provider", untag="untag_open_id_connect_provider")

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the provider."""
        self.call("delete_open_id_connect_provider", OpenIDConnectProviderArn=resource_id)
