from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.errors import (
    Conflict,
    EcrError,
    ExitCode,
    GateClosed,
    InputError,
    InputErrors,
    LifecycleRefused,
    RemoteError,
    printable,
)


def remote_error(problem: str = "refused") -> RemoteError:
    return RemoteError(problem, service="ecr", operation="DescribeImages", code="AccessDeniedException")


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        pytest.param(InputError("k", "is wrong"), 2, id="input"),
        pytest.param(InputErrors((InputError("k", "is wrong"),)), 2, id="inputs"),
        pytest.param(Conflict("is taken"), 1, id="conflict"),
        pytest.param(GateClosed("HOST/NAME@sha256:1", ("1 finding",)), 1, id="gate-closed"),
        pytest.param(LifecycleRefused("dev/app", ("a",), advice="b"), 1, id="lifecycle-refused"),
        pytest.param(remote_error(), 3, id="remote"),
        pytest.param(EcrError("no"), 1, id="base"),
    ],
)
def test_every_error_has_the_exit_code_that_the_design_promises(error: EcrError, exit_code: int) -> None:
    assert error.exit_code == exit_code


def test_the_exit_codes_are_frozen() -> None:
    assert {code.name: code.value for code in ExitCode} == {"DONE": 0, "REFUSED": 1, "BAD_INPUT": 2, "REMOTE": 3}


def test_every_class_of_the_family_is_in_the_table_above() -> None:
    here = {found for found in EcrError.__subclasses__() if found.__module__ == EcrError.__module__}
    assert here == {InputError, InputErrors, Conflict, GateClosed, LifecycleRefused, RemoteError}


def test_an_input_error_starts_with_its_key() -> None:
    error = InputError("container-registry:build.tag", "is missing")
    assert (error.key, str(error)) == ("container-registry:build.tag", "container-registry:build.tag: is missing")


def test_input_errors_have_a_line_each_in_their_order() -> None:
    errors = (InputError("b", "is wrong"), InputError("a", "is missing"))
    both = InputErrors(errors)
    assert (both.errors, str(both)) == (errors, "b: is wrong\na: is missing")


def test_a_closed_gate_names_the_image_the_first_reasons_and_what_to_do() -> None:
    error = GateClosed("HOST/NAME@sha256:1", ("a", "b", "c", "d", "e"), advice="build again")
    assert str(error) == "HOST/NAME@sha256:1 does not pass the gate: a; b; c; and 2 more like these; build again"
    assert (error.image, error.reasons) == ("HOST/NAME@sha256:1", ("a", "b", "c", "d", "e"))


def test_a_refused_policy_names_the_repository_the_first_reasons_and_what_to_do() -> None:
    error = LifecycleRefused("dev/app", ("a", "b\n", "c", "d"), advice="protect it")
    assert str(error) == (
        "repository dev/app: the lifecycle guard refuses: a; b\\n; c; and 1 more like these; protect it"
    )
    assert str(LifecycleRefused("dev/app", ("a",), advice="b")).endswith("refuses: a; b")


def test_a_remote_error_keeps_what_a_support_case_needs() -> None:
    error = RemoteError(
        "it failed", service="kms", operation="CreateKey", code="Throttling", request_id="id-1", temporary=True
    )
    assert (error.service, error.operation, error.code, error.request_id, error.temporary) == (
        "kms",
        "CreateKey",
        "Throttling",
        "id-1",
        True,
    )
    assert str(error) == "it failed"


def test_a_remote_error_is_permanent_and_without_request_id_unless_told() -> None:
    assert (remote_error().temporary, remote_error().request_id) == (False, "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain text, 한국어, é", "plain text, 한국어, é", id="kept"),
        pytest.param("a\nb\tc\r", r"a\nb\tc\r", id="white-space"),
        pytest.param("\x1b[31m\x9b\x7f", r"\x1b[31m\x9b\x7f", id="terminal-controls"),
        pytest.param("\u2028\u202e", r"\u2028\u202e", id="separators-and-direction"),
        pytest.param("caf\udce9", r"caf\udce9", id="undecodable-byte-of-a-file-name"),
    ],
)
def test_what_does_not_print_becomes_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_a_message_is_one_line_that_any_log_can_carry(text: str) -> None:
    closed = GateClosed(text, (text,), advice=text)
    for error in (InputError("key", text), InputError(text, "is wrong"), remote_error(text), closed):
        assert len(str(error).splitlines()) <= 1
        str(error).encode("utf-8")
