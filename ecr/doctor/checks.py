"""What an examination has found: a verdict and a line for each step, and what to do.

Sources of the advice: Amazon ECR user guide, "Amazon ECR interface VPC endpoints (AWS PrivateLink)"; Amazon VPC user
guide, "DNS attributes in your VPC".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from types import MappingProxyType

from ecr.errors import RemoteError, printable

# A layer comes whole or in part, or is kept back.
ARRIVED = (200, 206)
_NOT_HANDED_OUT = (401, 403, 404)
_MAX_ADDRESSES = 3
_SLOW = "try again, with more time: --timeout"
_TRUST = "name the certificate authorities of a proxy that opens TLS in AWS_CA_BUNDLE, or leave the proxy out"
_ODD = "check what answers there: a proxy or a portal in its place, or a registry that is not set up for this"
_DAMAGED = "push the image anew, or check what answers in the registry's place, such as a proxy"
_POLICIES = "check the policies of identity, repository and endpoint ecr.dkr"
# What follows from the code alone; that an image does not exist says what to do itself.
_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "TOO_LARGE": _ODD,
        "REDIRECTS": _ODD,
        "INSECURE": _ODD,
        "DIGEST": _DAMAGED,
        "MALFORMED": _DAMAGED,
        "MANIFEST_UNKNOWN": "",
    }
)
# Their texts say what to do.
_SAID = frozenset({"401", "403", "UNAUTHORIZED", "DENIED"})


class Step(StrEnum):
    """The steps of a pull, in their order."""

    RESOLVE_API = "resolve-api"
    RESOLVE_REGISTRY = "resolve-registry"
    CONNECT_API = "connect-api"
    CONNECT_REGISTRY = "connect-registry"
    SIGN_IN = "sign-in"
    MANIFEST = "manifest"
    LAYER = "layer"


class Status(StrEnum):
    """How a step went, as lines show it: a failure stands out."""

    OK = "ok"
    FAILED = "FAILED"
    SKIPPED = "skipped"


class Trouble(StrEnum):
    """In which way a host can't be reached."""

    UNKNOWN_NAME = "unknown name"
    REFUSED = "refused"
    SILENT = "silent"
    UNTRUSTED = "untrusted"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A host that can't be reached.

    Attributes:
        trouble: in which way.
        detail: in the words of whoever noticed; may be empty.
    """

    trouble: Trouble
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host of a pull.

    Attributes:
        name: its name, or its address where that is all there is.
        port: TCP.
        tls: whether it is spoken to over TLS.
        endpoint: what its VPC endpoint is called: `ecr.api`, `ecr.dkr`; empty for what is not ECR.
    """

    name: str
    port: int
    tls: bool = True
    endpoint: str = ""

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == (443 if self.tls else 80) else f"{name}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One step, looked at.

    Attributes:
        step: which.
        status: how it went.
        text: what was found, or why nothing was tried.
        fix: what to do; empty when there is nothing to do.
    """

    step: Step
    status: Status
    text: str
    fix: str = ""

    @property
    def line(self) -> str:
        """The whole on one line, in printable characters."""
        return printable(f"{self.status} {self.step}: {self.text}{f'; {self.fix}' if self.fix else ''}")

    @property
    def as_json(self) -> dict[str, str]:
        """The keys that `--json` shows."""
        return {"step": self.step, "status": self.status.lower(), "text": self.text, "fix": self.fix}


def ok(step: Step, text: str) -> Check:
    """A step that went well."""
    return Check(step=step, status=Status.OK, text=text)


def failed(step: Step, text: str, fix: str = "") -> Check:
    """A step that did not."""
    return Check(step=step, status=Status.FAILED, text=text, fix=fix)


def skipped(step: Step, why: str) -> Check:
    """A step that was not tried; `why` follows on the word because."""
    return Check(step=step, status=Status.SKIPPED, text=f"because {why}")


def is_private(address: str) -> bool:
    """Whether an address is not one of the internet; 100.64.0.0/10, where pods may live, is private here, too."""
    return not ip_address(address.partition("%")[0]).is_global


def kinds(addresses: Sequence[str]) -> str:
    """The addresses, and whether they are private or public."""
    seen = {is_private(address) for address in addresses}
    kind = "private and public" if len(seen) > 1 else ("private" if True in seen else "public")
    shown = ", ".join(addresses[:_MAX_ADDRESSES])
    more = f" and {len(addresses) - _MAX_ADDRESSES} more" if len(addresses) > _MAX_ADDRESSES else ""
    return f"{shown}{more} ({kind})"


def resolved(step: Step, host: Host, found: Sequence[str] | Failure, *, expect_private: bool) -> Check:
    """What a host's name led to, and whether that is what was expected."""
    if isinstance(found, Failure):
        what = "was not looked up in time" if found.trouble is Trouble.SILENT else "has no address"
        return failed(step, f"{host.name} {what}", _dns_advice(host))
    text = f"{host.name} is {kinds(found)}"
    if expect_private and not all(map(is_private, found)):
        return failed(step, f"{text}, and a private address is expected", _private_advice(host))
    return ok(step, text)


