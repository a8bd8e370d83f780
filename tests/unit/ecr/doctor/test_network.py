from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from ecr.doctor.checks import Failure, Host, Trouble
from ecr.doctor.network import NetworkError, SystemNetwork, failure_of, within
from ecr.doctor.trail import host_of
from ecr.oci.transport import Stopped

NETWORK = SystemNetwork()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (socket.gaierror(-2, "Name or service not known"), Failure(trouble=Trouble.UNKNOWN_NAME)),
        (UnicodeError("label too long"), Failure(trouble=Trouble.UNKNOWN_NAME)),
        (TimeoutError("timed out"), Failure(trouble=Trouble.SILENT)),
        (ConnectionRefusedError(111, "Connection refused"), Failure(trouble=Trouble.REFUSED)),
        (untrusted(), Failure(trouble=Trouble.UNTRUSTED, detail="self-signed certificate")),
        (ConnectionResetError(104, "Connection reset"), Failure(trouble=Trouble.BROKEN, detail="Connection reset")),
        (OSError(), Failure(trouble=Trouble.BROKEN, detail="OSError")),
        (ValueError("odd"), Failure(trouble=Trouble.BROKEN, detail="odd")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_of_the_network_has_its_meaning(error: Exception, failure: Failure) -> None:
    assert failure_of(error) == failure


def test_an_address_is_its_own_name() -> None:
    assert NETWORK.resolve("127.0.0.1", 443) == ("127.0.0.1",)


def test_a_name_that_none_can_have_is_unknown() -> None:
    with pytest.raises(NetworkError) as raised:
        NETWORK.resolve("a" * 64, 443)
    assert raised.value.failure == Failure(trouble=Trouble.UNKNOWN_NAME)


def test_a_connection_without_tls_is_made_and_let_go(listening: socket.socket) -> None:
    assert not NETWORK.connect("127.0.0.1", port_of(listening), tls_name=None, timeout_s=5)
    accepted, _ = listening.accept()
    with accepted:
        assert accepted.recv(1) == b""


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = port_of(server)
    with pytest.raises(NetworkError) as raised:
        NETWORK.connect("127.0.0.1", port, tls_name=None, timeout_s=5)
    assert raised.value.failure.trouble is Trouble.REFUSED


def test_who_connects_but_says_nothing_is_silent(listening: socket.socket) -> None:
    with pytest.raises(NetworkError) as raised:
        NETWORK.connect("127.0.0.1", port_of(listening), tls_name="registry.example", timeout_s=0.1)
    assert raised.value.failure.trouble is Trouble.SILENT


def test_who_speaks_no_tls_breaks_the_connection(listening: socket.socket) -> None:
    def answer() -> None:
        accepted, _ = listening.accept()
        with accepted:
            accepted.recv(1000)
            accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(NetworkError) as raised:
        NETWORK.connect("127.0.0.1", port_of(listening), tls_name="registry.example", timeout_s=5)
    thread.join()
    assert raised.value.failure.trouble is Trouble.BROKEN


def test_certificate_authorities_that_cant_be_read_are_named(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(NetworkError) as raised:
        NETWORK.connect("127.0.0.1", port_of(listening), tls_name="registry.example", timeout_s=5)
    assert "/nowhere/ca.pem can't be read" in raised.value.failure.detail


def test_the_proxy_of_the_environment_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    assert NETWORK.proxy_of("https://registry.example") == "proxy.example:3128"
    assert NETWORK.proxy_of("http://localhost:5000") is None
    monkeypatch.setenv("NO_PROXY", "registry.example")
    assert NETWORK.proxy_of("https://registry.example") is None


def test_what_is_done_in_time_is_handed_out() -> None:
    assert within(5, lambda: 7) == 7


def test_what_fails_in_time_fails_here() -> None:
    def fail() -> None:
        raise NetworkError(Failure(trouble=Trouble.REFUSED))

    with pytest.raises(NetworkError):
        within(5, fail)


def test_what_hangs_is_left_behind() -> None:
    going_on = threading.Event()
    with pytest.raises(Stopped):
        within(0.05, going_on.wait)
    going_on.set()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://h/v2/?X-Amz-Signature=secret", Host(name="h", port=443)),
        ("http://h", Host(name="h", port=80, tls=False)),
        ("http://[::1]:5000/x", Host(name="::1", port=5000, tls=False)),
        ("https://me:secret@h:8443/x", Host(name="h", port=8443)),
        ("https://h:port/", None),
        ("nonsense", None),
    ],
)
def test_of_an_address_nothing_is_kept_but_its_host(url: str, host: Host | None) -> None:
    assert host_of(url) == host
