"""Switches of an account."""

from __future__ import annotations

from ecr.registry.account_settings import AccountSettings, BasicScanTypeVersion, BlobMounting, RegistryPolicyScope


def test_what_is_not_set_has_no_value() -> None:
    assert AccountSettings().values == {}


def test_each_switch_has_ecrs_own_name() -> None:
    assert AccountSettings(
        basic_scan_type_version=BasicScanTypeVersion.AWS_NATIVE,
        registry_policy_scope=RegistryPolicyScope.V2,
        blob_mounting=BlobMounting.DISABLED,
    ).values == {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2", "BLOB_MOUNTING": "DISABLED"}


def test_values_that_ecr_has_given_up_are_not_there() -> None:
    """API reference, PutAccountSetting, value."""
    assert {*BasicScanTypeVersion, *RegistryPolicyScope, *BlobMounting} == {"AWS_NATIVE", "V2", "ENABLED", "DISABLED"}
