"""The EKS type of the `aws` stand-in: a Pod Identity association, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, inside
from local.plugins.aws_resource import REGION, own_tags, tag_changes
from local.plugins.schema import Field, Kind
from local.plugins.values import Props, text_of, texts_of


class PodIdentityAssociation(ApiResource):
    """`aws:eks/podIdentityAssociation:PodIdentityAssociation`.

    Its ID is what the official plugin imports by, `CLUSTER,ASSOCIATION`; the official one keeps the association's ID
    and has the cluster's name beside it.
    """

    type_name = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    service = "eks"
    absent = ("ResourceNotFoundException", "NotFoundException")
    fields: ClassVar[Mapping[str, Field]] = {
        "clusterName": Field(kind=Kind.TEXT, api="clusterName", required=True, replaces=True),
        "namespace": Field(kind=Kind.TEXT, api="namespace", required=True, replaces=True),
        "serviceAccount": Field(kind=Kind.TEXT, api="serviceAccount", required=True, replaces=True),
        "roleArn": Field(kind=Kind.TEXT, api="roleArn", required=True),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = {"associationArn": "associationArn", "associationId": "associationId"}
    stables = ("associationArn", "associationId")
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A service account has one association."""
        return all(state.get(key) == wanted.get(key) for key in ("clusterName", "namespace", "serviceAccount"))

    @override
    def make(self, wanted: Props) -> str:
        """Creates the association."""
        tags: Props = dict(texts_of(wanted.get("tags")))
        made = self.call("create_pod_identity_association", **self.request(wanted), tags=tags or None)
        return f"{wanted['clusterName']},{text_of(inside(made, 'association')['associationId'])}"

    @override
    def look(self, resource_id: str) -> Props | None:
        """The association; gone with its cluster."""
        found = inside(self.call("describe_pod_identity_association", **_parts(resource_id)), "association")
        return self.described(found) | {"tags": own_tags(texts_of(found.get("tags")))}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Another role, or other tags."""
        if "roleArn" in self.changed(state, wanted):
            self.call("update_pod_identity_association", **_parts(resource_id), roleArn=wanted["roleArn"])
        setting, removing = tag_changes(state, wanted)
        if setting:
            self.call("tag_resource", resourceArn=state["associationArn"], tags=dict(setting))
        if removing:
            self.call("untag_resource", resourceArn=state["associationArn"], tagKeys=list(removing))

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the association."""
        self.call("delete_pod_identity_association", **_parts(resource_id))


def _parts(resource_id: str) -> Props:
    cluster, _, association = resource_id.partition(",")
    return {"clusterName": cluster, "associationId": association}
