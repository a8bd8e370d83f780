"""The functions of the `aws` stand-in that look for what is there already: a VPC, a role, an OIDC provider.

What is not there is told in the official plugin's words, which a program can know it by.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from local.plugins.aws_api import first, inside, objects, tags_in
from local.plugins.aws_cloud import Cloud, code_of
from local.plugins.aws_iam import OpenIdConnectProvider, Role, without_scheme
from local.plugins.aws_resource import own_tags
from local.plugins.errors import StandInError
from local.plugins.values import Plain, Props, text_of


def vpc(cloud: Cloud, args: Props) -> Props:
    """`aws:ec2/getVpc:getVpc`, by ID."""
    vpc_id = text_of(args.get("id"))
    if not vpc_id:
        raise StandInError("getVpc: id is required: to look by anything else is not implemented by the stand-in")
    found = _found(cloud, "describe_vpcs", "Vpcs", VpcIds=[vpc_id])
    if found is None:
        raise StandInError(f"reading EC2 VPC ({vpc_id}): no matching EC2 VPC found in {cloud.region}")

    def switched_on(attribute: str) -> bool:
        answer = cloud.call("ec2", "describe_vpc_attribute", {"VpcId": vpc_id, "Attribute": attribute})
        return inside(answer, attribute[0].upper() + attribute[1:]).get("Value") is True

    main: list[Plain] = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
    table = _found(cloud, "describe_route_tables", "RouteTables", Filters=main) or {}
    owner = text_of(found.get("OwnerId")) or text_of(cloud.sts.get_caller_identity()["Account"])
    blocks: list[Plain] = [
        {
            "associationId": one.get("AssociationId"),
            "cidrBlock": one.get("CidrBlock"),
            "state": inside(one, "CidrBlockState").get("State"),
        }
        for one in objects(found.get("CidrBlockAssociationSet"))
    ]
    return {
        "arn": f"arn:{cloud.partition}:ec2:{cloud.region}:{owner}:vpc/{vpc_id}",
        "cidrBlock": found.get("CidrBlock"),
        "cidrBlockAssociations": blocks,
        "default": found.get("IsDefault") is True,
        "dhcpOptionsId": found.get("DhcpOptionsId"),
        "enableDnsHostnames": switched_on("enableDnsHostnames"),
        "enableDnsSupport": switched_on("enableDnsSupport"),
        "id": vpc_id,
        "instanceTenancy": found.get("InstanceTenancy"),
        "mainRouteTableId": table.get("RouteTableId"),
        "ownerId": owner,
        "region": cloud.region,
        "state": found.get("State"),
        "tags": own_tags(tags_in(found)) or {},
    }


def _found(cloud: Cloud, operation: str, key: str, **request: Plain) -> Props | None:
    try:
        return first(cloud.call("ec2", operation, request), key)
    except ClientError as exc:
        if code_of(exc) not in ("InvalidVpcID.NotFound", "InvalidVpcID.Malformed"):
            raise
        return None


def role(cloud: Cloud, args: Props) -> Props:
    """`aws:iam/getRole:getRole`, by name."""
    name = text_of(args.get("name"))
    found = _read(Role(cloud), name)
    if found is None:
        raise StandInError(f"reading IAM Role ({name}): couldn't find resource")
    renamed = {key: value for key, value in found.items() if key not in ("tags", "tagsAll")}
    return renamed | {"id": name, "tags": found.get("tags") or {}}


def open_id_connect_provider(cloud: Cloud, args: Props) -> Props:
    """`aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider`, by ARN or by the issuer's URL."""
    arn, url = text_of(args.get("arn")), without_scheme(args.get("url"))
    if bool(arn) == bool(url):
        raise StandInError("getOpenIdConnectProvider: give one of arn and url")
    if not arn:
        listed = objects(cloud.call("iam", "list_open_id_connect_providers", {}).get("OpenIDConnectProviderList"))
        arns = [text_of(one.get("Arn")) for one in listed]
        arn = next((one for one in arns if one.partition("oidc-provider/")[2] == url), "")
    found = _read(OpenIdConnectProvider(cloud), arn) if arn else None
    if found is None:
        what = arn or f"https://{url}"
        raise StandInError(f"reading IAM OIDC Provider ({what}): couldn't find resource")
    return {key: value for key, value in found.items() if key != "tagsAll"} | {
        "id": arn,
        "tags": found.get("tags") or {},
        "thumbprintLists": found.get("thumbprintLists") or [],
    }


def _read(kind: Role | OpenIdConnectProvider, resource_id: str) -> Props | None:
    found = kind.read(resource_id, {}, {})
    return found.state if found else None
