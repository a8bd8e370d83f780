"""This project's own components, held to the rules: what they make by default, and all that access can say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from components import ImageRepository, ImageRepositoryArgs
from components.registry import RegistrySettings, RegistrySettingsArgs
from ecr.lifecycle.rules import DEFAULT_POLICY
from ecr.repository import Encryption, EncryptionType
from policies.rules import catalogue
from policies.rules.values import Resource
from tests.unit.components.test_registry import WHOLE
from tests.unit.policies_pack.asking import said
from tests.unit.recording import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policies.rules.values import Value

REVIEWED = Path(__file__).resolve().parents[2] / "policies" / "reviewed"
DOCUMENTS = sorted([*REVIEWED.glob("repository*.json"), *REVIEWED.glob("registry*.json")])


def default() -> None:
    ImageRepository("app", ImageRepositoryArgs(repository_name="team/app"))


def with_a_key() -> None:
    encryption = Encryption(EncryptionType.KMS)
    ImageRepository("app", ImageRepositoryArgs(repository_name="team/app", encryption=encryption))


def whole_registry() -> None:
    templates = tuple(replace(one, lifecycle=DEFAULT_POLICY) for one in WHOLE.creation_templates)
    RegistrySettings("registry", RegistrySettingsArgs(config=replace(WHOLE, creation_templates=templates)))


def lines(program: Callable[[], None]) -> list[str]:
    made = [
        Resource(
            type=one.type, name=one.name, urn=one.name, properties=cast("Mapping[str, Value]", one.inputs),
            depends={"repository": [one.parent]},
        )
        for one in record(program).registrations
    ]  # fmt: skip
    told = [str(one) for policy in catalogue.RESOURCE_POLICIES for each in made for one in policy.check(each, {})]
    return told + [str(one) for stack_policy in catalogue.STACK_POLICIES for one in stack_policy.check(made, {})]


@pytest.mark.parametrize("program", [default, with_a_key, whole_registry], ids=lambda program: program.__name__)
def test_defaults_pass(program: Callable[[], None]) -> None:
    assert lines(program) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_whoever_is_given_access_is_named(path: Path) -> None:
    for type_token in ("aws:ecr/repositoryPolicy:RepositoryPolicy", "aws:ecr/registryPolicy:RegistryPolicy"):
        assert said("no-public-principal", type_token, policy=path.read_text()) == []
