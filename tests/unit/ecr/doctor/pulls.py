"""Pulls to examine: networks and registries with faults at the seams, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ecr.doctor.checks import Check, Failure, Status, Step, Trouble
from ecr.doctor.examination import Examination, Subject
from ecr.doctor.network import NetworkError
from ecr.oci.credentials import Credentials
from ecr.oci.registry import Location, Registry
from ecr.oci.transport import Request, TransportError
from tests.unit.ecr.oci.fake_registry import FakeRegistry, Reply

API = "api.ecr.eu-west-1.amazonaws.com"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
S3 = "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com"
NAME = "dev/yoon-app"
TOKEN, SIGNATURE = (f"made-up-{kind}" for kind in ("token", "signature"))
LAYER_URL = f"https://{S3}/7a3c/layer?X-Amz-Signature={SIGNATURE}&X-Amz-Security-Token={TOKEN}"
PRIVATE, PUBLIC, S3_ADDRESS = ("10.0.1.5",), ("52.1.2.3",), ("52.218.1.1",)

OK, FAILED, SKIPPED = Status.OK, Status.FAILED, Status.SKIPPED
Fault = Trouble | None


def failing(trouble: Trouble) -> NetworkError:
    return NetworkError(Failure(trouble=trouble))


@dataclass
class FakeNetwork:
    """Names with their addresses, or how they fail; addresses that don't let anybody connect."""

    names: Mapping[str, Sequence[str] | Trouble] = field(default_factory=dict)
    unreachable: Mapping[str, Trouble] = field(default_factory=dict)
    proxies: Mapping[str, str] = field(default_factory=dict)
    hangs: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def resolve(self, host: str, _port: int) -> tuple[str, ...]:
        self.asked.append(host)
        if host in self.hangs:
            threading.Event().wait(1)
        found = self.names.get(host, {API: PRIVATE, HOST: PRIVATE, S3: S3_ADDRESS}.get(host, Trouble.UNKNOWN_NAME))
        if isinstance(found, Trouble):
            raise failing(found)
        return tuple(found)

    def connect(self, address: str, _port: int, *, tls_name: str | None, timeout_s: float) -> str:
        assert timeout_s > 0
        self.asked.append(address)
        if address in self.unreachable:
            raise failing(self.unreachable[address])
        return "TLSv1.3" if tls_name else ""

    def proxy_of(self, url: str) -> str | None:
        return self.proxies.get(urlsplit(url).hostname or "")


@dataclass
class Layers:
    """ECR and the bucket of its layers: a registry whose blobs are redirected there."""

    registry: FakeRegistry
    bucket: Callable[[Request], Reply]
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Reply:
        self.asked.append(request)
        parts = urlsplit(request.url)
        if parts.hostname == S3:
            return self.bucket(request)
        if "/blobs/" in parts.path and self.registry.answers(request, 0) is None:
            return Reply(307, headers={"location": LAYER_URL})
        return self.registry.send(request)

    def close(self) -> None:
        pass


def one_byte(request: Request) -> Reply:
    assert request.headers["Range"] == "bytes=0-0"
    assert "Authorization" not in request.headers
    return Reply(206, b"x", {"content-length": "1"})


def broken_by(error: Exception) -> Callable[[Request], Reply]:
    def send(_request: Request) -> Reply:
        raise TransportError("something happened") from error

    return send


def hanging(_request: Request) -> Reply:
    threading.Event().wait(1)
    raise AssertionError


class Dripping(Reply):
    """An answer that begins and then stays away."""

    def readinto(self, buffer: memoryview) -> int:
        assert len(buffer)
        raise TransportError("it was silent for too long") from TimeoutError()


def sign_in() -> Credentials:
    return Credentials("AWS", TOKEN)


def location(sign: Callable[[], Credentials | None] = sign_in) -> Location:
    registry = Registry(f"https://{HOST}", HOST, sign, sign_in_first=True, api_url=f"https://{API}")
    return Location(registry, NAME, f"{HOST}/{NAME}")


def ecr(**answers: int) -> FakeRegistry:
    """A registry with one image; `manifests=403` answers so for what has that in its path."""

    def answer(request: Request, _nth: int) -> Reply | None:
        return next((Reply(status) for part, status in answers.items() if f"/{part}/" in request.url), None)

    registry = FakeRegistry(answers=answer)
    registry.put_image(NAME, "one", "v1")
    return registry


@dataclass
class Examined:
    checks: list[Check]
    layers: Layers

    def __getitem__(self, step: Step) -> Check:
        (check,) = (check for check in self.checks if check.step is step)
        return check

    @property
    def statuses(self) -> str:
        """One letter for each step: o, F, s."""
        return "".join(check.status[0] for check in self.checks)


def examine(
    *,
    network: FakeNetwork | None = None,
    registry: FakeRegistry | None = None,
    bucket: Callable[[Request], Reply] = one_byte,
    at: Location | None = None,
    reference: str | None = "v1",
    expect_private: bool = True,
    timeout_s: float = 0.2,
) -> Examined:
    layers = Layers(registry or ecr(), bucket)
    subject = Subject(
        location=at or location(), reference=reference, expect_private=expect_private, timeout_s=timeout_s
    )
    made = list(Examination(subject, network=network or FakeNetwork(), transport=layers).run())
    assert [check.step for check in made] == list(Step)
    shown = "".join(check.line + str(check.as_json) for check in made)
    assert TOKEN not in shown
    assert SIGNATURE not in shown
    assert "X-Amz" not in shown
    silent = [check.line for check in made if check.status is FAILED and not (check.fix or "; " in check.text)]
    assert silent == [], "what has failed says what to do"
    return Examined(made, layers)