def through_proxy(step: Step, host: Host, proxy: str, *, expect_private: bool) -> Check:
    """A host that is reached through a proxy, which does both the looking up and the connecting."""
    if expect_private:
        fix = f"add {host.name} to NO_PROXY, so that the endpoint is used"
        return failed(step, f"{host.name} is reached through the proxy {proxy}, and a private address is expected", fix)
    return skipped(step, f"{host.name} is reached through the proxy {proxy}")


def connected(step: Step, host: Host, address: str, *, tls: str, seconds: float) -> Check:
    """A host that has answered."""
    with_tls = f" with {tls}" if tls else ""
    return ok(step, f"{host} answers at {address}{with_tls}, in {seconds * 1000:.0f} ms")


def not_connected(step: Step, host: Host, addresses: Sequence[str], failure: Failure, *, timeout_s: float) -> Check:
    """A host that has not, at any of its addresses."""
    return failed(
        step, f"{host} at {kinds(addresses)} {_in_words(failure, timeout_s)}", _connect_advice(host, addresses, failure)
    )


def layer_from(host: Host, addresses: Sequence[str], digest: str, *, seconds: float) -> Check:
    """A layer whose first byte has arrived."""
    at = f" at {kinds(addresses)}" if addresses else ""
    return ok(Step.LAYER, f"a byte of {digest} comes from {host}{at}, in {seconds * 1000:.0f} ms")


def layer_unreachable(
    host: Host, addresses: Sequence[str] | Failure, failure: Failure, *, redirected: bool, timeout_s: float
) -> Check:
    """A layer whose host can't be reached: most often the way to S3 is missing."""
    known = () if isinstance(addresses, Failure) else addresses
    text = f"layers come from {host}, which{f' at {kinds(known)}' if known else ''} {_in_words(failure, timeout_s)}"
    return failed(Step.LAYER, text, _layer_advice(host, failure) if redirected else unreached(host, known, failure))


def layer_refused(host: Host, status: int, *, redirected: bool) -> Check:
    """A layer that is not handed out."""
    text = f"layers come from {host}, which answers {status}"
    if status in ARRIVED:
        return failed(Step.LAYER, f"{text}, but sends no byte", _ODD)
    bucket = layer_bucket(host)
    if redirected and bucket:
        fix = f"let the policy of the VPC's S3 endpoint allow s3:GetObject on {bucket}/*; check this machine's clock"
        return failed(Step.LAYER, text, fix)
    if redirected:
        return failed(Step.LAYER, text, "have its logs looked at")
    return failed(
        Step.LAYER, text, "check the repository's policy and the image" if status in _NOT_HANDED_OUT else _ODD
    )


