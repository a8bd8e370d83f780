"""The functions of the `aws` stand-in: who is asking and where, and what is there already (`aws_lookups`)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import cast

import botocore.session

from local.plugins import aws_lookups
from local.plugins.aws_cloud import Cloud, endpoint_url
from local.plugins.errors import StandInError
from local.plugins.schema import NOT_IMPLEMENTED
from local.plugins.values import Props, text_of

SECRET_OUTPUTS = frozenset({"authorizationToken", "password"})


def authorization_token(cloud: Cloud, args: Props) -> Props:
    """`aws:ecr/getAuthorizationToken:getAuthorizationToken`: credentials for `docker login`, valid for 12 hours."""
    registry = text_of(args.get("registryId"))
    asked = cloud.ecr.get_authorization_token(**({"registryIds": [registry]} if registry else {}))
    data = asked["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    result: Props = {
        "authorizationToken": data["authorizationToken"],
        "expiresAt": data["expiresAt"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "id": cloud.region,
        "password": password,
        # As with repositoryUrl: an emulator names AWS's host, but its registry is where its API is.
        "proxyEndpoint": endpoint_url() or data["proxyEndpoint"],
        "region": cloud.region,
        "userName": user,
    }
    return result | ({"registryId": registry} if registry else {})


def caller_identity(cloud: Cloud, _args: Props) -> Props:
    """`aws:index/getCallerIdentity:getCallerIdentity`: the account and principal behind the credentials."""
    who = cloud.sts.get_caller_identity()
    return {"accountId": who["Account"], "arn": who["Arn"], "id": who["Account"], "userId": who["UserId"]}


def region(cloud: Cloud, args: Props) -> Props:
    """`aws:index/getRegion:getRegion`: the Region in use; descriptions come from botocore's own endpoint data."""
    name = cloud.region
    endpoint = f"ec2.{name}.{_domain(name)}"
    if text_of(args.get("endpoint")) not in ("", endpoint):
        raise StandInError(
            f"getRegion: endpoint {args['endpoint']} is not that of {name}; other Regions: {NOT_IMPLEMENTED}"
        )
    return {"description": _description(name), "endpoint": endpoint, "id": name, "name": name, "region": name}


def partition(cloud: Cloud, _args: Props) -> Props:
    """`aws:index/getPartition:getPartition`: the partition of the Region in use."""
    found = _partition(cloud.region)
    name, domain = str(found["partition"]), str(found["dnsSuffix"])
    backwards = ".".join(reversed(domain.split(".")))
    return {"dnsSuffix": domain, "id": name, "partition": name, "reverseDnsPrefix": backwards}


@dataclass(frozen=True, kw_only=True)
class Invoke:
    """A function, the arguments that it takes, and which of these must be the Region in use."""

    run: Callable[[Cloud, Props], Props]
    takes: frozenset[str] = frozenset()
    in_region: frozenset[str] = frozenset()


_HERE = frozenset({"region"})
INVOKES: Mapping[str, Invoke] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": Invoke(
        run=authorization_token, takes=frozenset({"registryId"}), in_region=_HERE
    ),
    "aws:index/getCallerIdentity:getCallerIdentity": Invoke(run=caller_identity),
    "aws:index/getRegion:getRegion": Invoke(
        run=region, takes=frozenset({"endpoint"}), in_region=_HERE | frozenset({"id", "name"})
    ),
    "aws:index/getPartition:getPartition": Invoke(run=partition),
    "aws:ec2/getVpc:getVpc": Invoke(run=aws_lookups.vpc, takes=frozenset({"id"}), in_region=_HERE),
    "aws:iam/getRole:getRole": Invoke(run=aws_lookups.role, takes=frozenset({"name"})),
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": Invoke(
        run=aws_lookups.open_id_connect_provider, takes=frozenset({"arn", "url"})
    ),
}


def run(cloud: Cloud, token: str, args: Props) -> Props:
    """The function's result. Raises: StandInError for a function or an argument that is not implemented."""
    if token not in INVOKES:
        raise StandInError(f"function {token} {NOT_IMPLEMENTED}")
    function = INVOKES[token]
    if unknown := sorted(args.keys() - function.takes - function.in_region):
        raise StandInError(f"function {token}: {', '.join(unknown)} {NOT_IMPLEMENTED}")
    for key in sorted(function.in_region & args.keys()):
        if args[key] != cloud.region:
            asked = f"{key} {args[key]} is not the provider's Region {cloud.region}"
            raise StandInError(f"function {token}: {asked}; another Region {NOT_IMPLEMENTED}")
    return function.run(cloud, args)


def _partition(name: str) -> Mapping[str, object]:
    data = cast("Mapping[str, object]", botocore.session.get_session().get_data("endpoints"))
    partitions = cast("list[Mapping[str, object]]", data["partitions"])
    return next((one for one in partitions if name in cast("Mapping[str, object]", one["regions"])), partitions[0])


def _domain(name: str) -> str:
    return str(_partition(name)["dnsSuffix"])


def _description(name: str) -> str:
    regions = cast("Mapping[str, Mapping[str, str]]", _partition(name)["regions"])
    return regions.get(name, {}).get("description", name)
