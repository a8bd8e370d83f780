"""Two stacks that set up one registry: refused where it can be known, before anything is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import pytest

import registry_claim
from ecr.errors import InputError
from tests.unit.recording import ACCOUNT, REGION, Recording, record

WHOLE = "organization/container-registry/"
OUTPUTS = "pulumi:pulumi:readStackOutputs"


def claim(account: object = ACCOUNT, region: object = REGION) -> dict[str, object]:
    return {"registry_settings": {"account": account, "region": region}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of three stacks."""
    for stack in ("dev", "prod", "staging"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    return tmp_path


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", found.append)
    return found


def run(project: Path, sources: Mapping[str, Mapping[str, object]], *, region: str = REGION) -> Recording:
    """Check from the program of `prod`."""
    named = {WHOLE + stack: outputs for stack, outputs in sources.items()}
    return record(lambda: registry_claim.check(ACCOUNT, region, project), stack="prod", sources=named)


def test_a_registry_that_another_stack_sets_up_is_refused_and_both_are_named(project: Path) -> None:
    with pytest.raises(InputError) as raised:
        run(project, {"dev": claim()})
    assert raised.value.key == "container-registry:registry"
    assert str(raised.value) == (
        f"container-registry:registry: this stack, prod, sets up the registry of account {ACCOUNT} in {REGION}, and so "
        "does stack dev; a registry is set up by one stack: take container-registry:registry out of Pulumi.prod.yaml, "
        "or out of Pulumi.dev.yaml and run: pulumi up -s dev"
    )


@pytest.mark.parametrize(
    ("claimed", "region"),
    [
        pytest.param(claim(account="210987654321"), REGION, id="another-account"),
        pytest.param(claim(region="eu-west-1"), REGION, id="another-region"),
        pytest.param(claim(), "eu-west-1", id="this-stack-is-elsewhere"),
    ],
)
def test_the_registries_of_other_accounts_and_regions_are_others(
    project: Path, claimed: Mapping[str, object], region: str
) -> None:
    assert run(project, {"dev": claimed}, region=region).calls == [OUTPUTS, OUTPUTS]


def test_what_this_stack_itself_set_up_before_is_its_own(project: Path) -> None:
    recording = run(project, {"prod": claim(), "dev": {"image_tag": "v1"}})
    assert recording.calls == [OUTPUTS, OUTPUTS]


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"registry_settings": None}, id="null"),
        pytest.param({"registry_settings": f"{ACCOUNT} {REGION}"}, id="text"),
        pytest.param({"registry_settings": {"account": ACCOUNT}}, id="no-region"),
        pytest.param({"registry_settings": {"region": REGION}}, id="no-account"),
        pytest.param(claim(account=123456789012), id="account-as-a-number"),
    ],
)
def test_outputs_that_claim_nothing_are_no_claim(project: Path, outputs: Mapping[str, object]) -> None:
    assert run(project, {"dev": outputs}).calls == [OUTPUTS, OUTPUTS]


def test_stacks_without_a_file_are_not_looked_for(tmp_path: Path) -> None:
    assert run(tmp_path, {"dev": claim()}).calls == []


def fail_for(monkeypatch: pytest.MonkeyPatch, stacks: Sequence[str]) -> None:
    whole = {WHOLE + stack for stack in stacks}
    invoke = pulumi.runtime.invoke

    def failing(token: str, arguments: Mapping[str, object], *rest: object, **options: object) -> object:
        if token == OUTPUTS and arguments["name"] in whole:
            raise Exception("the backend has gone")  # noqa: TRY002 - as the SDK does
        return invoke(token, arguments, *rest, **options)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(pulumi.runtime, "invoke", failing)


def test_a_stack_that_can_not_be_read_is_warned_of(
    project: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_for(monkeypatch, ["dev", "staging"])
    run(project, {})
    assert [warning.partition(":")[0] for warning in warnings] == [
        "it can't be told whether stack dev sets up the same registry",
        "it can't be told whether stack staging sets up the same registry",
    ]
    assert all("the backend has gone" in warning for warning in warnings)


def test_one_that_can_be_read_is_refused_all_the_same(
    project: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_for(monkeypatch, ["dev"])
    with pytest.raises(InputError, match="and so does stack staging"):
        run(project, {"staging": claim()})
    assert len(warnings) == 1


def test_a_refusal_comes_before_anything_is_registered(project: Path) -> None:
    def program() -> None:
        with pytest.raises(InputError):
            registry_claim.check(ACCOUNT, REGION, project)

    recording = record(program, stack="prod", sources={f"{WHOLE}dev": claim()})
    assert recording.registrations == []
