"""The network types of the `aws` stand-in: security groups and VPC endpoints, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, first, inside, objects, pairs, step, until, wanted_tags
from local.plugins.aws_ecr_policies import same_statements
from local.plugins.aws_resource import REGION, absent_is_fine, tag_changes
from local.plugins.errors import StandInError
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of

LONGEST_GROUP_NAME = 255  # EC2 API reference, CreateSecurityGroup
ALL_PROTOCOLS = "-1"


class _Ec2(ApiResource):
    """Tags go on creation by kind of resource, and afterwards by two operations of EC2's own."""

    service = "ec2"
    stables = ("arn", "ownerId")
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags"}
    kind: ClassVar[str]

    def tagged(self, wanted: Props) -> Plain:
        """The tags of a new resource."""
        tags = wanted_tags(wanted)
        return [{"ResourceType": self.kind, "Tags": tags}] if tags else None

    def tag_again(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Set and remove tags."""
        setting, removing = tag_changes(state, wanted)
        if setting:
            self.call("create_tags", Resources=[resource_id], Tags=pairs(setting))
        if removing:
            self.call("delete_tags", Resources=[resource_id], Tags=[{"Key": key} for key in removing])

    def named(self, found: Props, resource_id: str, arn: str = "") -> Props:
        """The description with the ARN, which EC2 leaves out of some."""
        made_up = f"arn:{self.cloud.partition}:ec2:{self.cloud.region}:{found.get('OwnerId')}:{self.kind}/{resource_id}"
        return self.described(found) | {"arn": text_of(found.get(arn)) or made_up}


class SecurityGroup(_Ec2):
    """`aws:ec2/securityGroup:SecurityGroup`, whose rules are resources of their own; its ID is EC2's."""

    type_name = "aws:ec2/securityGroup:SecurityGroup"
    kind = "security-group"
    absent = ("InvalidGroup.NotFound",)
    longest_name = LONGEST_GROUP_NAME
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, api="GroupName", required=True, replaces=True),
        "description": Field(kind=Kind.TEXT, api="Description", default="Managed by Pulumi", replaces=True),
        "vpcId": Field(kind=Kind.TEXT, api="VpcId", cloud_decides=True, replaces=True),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn",)
    outputs: ClassVar[Mapping[str, str]] = {"ownerId": "OwnerId"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A VPC has one group of a name."""
        return all(state.get(key) == wanted.get(key, state.get(key)) for key in ("name", "vpcId"))

    @override
    def make(self, wanted: Props) -> str:
        """Creates the group without AWS's rule that lets everything out, as the official plugin does."""
        made = self.call("create_security_group", **self.request(wanted), TagSpecifications=self.tagged(wanted))
        group_id = text_of(made["GroupId"])
        group = first(self.call("describe_security_groups", GroupIds=[group_id]), "SecurityGroups") or {}
        if everything := objects(group.get("IpPermissionsEgress")):
            self.call("revoke_security_group_egress", GroupId=group_id, IpPermissions=list(everything))
        return group_id

    @override
    def look(self, resource_id: str) -> Props | None:
        """The group."""
        found = first(self.call("describe_security_groups", GroupIds=[resource_id]), "SecurityGroups")
        return found and self.named(found, resource_id, "SecurityGroupArn")

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Only tags change in place."""
        self.tag_again(resource_id, state, wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the group, which nothing may use any more."""
        self.call("delete_security_group", GroupId=resource_id)


class SecurityGroupIngressRule(_Ec2):
    """`aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`; its ID is EC2's."""

    type_name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    kind = "security-group-rule"
    absent = ("InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound")
    fields: ClassVar[Mapping[str, Field]] = {
        "securityGroupId": Field(kind=Kind.TEXT, api="GroupId", required=True, replaces=True),
        "ipProtocol": Field(kind=Kind.TEXT, api="IpProtocol", required=True),
        "fromPort": Field(kind=Kind.INT, api="FromPort"),
        "toPort": Field(kind=Kind.INT, api="ToPort"),
        "cidrIpv4": Field(kind=Kind.TEXT, api="CidrIpv4"),
        "cidrIpv6": Field(kind=Kind.TEXT, api="CidrIpv6"),
        "prefixListId": Field(kind=Kind.TEXT, api="PrefixListId"),
        "referencedSecurityGroupId": Field(kind=Kind.TEXT, api="ReferencedGroupId"),
        "description": Field(kind=Kind.TEXT, api="Description"),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn",)
    stables = ("arn", "securityGroupRuleId")
    outputs: ClassVar[Mapping[str, str]] = {"securityGroupRuleId": "SecurityGroupRuleId"}

    @override
    def make(self, wanted: Props) -> str:
        """Adds the rule to its group."""
        made = self.call(
            "authorize_security_group_ingress",
            GroupId=wanted["securityGroupId"],
            IpPermissions=[_permission(wanted)],
            TagSpecifications=self.tagged(wanted),
        )
        return text_of((first(made, "SecurityGroupRules") or {}).get("SecurityGroupRuleId"))

    @override
    def look(self, resource_id: str) -> Props | None:
        """The rule; for all protocols there are no ports."""
        answer = self.call("describe_security_group_rules", SecurityGroupRuleIds=[resource_id])
        found = first(answer, "SecurityGroupRules")
        if found is None or found.get("IsEgress") is True:
            return None
        if found.get("IpProtocol") == ALL_PROTOCOLS:
            found |= {"FromPort": None, "ToPort": None}
        found["OwnerId"] = found.get("GroupOwnerId")
        referenced = inside(found, "ReferencedGroupInfo").get("GroupId")
        return self.named(found | {"ReferencedGroupId": referenced}, resource_id, "SecurityGroupRuleArn")

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Replaces the rule's content."""
        if self.changed(state, wanted) - {"tags"}:
            rule = {key: value for key, value in self.request(wanted).items() if key != "GroupId"}
            changing: Plain = {"SecurityGroupRuleId": resource_id, "SecurityGroupRule": rule}
            group = wanted["securityGroupId"]
            self.call("modify_security_group_rules", GroupId=group, SecurityGroupRules=[changing])
        self.tag_again(resource_id, state, wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Takes the rule out of its group."""
        group = state["securityGroupId"]
        self.call("revoke_security_group_ingress", GroupId=group, SecurityGroupRuleIds=[resource_id])


def _permission(wanted: Props) -> Props:
    """The rule in the form in which it is added: a list for each kind of source."""
    sources = {
        "IpRanges": ("cidrIpv4", "CidrIp"),
        "Ipv6Ranges": ("cidrIpv6", "CidrIpv6"),
        "PrefixListIds": ("prefixListId", "PrefixListId"),
        "UserIdGroupPairs": ("referencedSecurityGroupId", "GroupId"),
    }
    said: Props = {"Description": wanted["description"]} if wanted.get("description") else {}
    permission: Props = {
        place: [{key: wanted[name], **said}] for place, (name, key) in sources.items() if wanted.get(name) is not None
    }
    ports = {"FromPort": wanted.get("fromPort"), "ToPort": wanted.get("toPort")}
    known: Props = {key: port for key, port in ports.items() if port is not None}
    return permission | known | {"IpProtocol": wanted["ipProtocol"]}


class VpcEndpoint(_Ec2):
    """`aws:ec2/vpcEndpoint:VpcEndpoint`, interface or gateway; its ID is EC2's."""

    type_name = "aws:ec2/vpcEndpoint:VpcEndpoint"
    kind = "vpc-endpoint"
    absent = ("InvalidVpcEndpointId.NotFound",)
    untold = ("policy", "privateDnsEnabled", "securityGroupIds", "ipAddressType")  # not in MiniStack 1.5.33's answers
    fields: ClassVar[Mapping[str, Field]] = {
        "vpcId": Field(kind=Kind.TEXT, api="VpcId", required=True, replaces=True),
        "serviceName": Field(kind=Kind.TEXT, api="ServiceName", required=True, replaces=True),
        "vpcEndpointType": Field(
            kind=Kind.TEXT, api="VpcEndpointType", default="Gateway", choices=("Gateway", "Interface"), replaces=True
        ),
        "policy": Field(kind=Kind.JSON, api="PolicyDocument", cloud_decides=True, normal=same_statements),
        "privateDnsEnabled": Field(kind=Kind.BOOL, api="PrivateDnsEnabled", cloud_decides=True),
        "routeTableIds": Field(kind=Kind.LIST, api="RouteTableIds", cloud_decides=True, unordered=True),
        "subnetIds": Field(kind=Kind.LIST, api="SubnetIds", cloud_decides=True, unordered=True),
        "securityGroupIds": Field(kind=Kind.LIST, api="SecurityGroupIds", cloud_decides=True, unordered=True),
        "ipAddressType": Field(kind=Kind.TEXT, api="IpAddressType", cloud_decides=True),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn", "dnsEntries", "prefixListId", "cidrBlocks")
    outputs: ClassVar[Mapping[str, str]] = {
        "state": "State",
        "ownerId": "OwnerId",
        "networkInterfaceIds": "NetworkInterfaceIds",
        "requesterManaged": "RequesterManaged",
    }

    @override
    def make(self, wanted: Props) -> str:
        """Creates the endpoint, and waits until it can be used."""
        made = self.call("create_vpc_endpoint", **self.request(wanted), TagSpecifications=self.tagged(wanted))
        endpoint = text_of(inside(made, "VpcEndpoint")["VpcEndpointId"])
        self._wait(endpoint)
        return endpoint

    @override
    def look(self, resource_id: str) -> Props | None:
        """The endpoint; a gateway's addresses come from the prefix list of its service."""
        found = self._described(resource_id)
        if not found:
            return None
        if "Groups" in found:
            found["SecurityGroupIds"] = [group.get("GroupId") for group in objects(found["Groups"])]
        entries: list[Plain] = [
            {"dnsName": one.get("DnsName"), "hostedZoneId": one.get("HostedZoneId")}
            for one in objects(found.get("DnsEntries"))
        ]
        prefixes: Props = {}
        if found.get("VpcEndpointType") == "Gateway":
            named: Plain = [{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]
            prefixes = first(self.call("describe_prefix_lists", Filters=named), "PrefixLists") or {}
        return self.named(found, resource_id) | {
            "dnsEntries": entries,
            "prefixListId": prefixes.get("PrefixListId"),
            "cidrBlocks": prefixes.get("Cidrs"),
        }

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """What is a set has its items added and removed."""
        changed = self.changed(state, wanted)
        request: Props = {}
        for key in changed & {"policy", "privateDnsEnabled", "ipAddressType"}:
            request[self.fields[key].api] = wanted.get(key)
        for key in changed & {"routeTableIds", "subnetIds", "securityGroupIds"}:
            adding, removing = step(state.get(key), wanted.get(key))
            added: list[Plain] = [*adding]
            removed: list[Plain] = [*removing]
            request |= {f"Add{self.fields[key].api}": added or None, f"Remove{self.fields[key].api}": removed or None}
        if request:
            self.call("modify_vpc_endpoint", VpcEndpointId=resource_id, **request)
            self._wait(resource_id)
        self.tag_again(resource_id, state, wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the endpoint, and waits until its network interfaces let go of the security group."""
        if not self._described(resource_id):
            return
        answer = self.call("delete_vpc_endpoints", VpcEndpointIds=[resource_id])
        for one in objects(answer.get("Unsuccessful")):
            error = inside(one, "Error")
            if text_of(error.get("Code")) not in self.absent:
                raise StandInError(f"DeleteVpcEndpoints failed with {error.get('Code')}: {error.get('Message')}")
        until(lambda: not self._described(resource_id), f"{resource_id} is deleted")

    def _described(self, resource_id: str) -> Props:
        found: Props | None = None
        with absent_is_fine(*self.absent):
            found = first(self.call("describe_vpc_endpoints", VpcEndpointIds=[resource_id]), "VpcEndpoints")
        return {} if found is None or _state(found) == "deleted" else found

    def _wait(self, resource_id: str) -> None:
        def usable() -> bool:
            found = self._described(resource_id)
            if _state(found) in ("failed", "rejected", "expired", "deleting"):
                why = text_of(inside(found, "LastError").get("Message")) or "AWS says no more"
                raise StandInError(f"{resource_id} is {_state(found)}: {why}")
            return _state(found) == "available"

        until(usable, f"{resource_id} is available")


def _state(found: Props) -> str:
    """AWS writes it with and without capitals."""
    return text_of(found.get("State")).lower()
