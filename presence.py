"""The VPC and the OIDC provider that a stack file calls for must be there, and be fit for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ecr import endpoint_policy
from ecr.access import github
from ecr.errors import InputError
from settings import NAMESPACE, Settings

if TYPE_CHECKING:
    from ecr.endpoints import Endpoints
    from ecr.github_config import GitHubConfig


def errors(settings: Settings) -> Iterator[InputError]:
    """A line for a VPC or an OIDC provider that can't be looked up; nothing is asked unless one is called for."""
    yield from _vpc_errors(settings.endpoints)
    yield from _provider_errors(settings.github)


def _vpc_errors(endpoints: Endpoints | None) -> Iterator[InputError]:
    if endpoints is None:
        return
    vpc_id, key = endpoints.vpc_id, f"{NAMESPACE}:endpoints.vpcId"
    try:
        attributes = _dns_attributes(vpc_id)
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        yield InputError(key, f"{vpc_id} can't be looked up: {said(error)}; correct it, or aws:region and the account")
        return
    if (reason := endpoint_policy.dns_problem(vpc_id, attributes)) is not None:
        yield InputError(key, reason)


def _provider_errors(config: GitHubConfig | None) -> Iterator[InputError]:
    if config is None or config.oidc_provider != github.FIND:
        return
    try:
        _look_up_provider()
    except Exception as error:  # noqa: BLE001 - as above
        yield InputError(
            f"{NAMESPACE}:github.oidcProvider",
            f"the account's OIDC provider for GitHub can't be looked up: {said(error)}; where there is none yet, let "
            "one stack of the account make it: oidcProvider: make",
        )


def said(error: Exception) -> str:
    """What the provider says, without what the engine puts before it."""
    return str(error).rpartition("returned an error: ")[2]


def _dns_attributes(vpc_id: str) -> Mapping[str, bool]:
    # Loaded only where it is needed. These functions and not a bare invoke: they say which provider answers.
    import pulumi_aws as aws  # noqa: PLC0415

    vpc = aws.ec2.get_vpc(id=vpc_id)
    return {"enableDnsSupport": vpc.enable_dns_support, "enableDnsHostnames": vpc.enable_dns_hostnames}


def _look_up_provider() -> None:
    import pulumi_aws as aws  # noqa: PLC0415

    aws.iam.get_open_id_connect_provider(url=f"https://{github.ISSUER}")
