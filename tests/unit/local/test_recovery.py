"""Traces of a killed command."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from unittest import mock

import pytest

from local import recovery
from local.errors import LocalError
from local.layout import Layout

URN = "urn:pulumi:dev::container-registry::aws:ecr/repository:Repository::repo"


def lock(layout: Layout, content: str) -> Path:
    path = layout.backend / ".pulumi/locks/organization/container-registry/dev/one.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    return path


def content(pid: int, host: str = "") -> str:
    return json.dumps({"pid": pid, "username": "me", "hostname": host or socket.gethostname(), "timestamp": "x"})


def clear(layout: Layout) -> None:
    recovery.clear_stale_locks(layout, "container-registry", "dev")


@pytest.mark.parametrize(
    "text", [content(2**22 + 1), "", "{", "[]", "{}"], ids=["dead", "empty", "cut", "list", "bare"]
)
def test_a_lock_without_a_living_holder_is_removed_and_said(
    layout: Layout, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lock(layout, text)
    clear(layout)
    assert not path.exists()
    assert "removed the engine's lock on stack dev" in capsys.readouterr().err


def test_a_living_holder_is_named_and_its_lock_stays(layout: Layout) -> None:
    path = lock(layout, content(os.getppid()))
    with pytest.raises(LocalError, match=f"stack dev is locked by pid {os.getppid()}"):
        clear(layout)
    assert path.exists()


def test_a_pid_that_was_given_anew_holds_nothing(layout: Layout) -> None:
    path = lock(layout, content(os.getppid()))
    os.utime(path, (1, 1))  # written long before the process with this pid began
    clear(layout)
    assert not path.exists()


def test_a_holder_on_another_machine_is_believed(layout: Layout) -> None:
    lock(layout, content(1, host="elsewhere"))
    with pytest.raises(LocalError, match="on elsewhere"):
        clear(layout)


def test_no_lock_is_no_trouble(layout: Layout) -> None:
    clear(layout)


def test_only_creations_count_as_pending() -> None:
    resource = {"urn": URN, "type": "aws:ecr/repository:Repository", "inputs": {"name": "dev/app"}}
    deployment = {
        "pending_operations": [{"type": "creating", "resource": resource}, {"type": "updating", "resource": resource}]
    }
    assert list(recovery.pending_creates(deployment)) == [
        recovery.PendingCreate(URN, "aws:ecr/repository:Repository", {"name": "dev/app"})
    ]


@pytest.mark.parametrize("deployment", [{}, {"pending_operations": None}, {"pending_operations": []}])
def test_a_settled_state_has_nothing_pending(deployment: dict[str, object]) -> None:
    assert list(recovery.pending_creates(deployment)) == []


def test_only_a_repository_is_taken_over() -> None:
    policy = recovery.PendingCreate("urn", "aws:ecr/lifecyclePolicy:LifecyclePolicy", {"name": "x"})
    with mock.patch("boto3.client", side_effect=AssertionError("nobody is asked")):
        assert recovery.id_if_made(policy, "http://localhost:1", "eu-west-1") is None


def test_marks_tell_an_unfinished_operation_and_a_new_emulator(layout: Layout) -> None:
    marks = recovery.Marks(layout, "dev")
    assert not marks.unfinished()
    assert not marks.cloud_replaced("one")
    marks.begin()
    assert marks.unfinished()
    marks.end("one")
    assert not marks.unfinished()
    assert not marks.cloud_replaced("one")
    assert marks.cloud_replaced("two")
    assert marks.cloud_replaced("two"), "only an operation that ended well settles it"


def test_a_settled_state_holds_what_was_made_and_nothing_pending() -> None:
    known = {"urn": "known", "type": "t"}
    pending = [
        {"type": "creating", "resource": {"urn": "made", "type": "t", "inputs": {"name": "x"}}},
        {"type": "creating", "resource": {"urn": "not made", "type": "t"}},
        {"type": "updating", "resource": {"urn": "known", "type": "t"}},
    ]
    deployment = {"manifest": {}, "resources": [known], "pending_operations": pending}
    assert recovery.settled(deployment, {"made": "x"}) == {
        "manifest": {},
        "resources": [known, {"urn": "made", "type": "t", "inputs": {"name": "x"}, "id": "x", "outputs": {}}],
    }


def test_a_state_without_any_resource_is_settled_too() -> None:
    assert recovery.settled({"pending_operations": []}, {}) == {"resources": []}
