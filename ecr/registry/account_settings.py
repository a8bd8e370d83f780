"""Switches of an account, one set for each Region.

Sources: ECR API reference, PutAccountSetting (names and values as in botocore 1.44.5); ECR user guide, "Document
history", 2 February 2026: "Clair-based scanning deprecation completed"; "Private registry permissions".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class BasicScanTypeVersion(StrEnum):
    """What basic scanning scans with. CLAIR is gone since 2 February 2026."""

    AWS_NATIVE = "AWS_NATIVE"


class RegistryPolicyScope(StrEnum):
    """Which actions a registry's policy can allow: with V2, all. V1 is no longer accepted."""

    V2 = "V2"


class BlobMounting(StrEnum):
    """Whether repositories of one registry share layers that are alike."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


BASIC_SCAN_TYPE_VERSION_RULE = "AWS_NATIVE; ECR has given up CLAIR on 2 February 2026"
REGISTRY_POLICY_SCOPE_RULE = "V2; ECR no longer accepts V1"


@dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """What is set; None leaves a switch as it is.

    Attributes:
        basic_scan_type_version: what basic scanning scans with.
        registry_policy_scope: which actions the registry's policy can allow.
        blob_mounting: whether repositories share layers.
    """

    basic_scan_type_version: BasicScanTypeVersion | None = None
    registry_policy_scope: RegistryPolicyScope | None = None
    blob_mounting: BlobMounting | None = None

    @property
    def values(self) -> Mapping[str, str]:
        """ECR's name -> value, of those that are set."""
        found = {
            "BASIC_SCAN_TYPE_VERSION": self.basic_scan_type_version,
            "BLOB_MOUNTING": self.blob_mounting,
            "REGISTRY_POLICY_SCOPE": self.registry_policy_scope,
        }
        return {name: value.value for name, value in found.items() if value is not None}
