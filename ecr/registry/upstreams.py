"""The registries that ECR can cache images of, how each is named, and what signing in to it takes.

Amazon ECR user guide, "Sync an upstream registry with an Amazon ECR private registry" (which registries there are, and
which take credentials), "Creating a pull through cache rule in Amazon ECR" (their URLs) and "Storing your upstream
repository credentials in an AWS Secrets Manager secret"; API reference, CreatePullThroughCacheRule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ecr import regions
from ecr.config_reader import shown
from ecr.reference import EcrHost


class Source(StrEnum):
    """ECR's `upstreamRegistry`."""

    ECR_PUBLIC = "ecr-public"
    KUBERNETES = "k8s"
    QUAY = "quay"
    DOCKER_HUB = "docker-hub"
    GITHUB = "github-container-registry"
    GITLAB = "gitlab-container-registry"
    CHAINGUARD = "chainguard"
    AZURE = "azure-container-registry"
    ECR = "ecr"


# Those that are one registry for everybody; of the others there are many, each under a host of its own.
_HOSTS = {
    Source.ECR_PUBLIC: "public.ecr.aws",
    Source.KUBERNETES: "registry.k8s.io",
    Source.QUAY: "quay.io",
    Source.DOCKER_HUB: "registry-1.docker.io",
    Source.GITHUB: "ghcr.io",
    Source.GITLAB: "registry.gitlab.com",
    Source.CHAINGUARD: "cgr.dev",
}
# Under these names the same registries are known elsewhere.
_NAMES = {host: source for source, host in _HOSTS.items()} | {
    "docker.io": Source.DOCKER_HUB,
    "index.docker.io": Source.DOCKER_HUB,
    "ghcr": Source.GITHUB,
    "github": Source.GITHUB,
    "gitlab": Source.GITLAB,
    "kubernetes": Source.KUBERNETES,
    "k8s.gcr.io": Source.KUBERNETES,
    "public-ecr": Source.ECR_PUBLIC,
}
_ANONYMOUS = frozenset({Source.ECR_PUBLIC, Source.KUBERNETES, Source.QUAY})

# A DNS label: a registry's name, with the hash that Azure can add to it.
_AZURE_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.azurecr\.io")

_PARTITION = "aws"
UPSTREAM_RULE = (
    f"one of {', '.join(_HOSTS)}, or a host: NAME.azurecr.io, or ACCOUNT.dkr.ecr.REGION.amazonaws.com for another ECR "
    "registry"
)

# API reference, CreatePullThroughCacheRule, credentialArn; the Region and the account are looked at one by one.
_SECRET_ARN = re.compile(
    rf"arn:(?P<partition>{regions.PARTITION}):secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{{12}}):secret:"
    r"(?P<name>[a-zA-Z0-9/_+=.@-]+)"
)
_SECRET_ARN_LENGTHS = range(50, 613)
SECRET_PREFIX = "ecr-pullthroughcache/"  # noqa: S105 (what the names of secrets start with, and no secret)
SECRET_RULE = (
    f"the ARN of a secret in AWS Secrets Manager whose name starts with {SECRET_PREFIX}, such as "
    f"arn:aws:secretsmanager:REGION:ACCOUNT:secret:{SECRET_PREFIX}docker-hub-AbCdEf; never the credentials themselves"
)


def _without_credentials(text: str) -> str:
    return shown(text.rpartition("@")[2])


@dataclass(frozen=True)
class Upstream:
    """A registry whose images ECR fetches and keeps.

    Attributes:
        source: what kind of registry it is.
        host: ECR's `upstreamRegistryUrl`.
    """

    source: Source
    host: str

    @classmethod
    def parse(cls, text: str) -> Upstream:
        """The upstream of a name, or of a host where there are many.

        Raises:
            ValueError: saying what is accepted, and of the text only what follows the credentials that a URL may hold.
        """
        if text in set(Source) and (host := _HOSTS.get(Source(text))):
            return cls(Source(text), host)
        if _AZURE_HOST.fullmatch(text):
            return cls(Source.AZURE, text)
        registry = EcrHost.parse(text)
        if registry is None:
            known = _NAMES.get(text)
            hint = f"; {text} is called {known} here" if known else ""
            raise ValueError(f"{_without_credentials(text)} is not accepted; accepted: {UPSTREAM_RULE}{hint}")
        # No other form of the host, and no partition with another domain, stands in the API reference.
        if text != f"{registry.account}.dkr.ecr.{registry.region}.amazonaws.com":
            raise ValueError(
                f"{shown(text)} is not accepted; ECR takes ACCOUNT.dkr.ecr.REGION.amazonaws.com and no other form"
            )
        if regions.PARTITIONS.get(registry.region) != _PARTITION:
            raise ValueError(
                f"{shown(text)} is in {registry.region}; accepted: {regions.REGION_RULE}, in partition {_PARTITION}"
            )
        return cls(Source.ECR, text)

    @property
    def registry(self) -> EcrHost | None:
        """The account and Region of another ECR registry; None for all the rest."""
        return EcrHost.parse(self.host) if self.source is Source.ECR else None

    @property
    def needs_credentials(self) -> bool:
        """Whether ECR signs in with a secret; the rest is public, or an ECR registry, which takes a role."""
        return self.source is not Source.ECR and self.source not in _ANONYMOUS

    @property
    def takes_prefix(self) -> bool:
        """Whether only the part below a prefix of the upstream can be cached.

        User guide, "Customizing repository prefixes for ECR to ECR pull through cache"; for its own registry,
        Chainguard's "How to set up pull through from Chainguard's registry to Amazon ECR".
        """
        return self.source in (Source.ECR, Source.CHAINGUARD)


@dataclass(frozen=True)
class SecretArn:
    """The ARN of a secret with the credentials for an upstream.

    The secret holds `{"username": ..., "accessToken": ...}` and is encrypted with the key `aws/secretsmanager`: "Amazon
    ECR doesn't support using a customer managed key (CMK) for this" (user guide, "Storing your upstream repository
    credentials in an AWS Secrets Manager secret").
    """

    partition: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, text: str) -> SecretArn:
        """Raises ValueError, whose message does not hold the text: it might be the credentials themselves."""
        match = _SECRET_ARN.fullmatch(text)
        if match is None or len(text) not in _SECRET_ARN_LENGTHS:
            raise ValueError(f"is not the ARN of a secret; accepted: {SECRET_RULE}")
        if not match["name"].startswith(SECRET_PREFIX) or match["name"] == SECRET_PREFIX:
            raise ValueError(f"is the ARN of a secret of another name; accepted: {SECRET_RULE}")
        if regions.PARTITIONS.get(match["region"]) != match["partition"]:
            raise ValueError(
                f"is in {shown(match['region'])}; accepted: {regions.REGION_RULE}, in partition {match['partition']}"
            )
        return cls(match["partition"], match["region"], match["account"], match["name"])
