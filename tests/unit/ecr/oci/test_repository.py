from __future__ import annotations

import gzip
import socket
from collections.abc import Callable

import pytest

from ecr.errors import RemoteError
from ecr.oci.manifest import Descriptor
from ecr.oci.registry import Registry
from ecr.oci.repository import fetch_blob
from ecr.oci.session import Limits, Session
from tests.unit.ecr.oci.small_registry import (
    AUTHORIZATION,
    BLOB,
    BODY,
    ENDLESS_BYTES,
    HOST,
    PASSWORD,
    PATH,
    Answer,
    Server,
    at,
    digest_of,
    fetch,
    refusal,
)

pytestmark = pytest.mark.usefixtures("_at_once")


def test_a_good_blob_arrives_and_the_request_is_as_the_protocol_says(start: Callable[..., Server]) -> None:
    server = start(Answer(body=BODY))
    assert fetch(server) == BODY
    (request,) = server.requests
    assert request.path == PATH
    assert request.headers["Host"] == HOST
    assert request.headers["Authorization"] == AUTHORIZATION


def test_an_empty_blob_is_a_blob(start: Callable[..., Server]) -> None:
    assert fetch(start(Answer()), Descriptor("", digest_of(b""), 0)) == b""


def test_a_blob_that_differs_from_its_digest_is_refused_with_both_digests(start: Callable[..., Server]) -> None:
    other = BODY.replace(b"amd64", b"arm64")
    error = refusal(start(Answer(body=other)))
    assert (error.code, error.temporary) == ("DIGEST", False)
    assert BLOB.digest in str(error)
    assert digest_of(other) in str(error)


@pytest.mark.parametrize(("size", "code"), [(len(BODY) - 1, "SIZE"), (len(BODY) + 1, "SIZE"), (0, "SIZE")])
def test_a_blob_that_differs_from_its_announced_size_is_refused(
    start: Callable[..., Server], size: int, code: str
) -> None:
    assert refusal(start(Answer(body=BODY)), Descriptor("", BLOB.digest, size)).code == code


def test_an_announced_size_over_the_limit_is_not_even_fetched(start: Callable[..., Server]) -> None:
    server = start(Answer(body=BODY))
    error = refusal(server, limit=len(BODY) - 1)
    assert (error.code, server.requests) == ("TOO_LARGE", [])
    assert f"has {len(BODY)} bytes; at most {len(BODY) - 1} are read" in str(error)


def test_a_blob_of_just_the_limit_is_read(start: Callable[..., Server]) -> None:
    assert fetch(start(Answer(body=BODY)), limit=len(BODY)) == BODY


def test_without_a_limit_of_its_own_a_configuration_may_have_4_megabytes() -> None:
    blob = Descriptor("", BLOB.digest, 4 * 1024 * 1024 + 1)
    with pytest.raises(RemoteError, match="at most 4194304 are read"):
        fetch_blob(at("http://127.0.0.1:9"), "dev/yoon-app", blob)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=b"x" * 2000), id="longer"),
        pytest.param(
            Answer(body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"}), id="compressed"
        ),
    ],
)
def test_more_than_was_announced_is_not_read(start: Callable[..., Server], answer: Answer) -> None:
    assert refusal(start(answer)).code == "SIZE"


def test_a_body_without_end_is_not_read_to_its_end(start: Callable[..., Server]) -> None:
    server = start(Answer(endless=True))
    assert refusal(server).code == "SIZE"
    assert server.sent < ENDLESS_BYTES


@pytest.mark.parametrize(
    ("status", "attempts", "temporary"),
    [
        pytest.param(400, 1, False, id="400"),
        pytest.param(401, 1, False, id="401"),
        pytest.param(403, 1, False, id="403"),
        pytest.param(404, 1, False, id="404"),
        pytest.param(429, 5, True, id="429"),
        pytest.param(500, 5, True, id="500"),
        pytest.param(502, 5, True, id="502"),
        pytest.param(503, 5, True, id="503"),
        pytest.param(504, 5, True, id="504"),
    ],
)
def test_a_refusal_names_registry_and_status_and_only_passing_ones_are_repeated(
    start: Callable[..., Server], status: int, attempts: int, *, temporary: bool
) -> None:
    server = start(Answer(status, body=b"denied"))
    error = refusal(server)
    assert (error.code, error.temporary, len(server.requests)) == (str(status), temporary, attempts)
    assert str(error).startswith(f"registry {HOST} answered {status} for GET {PATH}")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_overcome(start: Callable[..., Server], status: int) -> None:
    server = start(Answer(status), Answer(status), Answer(body=BODY))
    assert fetch(server) == BODY
    assert [request.headers["Authorization"] for request in server.requests] == [AUTHORIZATION] * 3


def test_a_registry_cannot_keep_us_waiting_for_an_hour(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("ecr.oci.transport.Deadline.sleep", lambda _, seconds: waits.append(seconds))
    assert fetch(start(Answer(429, headers={"Retry-After": "3600"}), Answer(body=BODY))) == BODY
    assert waits == [60]


def test_a_reset_connection_is_overcome(start: Callable[..., Server]) -> None:
    server = start(Answer(reset=True), Answer(body=BODY))
    assert fetch(server) == BODY
    assert len(server.requests) == 2


def test_a_connection_that_is_always_reset_is_a_temporary_failure(start: Callable[..., Server]) -> None:
    server = start(Answer(reset=True))
    error = refusal(server)
    assert (error.code, error.temporary, len(server.requests)) == ("UNREACHABLE", True, 5)
    assert f"registry {HOST} can't be reached" in str(error)


def test_a_body_that_breaks_off_is_a_temporary_failure(start: Callable[..., Server]) -> None:
    error = refusal(start(Answer(body=BODY[:5], announced=len(BODY))))
    assert (error.code, error.temporary) == ("TRUNCATED", True)


def test_nobody_listening_is_a_temporary_failure() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        error = refusal(at(f"http://127.0.0.1:{reserved.getsockname()[1]}"))
    assert (error.code, error.temporary) == ("UNREACHABLE", True)


def test_a_silent_registry_is_given_up(start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecr.oci.repository.Session", lambda: Session(Limits(read_s=0.02)))
    error = refusal(start(Answer(silent=True)))
    # The last attempt and the whole run out of time together.
    assert (error.code in ("UNREACHABLE", "TIMEOUT"), error.temporary) == (True, True)


def test_a_registry_does_not_show_its_credentials() -> None:
    assert PASSWORD not in f"{at('https://r')!r}{Registry('https://r', 'r', at('https://r').sign_in)}"
