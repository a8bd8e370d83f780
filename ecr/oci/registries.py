"""From the name of a repository to where it is and how to sign in there."""

from __future__ import annotations

import os

from ecr.oci.credentials import DOCKER_HUB_HOSTS, docker_sign_in
from ecr.oci.registry import Location, Registry
from ecr.oci.transport import is_loopback
from ecr.reference import EcrHost, RepositoryUrl

# Where Docker Hub serves the protocol, whatever it is called in names of images.
_DOCKER_HUB = "registry-1.docker.io"


def locate(url: RepositoryUrl, *, profile: str | None = None, plain_http: frozenset[str] = frozenset()) -> Location:
    """Where the distribution protocol reaches a repository. Nothing is asked of it yet.

    A host of ECR is signed in to through AWS, and honours AWS_ENDPOINT_URL; any other through Docker's configuration.

    Args:
        url: the repository.
        profile: of the AWS configuration files, for a host of ECR.
        plain_http: hosts, with their port, that are reached without TLS; this very machine always is.

    Raises:
        RemoteError: for a host of ECR, when AWS's settings can't be read.
    """
    ecr_host = EcrHost.parse(url.host)
    if ecr_host is not None:
        from ecr.aws import EcrRepository  # noqa: PLC0415 (boto3 costs 0.3 s and 30 MB, for other registries in vain)

        repository = EcrRepository(url.name, region=ecr_host.region, profile=profile, account=ecr_host.account)
        return repository.location(url.host)
    host, name = url.host, url.name
    if host in DOCKER_HUB_HOSTS:
        host = _DOCKER_HUB
        name = name if "/" in name else f"library/{name}"
    asked = url.host in plain_http
    scheme = "http" if asked or is_loopback(_without_port(host)) else "https"
    sign_in = docker_sign_in(host, os.environ)
    advice = f"sign in: docker login {host}"
    registry = Registry(f"{scheme}://{host}", host, sign_in, sign_in_advice=advice, plain_http=asked)
    return Location(registry, name, str(url))


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
