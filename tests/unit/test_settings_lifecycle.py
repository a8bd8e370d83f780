"""The `lifecycle` and `lifecycleGuard` keys of a stack. The keys of rules: tests/unit/ecr/test_lifecycle_config.py."""

from __future__ import annotations

import contextvars
import json
from pathlib import Path

import pulumi
import pytest

from ecr.errors import InputErrors
from ecr.lifecycle.rules import compile_policy, keep_latest, protect
from ecr.lifecycle_config import LifecycleConfig, LifecycleGuard
from settings import Settings, load, parse

PROVIDER_ONLY = ("aws:assumeRoles", "aws:accessKey", "aws:endpoints")


@pytest.fixture(autouse=True)
def _no_config_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS", "PULUMI_CONFIG_AWS_REGION", "PULUMI_CONFIG_AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def loaded(**config: str) -> Settings:
    """Load in a context of its own, so that no other test meets this configuration."""

    def run() -> Settings:
        pulumi.runtime.set_all_config({"container-registry:repository": "dev/yoon-app"} | config)
        return load(Path())

    return contextvars.copy_context().run(run)


def config(**values: object) -> dict[str, str]:
    return {
        f"container-registry:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }


def test_rules_and_guard_reach_the_settings() -> None:
    values = {"repository": "dev/app", "lifecycle": [{"protect": ["prod-*"]}, {"keep": 3}], "lifecycleGuard": "enforce"}
    settings = parse(values, Path())
    policy = compile_policy([protect("prod-*"), keep_latest(3)])
    assert settings.lifecycle == LifecycleConfig(policy, protect=("prod-*",))
    assert settings.lifecycle_guard is LifecycleGuard.ENFORCE
    assert settings.unseen is None


def test_mistakes_in_both_are_told_with_all_others() -> None:
    values = {"repository": "A", "lifecycle": [{"keep": 0}], "lifecycleGuard": "on"}
    with pytest.raises(InputErrors) as raised:
        parse(values, Path())
    assert [error.key for error in raised.value.errors] == [
        "container-registry:repository",
        "container-registry:lifecycle[0].keep",
        "container-registry:lifecycleGuard",
    ]


def test_mistakes_in_ecrs_own_form_are_told_with_all_others() -> None:
    values = {"repository": "A", "lifecycle": [{"rulePriority": 1, "selection": {}, "action": {"type": "expire"}}]}
    with pytest.raises(InputErrors) as raised:
        parse(values, Path())
    keys = [error.key for error in raised.value.errors]
    assert keys[0] == "container-registry:repository"
    assert {"container-registry:lifecycle[0].selection.tagStatus"} < set(keys)


# ---------------------------------------------------------------------------------------------------------------------
# Credentials that only Pulumi's provider sees
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", PROVIDER_ONLY)
def test_a_guard_that_warns_says_what_it_can_not_see(key: str) -> None:
    assert loaded(**{key: "[]"}).unseen == (
        f"only Pulumi's provider sees {key}; the lifecycle guard reads the repository itself"
    )


def test_every_such_key_is_named() -> None:
    unseen = loaded(**dict.fromkeys(PROVIDER_ONLY, "[]")).unseen
    assert unseen is not None
    assert "sees aws:accessKey, aws:assumeRoles, aws:endpoints;" in unseen


@pytest.mark.parametrize("key", PROVIDER_ONLY)
def test_a_guard_that_enforces_refuses_them(key: str) -> None:
    with pytest.raises(
        InputErrors, match=f"^{key}: can't be used by a stack that has lifecycleGuard: enforce, because"
    ):
        loaded(**{key: "[]"}, **config(lifecycleGuard="enforce"))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"lifecycleGuard": "off"}, id="off"),
        pytest.param({"lifecycle": []}, id="nothing-expires"),
        pytest.param({"lifecycle": [], "lifecycleGuard": "enforce"}, id="nothing-expires-and-enforced"),
    ],
)
def test_a_guard_that_need_not_look_can_do_without(values: dict[str, object]) -> None:
    assert loaded(**{"aws:endpoints": "[]"}, **config(**values)).unseen is None


def test_a_guard_with_credentials_of_its_own_sees_everything() -> None:
    assert loaded(**{"aws:profile": "work"}).unseen is None
    assert loaded(**config(lifecycleGuard="enforce")).lifecycle_guard is LifecycleGuard.ENFORCE


def test_a_stack_with_an_image_is_refused_whatever_its_guard() -> None:
    for guard in LifecycleGuard:
        with pytest.raises(InputErrors, match=r"^aws:endpoints: can't be used by a stack that builds or promotes"):
            loaded(**{"aws:endpoints": "[]"}, **config(lifecycleGuard=guard.value, promote={"from": "elsewhere"}))
