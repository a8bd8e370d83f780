"""What can be chosen for an ECR repository (tag mutability, encryption), and what ECR knows of an image in one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from ecr.regions import PARTITION, PARTITIONS


class Mutability(StrEnum):
    """ECR's `imageTagMutability` (API reference, CreateRepository)."""

    MUTABLE = "MUTABLE"
    IMMUTABLE = "IMMUTABLE"
    MUTABLE_WITH_EXCLUSION = "MUTABLE_WITH_EXCLUSION"
    IMMUTABLE_WITH_EXCLUSION = "IMMUTABLE_WITH_EXCLUSION"

    @property
    def takes_exclusions(self) -> bool:
        """Whether this setting needs exclusion filters; the two others accept none."""
        return self in (Mutability.MUTABLE_WITH_EXCLUSION, Mutability.IMMUTABLE_WITH_EXCLUSION)


# ECR API reference, ImageTagMutabilityExclusionFilter; the limit of two wildcards stands in the ECR user guide,
# "Preventing image tags from being overwritten".
MAX_EXCLUSIONS = 5
MAX_EXCLUSION_WILDCARDS = 2
_EXCLUSION = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
EXCLUSION_RULE = "1 to 128 letters, digits, '.', '_', '-' and at most two '*'"


def is_exclusion(text: str) -> bool:
    """Whether ECR accepts `text` as an exclusion filter (a tag pattern in which `*` stands for any characters)."""
    return _EXCLUSION.fullmatch(text) is not None and text.count("*") <= MAX_EXCLUSION_WILDCARDS


@dataclass(frozen=True)
class TagMutability:
    """Which tags of a repository can be moved to another image.

    Attributes:
        mutability: the setting for tags that no exclusion matches.
        exclusions: tag patterns for which the opposite holds; only with the two `_WITH_EXCLUSION` settings.

    Raises:
        ValueError: for a combination or a pattern that ECR would refuse.
    """

    mutability: Mutability = Mutability.IMMUTABLE
    exclusions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mutability.takes_exclusions and not self.exclusions:
            raise ValueError(f"is missing; tagMutability {self.mutability} needs 1 to {MAX_EXCLUSIONS} tag patterns")
        if self.exclusions and not self.mutability.takes_exclusions:
            raise ValueError(f"goes with a tagMutability that ends in _WITH_EXCLUSION, not {self.mutability}")
        if len(self.exclusions) > MAX_EXCLUSIONS:
            raise ValueError(f"has {len(self.exclusions)} patterns; ECR accepts 1 to {MAX_EXCLUSIONS}")
        for pattern in self.exclusions:
            if not is_exclusion(pattern):
                raise ValueError(f"{pattern!r} is not accepted; accepted: {EXCLUSION_RULE}")

    def is_immutable(self, tag: str) -> bool:
        """Whether ECR refuses to move `tag` to another image in a repository with this setting."""
        immutable = self.mutability in (Mutability.IMMUTABLE, Mutability.IMMUTABLE_WITH_EXCLUSION)
        # Exclusion filters know no character classes, and their alphabet has neither '[' nor '?'.
        excluded = any(fnmatchcase(tag, pattern) for pattern in self.exclusions)
        return immutable != excluded


class EncryptionType(StrEnum):
    """ECR's `encryptionType`, as far as this project supports it."""

    AES256 = "AES256"
    KMS = "KMS"


# AWS service authorization reference, AWS KMS, resource type "key". An alias is refused on purpose: ECR stores the key
# ARN that the alias points to, so an alias reads back changed and plans a replacement of the repository for ever.
_KMS_KEY_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):kms:(?P<region>[a-z0-9-]+):[0-9]{{12}}:key/[0-9A-Za-z-]{{1,256}}"
)
KMS_KEY_RULE = "a key ARN such as arn:aws:kms:REGION:ACCOUNT:key/ID; not an alias, which would replace the repository"


def is_kms_key_arn(text: str) -> bool:
    """Whether `text` is the ARN of a KMS key (not of an alias), in a Region of its partition."""
    match = _KMS_KEY_ARN.fullmatch(text)
    return match is not None and PARTITIONS.get(match["region"]) == match["partition"]


@dataclass(frozen=True)
class Encryption:
    """How a repository's layers are encrypted at rest.

    Attributes:
        type: AES256 with keys that ECR owns, or KMS.
        key_arn: with KMS, the key to use; None has a key made for this repository, with yearly rotation.

    Raises:
        ValueError: for a key without KMS, or one that is not named by its ARN.
    """

    type: EncryptionType = EncryptionType.AES256
    key_arn: str | None = None

    def __post_init__(self) -> None:
        if self.key_arn is None:
            return
        if self.type is not EncryptionType.KMS:
            raise ValueError("goes with type KMS only")
        if not is_kms_key_arn(self.key_arn):
            raise ValueError(f"{self.key_arn!r} is not accepted; accepted: {KMS_KEY_RULE}")


@dataclass(frozen=True, kw_only=True)
class ImageDetails:
    """What ECR knows of one image (API reference, ImageDetail).

    Attributes:
        digest: `sha256:...` of its manifest or index.
        tags: its tags, sorted; none for an untagged image.
        pushed_at: when it was pushed, with its zone; None where ECR does not say.
    """

    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime | None
