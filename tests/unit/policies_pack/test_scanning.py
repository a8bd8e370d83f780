from __future__ import annotations

import pytest

from policies.rules.scanning import REGISTRY
from policies.rules.values import UNKNOWN, Value
from tests.unit.policies_pack.asking import REPOSITORY, said

REPOSITORIES: dict[str, tuple[dict[str, Value], str]] = {
    "on": ({"imageScanningConfiguration": {"scanOnPush": True}}, ""),
    "off": ({"imageScanningConfiguration": {"scanOnPush": False}}, "imageScanningConfiguration.scanOnPush is off"),
    "a word": ({"imageScanningConfiguration": {"scanOnPush": "true"}}, "imageScanningConfiguration.scanOnPush is off"),
    "empty": ({"imageScanningConfiguration": {}}, "is not set, so images are not scanned"),
    "not set": ({}, "is not set, so images are not scanned"),
    "none": ({"imageScanningConfiguration": None}, "is not set"),
    "another type": ({"imageScanningConfiguration": "on"}, "is not set"),
    "unknown": ({"imageScanningConfiguration": {"scanOnPush": UNKNOWN}}, "? imageScanningConfiguration.scanOnPush"),
    "all unknown": ({"imageScanningConfiguration": UNKNOWN}, "? imageScanningConfiguration.scanOnPush"),
}
REGISTRIES: dict[str, tuple[Value, str]] = {
    "on push": ([{"scanFrequency": "SCAN_ON_PUSH"}], ""),
    "all the time": ([{"scanFrequency": "MANUAL"}, {"scanFrequency": "CONTINUOUS_SCAN"}], ""),
    "one is enough": ([{"scanFrequency": UNKNOWN}, {"scanFrequency": "SCAN_ON_PUSH"}], ""),
    "by hand": ([{"scanFrequency": "MANUAL"}], "rules scan no repository unless somebody asks"),
    "no rule": ([], "rules scan no repository"),
    "nothing": (None, "rules scan no repository"),
    "unknown": ([{"scanFrequency": UNKNOWN}], "? rules"),
    "all unknown": (UNKNOWN, "? rules"),
}


def check(told: list[str], line: str) -> None:
    assert [line in one for one in told] == ([True] if line else [])


@pytest.mark.parametrize(("properties", "line"), REPOSITORIES.values(), ids=REPOSITORIES)
def test_repositories_scan_on_push(properties: dict[str, Value], line: str) -> None:
    check(said("scanning", REPOSITORY, **properties), line)


@pytest.mark.parametrize(("rules", "line"), REGISTRIES.values(), ids=REGISTRIES)
def test_registries_scan_something(rules: Value, line: str) -> None:
    check(said("scanning", REGISTRY, scanType="BASIC", rules=rules), line)


def test_a_registry_that_scans_lets_repositories_off_and_not_itself() -> None:
    assert said("scanning", REPOSITORY, {"byRegistry": True}) == []
    assert said("scanning", REPOSITORY, {"byRegistry": False}) != []
    assert said("scanning", REGISTRY, {"byRegistry": True}, rules=[]) != []
