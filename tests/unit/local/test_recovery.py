"""Traces of a killed command."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from unittest import mock

import pytest
from botocore.exceptions import ClientError

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


PROVIDER = "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com"
MADE = [
    pytest.param(
        "aws:ecr/repository:Repository",
        {"name": "dev/app"},
        {"describe_repositories": {"repositories": [{}]}},
        "dev/app",
        id="repository",
    ),
    pytest.param("aws:iam/role:Role", {"name": "shop-push"}, {"get_role": {"Role": {}}}, "shop-push", id="role"),
    pytest.param(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {"url": "https://token.actions.githubusercontent.com"},
        {
            "list_open_id_connect_providers": {
                "OpenIDConnectProviderList": [
                    {"Arn": "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com/acme"},
                    {"Arn": PROVIDER},
                ]
            }
        },
        PROVIDER,
        id="provider",
    ),
]


def asked(pending: recovery.PendingCreate, **answers: object) -> str | None:
    """What is taken over, where the cloud answers so."""
    client = mock.Mock(
        **{
            f"{operation}.{'side_effect' if isinstance(answer, Exception) else 'return_value'}": answer
            for operation, answer in answers.items()
        }
    )
    with mock.patch("boto3.client", return_value=client):
        return recovery.id_if_made(pending, "http://localhost:1", "eu-west-1")


@pytest.mark.parametrize(("type_", "inputs", "answers", "identity"), MADE)
def test_what_has_a_name_of_its_own_and_was_made_is_taken_over(
    type_: str, inputs: dict[str, object], answers: dict[str, object], identity: str
) -> None:
    assert asked(recovery.PendingCreate("urn", type_, inputs), **answers) == identity


@pytest.mark.parametrize("code", ["NoSuchEntity", "AccessDenied"])
def test_a_role_that_was_not_made_is_made_and_one_that_cannot_be_told_of_is_an_error(code: str) -> None:
    refusal = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetRole")
    pending = recovery.PendingCreate("urn", "aws:iam/role:Role", {"name": "shop-push"})
    if code == "NoSuchEntity":
        assert asked(pending, get_role=refusal) is None
    else:
        with pytest.raises(LocalError, match="cannot tell whether urn was made"):
            asked(pending, get_role=refusal)


def test_a_provider_of_another_issuer_is_not_taken_for_it() -> None:
    pending = recovery.PendingCreate("urn", MADE[2].values[0], {"url": "https://elsewhere.example"})  # type: ignore[arg-type]
    assert asked(pending, list_open_id_connect_providers={"OpenIDConnectProviderList": [{"Arn": PROVIDER}]}) is None


def test_what_can_be_made_again_is_not_looked_for() -> None:
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
