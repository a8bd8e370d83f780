"""Names of repositories, tags, digests and images: parsed once, checked once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecr.regions import PARTITION, PARTITIONS

# ECR API reference, CreateRepository, repositoryName: 2 to 256 characters.
_REPOSITORY_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_REPOSITORY_NAME_LENGTHS = range(2, 257)
REPOSITORY_NAME_RULE = (
    "2 to 256 characters: lower-case letters and digits, joined by '.', '_', '__' or dashes, in parts divided by '/'"
)

# OCI distribution specification, "Pulling manifests": the grammar of a tag.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
TAG_RULE = "1 to 128 letters, digits, '_', '.' and '-', not starting with '.' or '-'"

# What tells a host from the first part of a repository's name: a dot, a port, or being this very machine
# (github.com/distribution/reference, normalize.go).
_HOST = re.compile(r"(?=localhost\b|[^/]*[.:])(?:[A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
IMAGE_RULE = "HOST/NAME:TAG or HOST/NAME@sha256:..., such as localhost:4566/dev/yoon-app:v1.0.0"

# AWS General Reference, "Amazon ECR endpoints and quotas" and "Dual-stack endpoints".
_ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2})"
    r"\.(?:on\.aws|on\.amazonwebservices\.com\.cn|amazonaws\.(?:com|com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov"
    r"|cloud\.adc-e\.uk)"
)

# Where a partition's registries are (AWS General Reference, "Amazon ECR endpoints and quotas"; botocore's partitions).
_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-eusc": "amazonaws.eu",
}

# IAM user guide, "Amazon Resource Names"; Service Authorization Reference, "Amazon ECR".
_REPOSITORY_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):ecr:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{{12}}):repository/(?P<name>.+)"
)

# OCI image specification, "Digests"; ECR computes sha256 only.
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DIGEST_RULE = "a complete digest: sha256: and 64 lower-case hex digits"


def is_repository_name(text: str) -> bool:
    """Whether ECR accepts `text` as the name of a repository."""
    return len(text) in _REPOSITORY_NAME_LENGTHS and is_written_as_a_name(text)


def is_written_as_a_name(text: str) -> bool:
    """Whether `text` is what the names of repositories are made of, whatever its length."""
    return _REPOSITORY_NAME.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether `text` is a tag by the OCI grammar."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether `text` is a complete sha256 digest, `sha256:` and 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True)
class RepositoryUrl:
    """`HOST/NAME`, as ECR's `repositoryUri` gives it, without scheme, tag or digest."""

    host: str
    name: str

    @classmethod
    def parse(cls, text: str) -> RepositoryUrl:
        """Split `HOST/NAME`. Raises ValueError for anything that is not of this form."""
        host, slash, name = text.partition("/")
        if not (host and slash and is_repository_name(name)):
            raise ValueError(f"{text!r} is not a repository URL of the form HOST/NAME")
        return cls(host, name)

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"

    def image_uri(self, digest: str) -> str:
        """`HOST/NAME@sha256:...`: the only name of an image that can't move."""
        return f"{self}@{digest}"


@dataclass(frozen=True)
class ImageReference:
    """One image: a repository on a registry host, and in it a tag or a digest.

    Attributes:
        repository: where it lies.
        tag: the tag, None where a digest is named.
        digest: the digest, None where a tag is named.
    """

    repository: RepositoryUrl
    tag: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        if (self.tag is None) == (self.digest is None):
            raise ValueError("an image is named by exactly one of tag and digest")

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Split `HOST/NAME:TAG` or `HOST/NAME@sha256:...`. Raises ValueError for anything else."""
        name, at, digest = text.partition("@")
        tag = None
        if not at:
            name, _, tag = text.rpartition(":")
        try:
            repository = RepositoryUrl.parse(name)
        except ValueError:
            repository = None
        right = is_digest(digest) if tag is None else is_tag(tag)
        if repository is None or not right or not _HOST.fullmatch(repository.host):
            raise ValueError(f"{text!r} is not an image; accepted: {IMAGE_RULE}")
        return cls(repository, tag, digest or None)

    @property
    def reference(self) -> str:
        """The tag or digest, as the distribution API takes it."""
        return self.tag or self.digest or ""

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}" if self.tag else f"{self.repository}@{self.digest}"


@dataclass(frozen=True)
class EcrHost:
    """What a private ECR registry's host name says."""

    account: str
    region: str

    @classmethod
    def parse(cls, host: str) -> EcrHost | None:
        """None for a host that is not ECR's."""
        match = _ECR_HOST.fullmatch(host)
        return cls(match["account"], match["region"]) if match else None


@dataclass(frozen=True)
class RepositoryArn:
    """`arn:aws:ecr:REGION:ACCOUNT:repository/NAME`."""

    partition: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, text: str) -> RepositoryArn:
        """Split an ARN. Raises ValueError for anything that is not a repository's."""
        match = _REPOSITORY_ARN.fullmatch(text)
        if match is None or not is_repository_name(match["name"]):
            raise ValueError(f"{text!r} is not the ARN of an ECR repository")
        return cls(match["partition"], match["region"], match["account"], match["name"])

    @property
    def registry_host(self) -> str:
        """`ACCOUNT.dkr.ecr.REGION.amazonaws.com`, or as the partition has it."""
        return f"{self.account}.dkr.ecr.{self.region}.{_SUFFIXES.get(self.partition, 'amazonaws.com')}"

    def __str__(self) -> str:
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{self.name}"


@dataclass(frozen=True)
class Registry:
    """One registry: an account's in one Region.

    Attributes:
        partition: such as `aws`.
        region: such as `eu-west-1`.
        account: 12 digits.
    """

    partition: str
    region: str
    account: str

    def repository_arn(self, name: str) -> str:
        """The ARN of a repository, or the beginning of ARNs for the beginning of a name."""
        return str(RepositoryArn(self.partition, self.region, self.account, name))

    def repositories(self, prefix: str = "") -> str:
        """What matches the ARNs of all its repositories whose names begin so."""
        return self.repository_arn(f"{prefix}*")


SOMEWHERE = Registry(max(PARTITIONS.values(), key=len), max(PARTITIONS, key=len), "0" * 12)
"""Stands in for a registry that is not known yet, where the length of a policy matters: no name is longer."""
