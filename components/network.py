"""`EcrEndpoints`: what lets a VPC without a way to the internet pull from ECR, and from nobody else's registries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import arguments
from components.caller import Caller
from ecr import endpoint_policy, endpoints
from ecr.access import names
from ecr.endpoint_policy import Service
from ecr.endpoints import Endpoints, S3Gateway
from ecr.errors import InputError
from ecr.problems import Problem, refused, refused_places

_HTTPS = 443
_ASSOCIATED = "associated"


@dataclass(frozen=True, kw_only=True)
class EcrEndpointsArgs:
    """What `EcrEndpoints` are to be.

    Attributes:
        vpc_id: the VPC; it is looked up while the program runs.
        subnet_ids: where the interface endpoints get an address each, at least one; one for each availability zone
            (EC2 API reference, CreateVpcEndpoint).
        route_table_ids: what gets the route to S3; none when `s3` is existing.
        security_group_ids: existing security groups of the interface endpoints, up to 5; none to have one made that
            lets the VPC in.
        organization: the ID of the organization whose registries can be reached; None for the account's alone.
        pull_from: accounts from whose repositories can be pulled as well, such as AWS's own for add-ons of EKS.
        s3: whether the gateway endpoint is made. A route table takes only one (AWS PrivateLink guide, "Gateway
            endpoints for Amazon S3").
        tags: AWS tags of everything that takes some.
    """

    vpc_id: str
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]] = ()
    security_group_ids: Sequence[pulumi.Input[str]] = ()
    organization: str | None = None
    pull_from: tuple[str, ...] = ()
    s3: S3Gateway = S3Gateway.MAKE
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def of(endpoints: Endpoints, *, tags: Mapping[str, str]) -> EcrEndpointsArgs:
        """What a stack's configuration asks for."""
        return EcrEndpointsArgs(
            vpc_id=endpoints.vpc_id,
            subnet_ids=endpoints.subnet_ids,
            route_table_ids=endpoints.route_table_ids,
            security_group_ids=endpoints.security_group_ids,
            organization=endpoints.organization,
            pull_from=endpoints.pull_from,
            s3=endpoints.s3,
            tags=tags,
        )


class EcrEndpoints(pulumi.ComponentResource):
    """Interface endpoints for ECR's API and registries, with private DNS, and the gateway endpoint for layers.

    Attributes:
        endpoint_ids: `ecr.api`, `ecr.dkr` and, when it is made, `s3` -> the ID of its endpoint; fit to be exported.
        security_group_id: the security group that was made; None when some were given.

    Raises:
        InputErrors: for arguments that AWS would refuse, before anything is registered.
        InputError: for a VPC in which private DNS can't work.
    """

    endpoint_ids: pulumi.Output[dict[str, str]]
    security_group_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: EcrEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        arguments.refuse(args, _problems(args))
        super().__init__("container-registry:index:EcrEndpoints", name, {"vpcId": args.vpc_id}, opts)
        # Waited for, because its address ranges decide how many rules there are.
        vpc = aws.ec2.get_vpc(id=args.vpc_id, opts=pulumi.InvokeOptions(parent=self))
        _refuse_without_dns(args.vpc_id, vpc)

        child = pulumi.ResourceOptions(parent=self)
        caller = Caller.of(self)
        self.security_group_id = None if args.security_group_ids else _security_group(name, args, vpc, child)
        groups = list(args.security_group_ids) if self.security_group_id is None else [self.security_group_id]
        policy = _policy(caller, partial(_registry_policy, args))
        ids = {}
        for service, suffix in ((Service.API, "api"), (Service.REGISTRY, "dkr")):
            endpoint = aws.ec2.VpcEndpoint(
                f"{name}-{suffix}",
                vpc_id=args.vpc_id,
                service_name=_service_name(caller, service),
                vpc_endpoint_type="Interface",
                subnet_ids=list(args.subnet_ids),
                security_group_ids=groups,
                # Or else every client would need another name for the registry; ecr.dkr has to have it.
                private_dns_enabled=True,
                policy=policy,
                tags=args.tags or None,
                opts=child,
            )
            ids[service.value] = endpoint.id
        if args.s3 is S3Gateway.MAKE:
            gateway = aws.ec2.VpcEndpoint(
                f"{name}-s3",
                vpc_id=args.vpc_id,
                service_name=_service_name(caller, Service.LAYERS),
                vpc_endpoint_type="Gateway",
                route_table_ids=list(args.route_table_ids),
                policy=_policy(caller, _layer_policy),
                tags=args.tags or None,
                opts=child,
            )
            ids[Service.LAYERS.value] = gateway.id
        self.endpoint_ids = pulumi.Output.all(**ids)
        self.register_outputs({"endpointIds": self.endpoint_ids, "securityGroupId": self.security_group_id})


def _problems(args: EcrEndpointsArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, as far as it is known now."""
    if not endpoints.is_vpc_id(args.vpc_id):
        yield refused("vpc_id", args.vpc_id, endpoints.VPC_RULE)
    yield from _wrong("subnet_ids", args.subnet_ids, endpoints.is_subnet_id, endpoints.SUBNET_RULE)
    yield from _wrong("route_table_ids", args.route_table_ids, endpoints.is_route_table_id, endpoints.ROUTE_TABLE_RULE)
    yield from _wrong(
        "security_group_ids",
        args.security_group_ids,
        endpoints.is_security_group_id,
        endpoints.SECURITY_GROUP_RULE,
    )
    yield from _wrong("pull_from", args.pull_from, names.is_account, names.ACCOUNT_RULE)
    yield from endpoints.quota_problems(args.security_group_ids, args.pull_from)
    if args.organization is not None and not names.is_organization(args.organization):
        yield refused("organization", args.organization, names.ORGANIZATION_RULE)
    if not args.subnet_ids:
        yield Problem("subnet_ids", "is empty; the interface endpoints need at least one subnet")
    if bool(args.route_table_ids) is not (args.s3 is S3Gateway.MAKE):
        yield Problem(
            "route_table_ids", "are given when the S3 gateway endpoint is made, and only then; it is for their routes"
        )


def _wrong(
    path: str, values: Sequence[pulumi.Input[str]], accept: Callable[[str], bool], rule: str
) -> Iterator[Problem]:
    """What is wrong with a list, of whose items some may be known only later."""
    known = [(index, value) for index, value in enumerate(values) if isinstance(value, str)]
    return refused_places(path, known, accept, rule)


def _refuse_without_dns(vpc_id: str, vpc: aws.ec2.AwaitableGetVpcResult) -> None:
    attributes = {"enableDnsSupport": vpc.enable_dns_support, "enableDnsHostnames": vpc.enable_dns_hostnames}
    if (reason := endpoint_policy.dns_problem(vpc_id, attributes)) is not None:
        raise InputError("vpc_id", reason)


def _security_group(
    name: str, args: EcrEndpointsArgs, vpc: aws.ec2.AwaitableGetVpcResult, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """One that lets the VPC in on TCP 443, and nothing out: an endpoint begins no conversation.

    AWS gives a new group a rule that lets everything out, and the provider takes it away (its documentation,
    aws_security_group).
    """
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        vpc_id=args.vpc_id,
        description="HTTPS from the VPC to the endpoints of ECR",
        tags=args.tags or None,
        opts=opts,
    )
    for cidr in _cidrs(vpc):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-https-{cidr.replace('/', '-')}",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            cidr_ipv4=cidr,
            tags=args.tags or None,
            opts=opts,
        )
    return group.id


def _cidrs(vpc: aws.ec2.AwaitableGetVpcResult) -> list[str]:
    """The VPC's IPv4 ranges: the first, and those that were added, where pods of EKS often have their addresses."""
    added = [found.cidr_block for found in vpc.cidr_block_associations or () if found.state == _ASSOCIATED]
    return list(dict.fromkeys((vpc.cidr_block, *added)))


def _service_name(caller: Caller, service: Service) -> pulumi.Output[str]:
    return pulumi.Output.all(caller.region, caller.partition).apply(
        lambda where: endpoint_policy.service_name(service, region=where[0], partition=where[1])
    )


def _policy(caller: Caller, render: Callable[[Sequence[str]], str]) -> pulumi.Output[str]:
    return pulumi.Output.all(caller.account, caller.region, caller.partition).apply(render)


def _registry_policy(args: EcrEndpointsArgs, where: Sequence[str]) -> str:
    account, region, partition = where
    return endpoint_policy.registry_policy(
        account=account,
        region=region,
        partition=partition,
        organization=args.organization,
        pull_from=args.pull_from,
    ).text


def _layer_policy(where: Sequence[str]) -> str:
    _, region, partition = where
    return endpoint_policy.layer_policy(region=region, partition=partition).text
