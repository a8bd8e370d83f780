"""The steps of a pull, one after another; each is a line, and what can't work any more is not tried."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from ecr.doctor import checks
from ecr.doctor.checks import Check, Failure, Host, Status, Step, Trouble
from ecr.doctor.network import Network, NetworkError, SystemNetwork, cause_of, within
from ecr.doctor.trail import Trail, host_of
from ecr.endpoint_policy import Service
from ecr.errors import RemoteError
from ecr.oci.credentials import Credentials
from ecr.oci.exchange import Call, Exchange, Temporary
from ecr.oci.http_transport import HttpTransport
from ecr.oci.manifest import Descriptor, Kind, Manifest
from ecr.oci.registry import Location
from ecr.oci.repository import Repository
from ecr.oci.session import Limits, Session
from ecr.oci.transport import Deadline, Stopped, Transport, TransportError
from ecr.reference import is_digest

T = TypeVar("T")

_UNKNOWN = Host(name="a host that is not known", port=443)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is examined.

    Attributes:
        location: the repository.
        reference: a tag or digest in it; None to leave out what needs an image.
        expect_private: whether the API's and the registry's addresses must be private.
        timeout_s: the longest that a step may take.
    """

    location: Location
    reference: str | None = None
    expect_private: bool = False
    timeout_s: float = 10.0


@dataclass
class _Findings:
    """What later steps stand on."""

    addresses: dict[Step, Sequence[str]] = field(default_factory=dict)
    nowhere: set[Step] = field(default_factory=set)  # whose names have led to nothing at all
    status: dict[Step, Status] = field(default_factory=dict)
    credentials: Credentials | None = None
    layer: Descriptor | None = None


