"""Other stacks' outputs, asked of the engine."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pytest

import stack_outputs
from ecr.errors import RemoteError
from tests.unit.recording import Recording, record

DEV = "organization/container-registry/dev"
Sources = Mapping[str, Mapping[str, object]]


def asked(stack: str, sources: Sources) -> tuple[Mapping[str, object], Recording]:
    """What the program reads, and what it asked for that."""
    found: list[Mapping[str, object]] = []
    recording = record(lambda: found.append(stack_outputs.read(stack)), stack="prod", sources=sources)
    (outputs,) = found
    return outputs, recording


def fail_with(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def fail(_token: str, _arguments: object) -> None:
        raise Exception(text)  # noqa: TRY002 - as the SDK does

    monkeypatch.setattr(pulumi.runtime, "invoke", fail)


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        pytest.param("dev", DEV, id="of-this-project"),
        pytest.param("shop/dev", "organization/shop/dev", id="of-another-project"),
        pytest.param("acme/shop/dev", "acme/shop/dev", id="whole-name"),
    ],
)
def test_outputs_are_read_by_the_whole_name_of_the_stack(stack: str, name: str) -> None:
    outputs, recording = asked(stack, {name: {"image_tag": "v1"}})
    assert outputs == {"image_tag": "v1"}
    assert recording.calls == ["pulumi:pulumi:readStackOutputs"]


def test_a_stack_that_was_never_made_has_no_outputs() -> None:
    outputs, _ = asked("dev", {})
    assert outputs == {}


def test_what_the_engine_can_not_read_is_said_with_the_name_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, "the backend has gone")
    message = f"the outputs of stack {DEV} can't be read: the backend has gone"
    with pytest.raises(RemoteError, match=message) as raised:
        asked("dev", {})
    assert (raised.value.service, raised.value.code) == ("pulumi", "Invoke")


@pytest.mark.parametrize("answer", [pytest.param({}, id="nothing"), pytest.param({"outputs": "text"}, id="text")])
def test_an_answer_without_outputs_is_read_as_none(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    class Answer:
        value = answer

    monkeypatch.setattr(pulumi.runtime, "invoke", lambda _token, _arguments: Answer())
    outputs, _ = asked("dev", {})
    assert outputs == {}
