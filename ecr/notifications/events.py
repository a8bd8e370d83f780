"""What a stack can be told about its images, and about which repositories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ecr import reference
from ecr.severity import THRESHOLDS, Severity

LEVELS = THRESHOLDS[1:]
"""The severities from which on a scan can be told; NONE, which would tell every scan, is none of them."""

PREFIX_RULE = "the beginning of repository names: lower-case letters, digits and ._-/, such as prod/"


class Kind(StrEnum):
    """The kinds of events that are told; each has a rule of its own.

    There are two for scans, because basic scans are told by ECR and enhanced ones by Inspector (ECR user guide, "Amazon
    ECR events and EventBridge" and "EventBridge events sent for enhanced scanning in Amazon ECR"); a registry has one
    of the two, and the other rule stays silent.
    """

    PUSH = "push"
    SCAN = "scan"
    ENHANCED_SCAN = "enhanced-scan"
    REPLICATION = "replication"
    LIFECYCLE = "lifecycle"
    DELETION = "deletion"


SAID: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.PUSH: "a tagged image was pushed",
        Kind.SCAN: "a basic scan has found something",
        Kind.ENHANCED_SCAN: "the first enhanced scan of an image has found something",
        Kind.REPLICATION: "an image could not be replicated to this registry",
        Kind.LIFECYCLE: "a lifecycle policy has acted on images",
        Kind.DELETION: "an image was deleted or archived, by whomever",
    }
)
"""What happened, in the words of descriptions."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """Which events are told.

    Attributes:
        push: a tagged image was pushed. Untagged ones are not told: they are the parts of images for many platforms.
        scan: a scan is complete and has found something of this severity or worse; None for no scans. Later findings
            about an image, which enhanced scanning reports one by one, are not told.
        replication: an image could not be replicated to the Region and account of the rule. ECR sends the event there,
            not to where the image comes from (ECR user guide, "Event for a failed image replication").
        lifecycle: a lifecycle policy has expired or archived images. CloudTrail reports it, to accounts with a trail
            (ECR user guide, "Logging Amazon ECR actions with AWS CloudTrail").
        deletion: an image was deleted or archived by anybody.

    Raises:
        ValueError: for a severity that is no level.
    """

    push: bool = False
    scan: Severity | None = None
    replication: bool = False
    lifecycle: bool = False
    deletion: bool = False

    def __post_init__(self) -> None:
        if self.scan is not None and self.scan not in LEVELS:
            raise ValueError(f"{self.scan} is no level; accepted: one of {', '.join(LEVELS)}")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The rules that it takes, in a stable order."""
        asked = {
            Kind.PUSH: self.push,
            Kind.SCAN: self.scan is not None,
            Kind.ENHANCED_SCAN: self.scan is not None,
            Kind.REPLICATION: self.replication,
            Kind.LIFECYCLE: self.lifecycle,
            Kind.DELETION: self.deletion,
        }
        return tuple(kind for kind in Kind if asked[kind])


@dataclass(frozen=True)
class Scope:
    """Which repositories of the registry: one, those whose names begin alike, or all.

    Use `one`, `beginning` and `ALL`.

    Raises:
        ValueError: for what can't be a name, or the beginning of one.
    """

    name: str | None = None
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.name is not None and not reference.is_repository_name(self.name):
            raise ValueError(f"{self.name!r} is not accepted; accepted: {reference.REPOSITORY_NAME_RULE}")
        if self.prefix and not is_prefix(self.prefix):
            raise ValueError(f"{self.prefix!r} is not accepted; accepted: {PREFIX_RULE}")
        if self.name is not None and self.prefix:
            raise ValueError("a scope is one repository or a prefix, not both")

    @staticmethod
    def one(name: str) -> Scope:
        """One repository."""
        return Scope(name=name)

    @staticmethod
    def beginning(prefix: str) -> Scope:
        """All repositories whose names begin with `prefix`."""
        return Scope(prefix=prefix)


ALL = Scope()


def is_prefix(text: str) -> bool:
    """Whether a repository's name can begin like this."""
    # A digit at the end completes whatever may have to be followed by something.
    return text[:1].isalnum() and (reference.is_repository_name(f"{text}0") or reference.is_repository_name(text))