def no_token(timeout_s: float) -> Check:
    """A sign-in that has not come to its end in time."""
    return failed(Step.SIGN_IN, f"nothing came within {timeout_s:g} s", _SLOW)


def answered(error: RemoteError, *, is_ecr: bool) -> str:
    """What to do about a registry that has answered something else than what it was asked for."""
    if error.temporary:
        return "try again later"
    if error.code in _ADVICE:
        return _ADVICE[error.code]
    if is_ecr:
        return _POLICIES
    return "" if error.code in _SAID else _ODD


def unreached(host: Host, addresses: Sequence[str], failure: Failure) -> str:
    """What to do about a host that has been connected to, perhaps, and has not answered to the end."""
    match failure.trouble:
        case Trouble.SILENT:
            return f"{_SLOW}; or {_connect_advice(host, addresses, failure)}"
        case Trouble.UNKNOWN_NAME:
            return _dns_advice(host)
        case Trouble.BROKEN:
            return "try again, and check what stands in between, such as a proxy"
    return _connect_advice(host, addresses, failure)


def unreached_through(host: Host, proxy: str) -> str:
    """What to do about a host that a proxy does not lead to."""
    return f"let the proxy {proxy} pass requests to {host}, or add {host.name} to NO_PROXY"


def layer_bucket(host: Host) -> str:
    """The bucket of ECR's layers that a host is; empty for any other."""
    bucket = host.name.partition(".")[0]
    return bucket if bucket.endswith("-starport-layer-bucket") else ""


def passed(checks: Sequence[Check]) -> bool:
    """Whether nothing has failed."""
    return all(check.status is not Status.FAILED for check in checks)


def _in_words(failure: Failure, timeout_s: float) -> str:
    match failure.trouble:
        case Trouble.UNKNOWN_NAME:
            return "has no address"
        case Trouble.REFUSED:
            return "refuses the connection"
        case Trouble.SILENT:
            return f"does not answer within {timeout_s:g} s"
        case Trouble.UNTRUSTED:
            return f"shows a certificate that is not trusted ({failure.detail})"
    return f"breaks the connection ({failure.detail or 'no reason is given'})"


def _dns_advice(host: Host) -> str:
    if not host.endpoint:
        return "check the name, and the DNS server of this machine"
    return (
        "check the name and the Region; in a VPC, let this machine use the VPC's own DNS server, or forward the name "
        "to it, and switch on enableDnsSupport"
    )


def _private_advice(host: Host) -> str:
    if not host.endpoint:
        return "let the DNS server of this machine give the private address"
    return (
        f"run this inside the VPC; there the endpoint {host.endpoint} needs private DNS, and the VPC both "
        "enableDnsSupport and enableDnsHostnames"
    )


def _connect_advice(host: Host, addresses: Sequence[str], failure: Failure) -> str:
    if failure.trouble is Trouble.UNTRUSTED:
        return _TRUST
    if failure.trouble is Trouble.REFUSED:
        return f"check what listens on port {host.port} there"
    if not host.endpoint:
        return f"let this machine reach TCP {host.port} there"
    if all(map(is_private, addresses)):
        return (
            f"let the security group of the endpoint {host.endpoint} take in TCP {host.port} from this machine's "
            f"address, and this machine's let out TCP {host.port}"
        )
    return f"make the VPC endpoint {host.endpoint} with private DNS, or give this subnet a way to the internet"


def _layer_advice(host: Host, failure: Failure) -> str:
    if failure.trouble is Trouble.UNTRUSTED:
        return _TRUST
    if not layer_bucket(host):
        return f"let this machine reach TCP {host.port} there"
    if failure.trouble is Trouble.UNKNOWN_NAME:
        return "let the DNS server of this machine answer for S3"
    return (
        "give the route table of this subnet the gateway endpoint of S3 (container-registry:endpoints.routeTableIds), "
        "and let this machine's security group let out TCP 443 to S3"
    )