class Examination:
    """One examination of one subject.

    Args:
        subject: what is examined.
        network: names and connections; by default this machine's.
        transport: sends the requests; by default over the network. It is closed with the examination.
    """

    def __init__(self, subject: Subject, *, network: Network | None = None, transport: Transport | None = None) -> None:
        self._subject = subject
        self._network = network or SystemNetwork()
        timeout_s = subject.timeout_s
        self._trail = Trail(transport or HttpTransport(connect_s=timeout_s, read_s=timeout_s))
        self._found = _Findings()
        registry = subject.location.registry
        # Under an endpoint override there are no VPC endpoints to give advice about.
        is_aws = registry.api_url is not None and registry.base_url == f"https://{registry.host}"
        api, own = (Service.API.value, Service.REGISTRY.value) if is_aws else ("", "")
        self._api = host_of(registry.api_url, endpoint=api) if registry.api_url else None
        self._registry = host_of(registry.base_url, endpoint=own)

    def run(self) -> Iterator[Check]:
        """The checks, each as soon as it is made."""
        for step, check in (
            (Step.RESOLVE_API, partial(self._resolve, Step.RESOLVE_API, self._api)),
            (Step.RESOLVE_REGISTRY, partial(self._resolve, Step.RESOLVE_REGISTRY, self._registry)),
            (Step.CONNECT_API, partial(self._connect, Step.CONNECT_API, Step.RESOLVE_API, self._api)),
            (
                Step.CONNECT_REGISTRY,
                partial(self._connect, Step.CONNECT_REGISTRY, Step.RESOLVE_REGISTRY, self._registry),
            ),
            (Step.SIGN_IN, self._sign_in),
        ):
            yield self._noted(step, check)
        # Its threads are never used, and closing it would wait for requests that were given up.
        session = Session(Limits(attempts=1), transport=self._trail)
        yield self._noted(Step.MANIFEST, partial(self._manifest, session))
        yield self._noted(Step.LAYER, partial(self._layer, session))
        self._trail.close()

    def _noted(self, step: Step, make: Callable[[], Check]) -> Check:
        check = make()
        self._found.status[step] = check.status
        return check

    def _failed(self, *steps: Step) -> Step | None:
        """The first of these steps that has failed."""
        return next((step for step in steps if self._found.status.get(step) is Status.FAILED), None)

    # -- names and connections ----------------------------------------------------------------------------------------

    def _resolve(self, step: Step, host: Host | None) -> Check:
        subject = self._subject
        if host is None:
            return checks.skipped(step, _no_host(step, subject.location))
        try:
            proxy = self._network.proxy_of(_url(host))
        except TransportError as error:
            self._found.nowhere.add(step)
            return checks.failed(step, str(error), "correct HTTPS_PROXY")
        if proxy is not None:
            return checks.through_proxy(step, host, proxy, expect_private=subject.expect_private)
        found = self._addresses(host)
        if isinstance(found, Failure):
            self._found.nowhere.add(step)
        else:
            self._found.addresses[step] = found
        return checks.resolved(step, host, found, expect_private=subject.expect_private)

    def _addresses(self, host: Host) -> Sequence[str] | Failure:
        try:
            return within(self._subject.timeout_s, lambda: self._network.resolve(host.name, host.port))
        except NetworkError as error:
            return error.failure
        except Stopped:
            return Failure(trouble=Trouble.SILENT)

    def _connect(self, step: Step, before: Step, host: Host | None) -> Check:
        addresses = self._found.addresses.get(before, ())
        if host is None:
            return checks.skipped(step, _no_host(step, self._subject.location))
        if not addresses:
            return checks.skipped(step, f"{before} failed" if before in self._found.nowhere else "the proxy does it")
        timeout_s = self._subject.timeout_s
        end, failure = time.monotonic() + timeout_s, Failure(trouble=Trouble.SILENT)
        for address in addresses:
            begun = time.monotonic()
            left = end - begun
            if left <= 0:
                break
            try:
                tls = self._network.connect(
                    address, host.port, tls_name=host.name if host.tls else None, timeout_s=left
                )
            except NetworkError as error:
                failure = error.failure
                continue
            return checks.connected(step, host, address, tls=tls, seconds=time.monotonic() - begun)
        return checks.not_connected(step, host, addresses, failure, timeout_s=timeout_s)

    # -- the protocol -------------------------------------------------------------------------------------------------

    def _sign_in(self) -> Check:
        registry = self._subject.location.registry
        # ECR's API gives tokens; elsewhere the registry itself would be asked.
        resolve, connect = (
            (Step.RESOLVE_API, Step.CONNECT_API) if registry.api_url else (Step.RESOLVE_REGISTRY, Step.CONNECT_REGISTRY)
        )
        if before := self._unresolved(resolve) or self._failed(connect):
            return checks.skipped(Step.SIGN_IN, f"{before} failed")
        try:
            self._found.credentials = self._in_time(registry.sign_in)
        except RemoteError as error:
            fix = (
                "and let the policy of the endpoint ecr.api pass ecr:GetAuthorizationToken" if registry.api_url else ""
            )
            return checks.failed(Step.SIGN_IN, str(error), fix)
        except Stopped:
            return checks.no_token(self._subject.timeout_s)
        if registry.api_url:
            return checks.ok(Step.SIGN_IN, f"ECR has given a token for {registry.host}")
        who = "as Docker's configuration says" if self._found.credentials else "as nobody: Docker knows no credentials"
        return checks.ok(Step.SIGN_IN, f"{registry.host} is asked {who}")

    def _unresolved(self, step: Step) -> Step | None:
        """The step, when its name has led nowhere; a public address in the place of a private one still works."""
        return step if step in self._found.nowhere else None

    def _manifest(self, session: Session) -> Check:
        subject = self._subject
        if subject.reference is None:
            return checks.skipped(Step.MANIFEST, "no image is named; give HOST/NAME:TAG")
        before = self._unresolved(Step.RESOLVE_REGISTRY) or self._failed(Step.CONNECT_REGISTRY, Step.SIGN_IN)
        if before or self._found.status[Step.SIGN_IN] is Status.SKIPPED:
            return checks.skipped(Step.MANIFEST, f"{before} failed" if before else "there is no sign-in")
        repository = Repository(session, self._location(), Deadline(subject.timeout_s))
        name = repository.image(subject.reference)
        try:
            root = self._in_time(partial(repository.manifest, subject.reference))
            image = self._in_time(partial(_image_of, repository, root))
        except RemoteError as error:
            return checks.failed(Step.MANIFEST, str(error), self._advice(error))
        except Stopped:
            text = f"{name} did not come within {subject.timeout_s:g} s"
            return checks.failed(Step.MANIFEST, text, self._unreached(Failure(trouble=Trouble.SILENT)))
        if image is not None and image.kind is Kind.IMAGE and len(image.blobs) > 1:
            self._found.layer = image.blobs[-1]  # the first is the configuration
        return checks.ok(Step.MANIFEST, f"{name} is {'there' if is_digest(subject.reference) else root.digest}")

    def _advice(self, error: RemoteError) -> str:
        if error.code == "UNREACHABLE":
            return self._unreached(cause_of(error))
        return checks.answered(error, is_ecr=self._subject.location.registry.api_url is not None)

    def _unreached(self, failure: Failure) -> str:
        host = self._host or _UNKNOWN
        proxy = self._network.proxy_of(_url(host))
        if proxy is not None:
            return checks.unreached_through(host, proxy)
        return checks.unreached(host, self._addresses_shown(host), failure)

    @property
    def _host(self) -> Host | None:
        """The host of the last request; the registry itself with its endpoint."""
        return self._trail.last if self._redirected else self._registry

    def _addresses_shown(self, host: Host) -> Sequence[str]:
        """A host's addresses; none where they can't be had, or a proxy looks them up."""
        if self._network.proxy_of(_url(host)) is not None:
            return ()
        found = self._addresses(host)
        return () if isinstance(found, Failure) else found

    def _layer(self, session: Session) -> Check:
        if self._found.status[Step.MANIFEST] is not Status.OK:
            why = "there is no manifest" if self._subject.reference else "no image is named"
            return checks.skipped(Step.LAYER, why)
        layer = self._found.layer
        if layer is None:
            return checks.skipped(Step.LAYER, "the image has no layers")
        location, begun = self._location(), time.monotonic()
        exchange = Exchange(
            session,
            location.registry,
            (f"repository:{location.repository}:pull",),
            Deadline(self._subject.timeout_s),
        )
        try:
            status, count = self._in_time(partial(_one_byte, exchange, location.repository, layer.digest))
        except (Temporary, RemoteError, TransportError, Stopped) as error:
            return self._no_layer(error)
        host = self._host or _UNKNOWN
        if status not in checks.ARRIVED or not count:
            return checks.layer_refused(host, status, redirected=self._redirected)
        seconds = time.monotonic() - begun
        return checks.layer_from(host, self._addresses_shown(host), layer.digest, seconds=seconds)

    def _no_layer(self, error: Temporary | RemoteError | TransportError | Stopped) -> Check:
        host, failure = self._host, self._trail.failure
        if isinstance(error, Stopped):
            failure = Failure(trouble=Trouble.SILENT)
        if isinstance(error, TransportError):
            failure = failure or cause_of(error)
        if host is not None and failure is not None:
            return checks.layer_unreachable(
                host, self._addresses(host), failure, redirected=self._redirected, timeout_s=self._subject.timeout_s
            )
        # The registry has answered, with something that no layer can be had from.
        refusal = error.error if isinstance(error, Temporary) else error
        fix = self._advice(refusal) if isinstance(refusal, RemoteError) else ""
        return checks.failed(Step.LAYER, str(refusal), fix)

    @property
    def _redirected(self) -> bool:
        """Whether the last request went to another host than the registry's."""
        last, own = self._trail.last, self._registry
        return last is not None and own is not None and (last.name, last.port) != (own.name, own.port)

    def _location(self) -> Location:
        """The repository, with the credentials that were given already."""
        location = self._subject.location
        given = self._found.credentials
        return dataclasses.replace(location, registry=dataclasses.replace(location.registry, sign_in=lambda: given))

    def _in_time(self, call: Callable[[], T]) -> T:
        return within(self._subject.timeout_s, call)


def _no_host(step: Step, location: Location) -> str:
    if step in (Step.RESOLVE_API, Step.CONNECT_API) and location.registry.api_url is None:
        return f"{location.registry.host} is not ECR's own host, and is signed in to without AWS"
    return "its address is none"


def _url(host: Host) -> str:
    return f"{'https' if host.tls else 'http'}://{host}"


def _image_of(repository: Repository, root: Manifest) -> Manifest | None:
    """The manifest itself, or of an index the first for a platform; None when there is none."""
    if root.kind is not Kind.INDEX:
        return root
    # Attestations are of no platform.
    children = [child for child in root.children if child.platform != "unknown/unknown"]
    return repository.manifest(children[0].digest) if children else None


def _one_byte(exchange: Exchange, repository: str, digest: str) -> tuple[int, int]:
    """The status in the end, and how many bytes came, of one."""
    call = Call(
        operation="GetBlob", method="GET", path=f"/v2/{repository}/blobs/{digest}", headers={"Range": "bytes=0-0"}
    )
    response = exchange.open(call)
    try:
        return response.status, response.readinto(memoryview(bytearray(1)))
    finally:
        response.close()
