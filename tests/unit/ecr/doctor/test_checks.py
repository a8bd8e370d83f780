from __future__ import annotations

from collections.abc import Sequence

import pytest

from ecr.doctor import checks
from ecr.doctor.checks import Check, Failure, Host, Status, Step, Trouble
from ecr.errors import RemoteError

API = Host(name="api.ecr.eu-west-1.amazonaws.com", port=443, endpoint="ecr.api")
REGISTRY = Host(name="123456789012.dkr.ecr.eu-west-1.amazonaws.com", port=443, endpoint="ecr.dkr")
PLAIN = Host(name="registry.internal", port=5000)
S3 = Host(name="prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com", port=443)
CDN = Host(name="cdn.internal", port=443)
SILENT, REFUSED, UNKNOWN = (Failure(trouble=t) for t in (Trouble.SILENT, Trouble.REFUSED, Trouble.UNKNOWN_NAME))
UNTRUSTED = Failure(trouble=Trouble.UNTRUSTED, detail="self-signed certificate")
BROKEN = Failure(trouble=Trouble.BROKEN, detail="Connection reset by peer")

OK, FAILED, SKIPPED = Status.OK, Status.FAILED, Status.SKIPPED


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.0.1.5", True), ("172.16.0.1", True), ("172.32.0.1", False), ("192.168.0.1", True), ("100.64.0.1", True),
        ("100.128.0.1", False), ("127.0.0.1", True), ("169.254.1.1", True), ("52.1.2.3", False), ("::1", True),
        ("fd00::1", True), ("fe80::1%eth0", True), ("2600:1f18::1", False),
    ],
)  # fmt: skip
def test_private_is_what_is_not_of_the_internet(address: str, *, private: bool) -> None:
    assert checks.is_private(address) is private


@pytest.mark.parametrize(
    ("addresses", "shown"),
    [
        (["10.0.0.1"], "10.0.0.1 (private)"),
        (["52.1.2.3"], "52.1.2.3 (public)"),
        (["10.0.0.1", "52.1.2.3"], "10.0.0.1, 52.1.2.3 (private and public)"),
        (
            ["52.1.2.1", "52.1.2.2", "52.1.2.3", "52.1.2.4", "52.1.2.5"],
            "52.1.2.1, 52.1.2.2, 52.1.2.3 and 2 more (public)",
        ),
    ],
)
def test_addresses_are_told_apart(addresses: Sequence[str], shown: str) -> None:
    assert checks.kinds(addresses) == shown


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (Host(name="h", port=443), "h"),
        (Host(name="h", port=5000), "h:5000"),
        (Host(name="h", port=80, tls=False), "h"),
        (Host(name="h", port=443, tls=False), "h:443"),
        (Host(name="::1", port=5000, tls=False), "[::1]:5000"),
    ],
)
def test_a_host_is_shown_with_a_port_that_is_not_the_usual_one(host: Host, text: str) -> None:
    assert str(host) == text


@pytest.mark.parametrize(
    ("host", "found", "expect_private", "status", "words"),
    [
        pytest.param(API, ["10.0.1.5"], True, OK, "is 10.0.1.5 (private)", id="private-as-expected"),
        pytest.param(API, ["10.0.1.5"], False, OK, "is 10.0.1.5 (private)", id="private"),
        pytest.param(API, ["52.1.2.3"], False, OK, "is 52.1.2.3 (public)", id="public"),
        pytest.param(
            API,
            ["52.1.2.3"],
            True,
            FAILED,
            "(public), and a private address is expected; run this inside the VPC; there "
            "the endpoint ecr.api needs private DNS",
            id="public-and-not-expected",
        ),
        pytest.param(REGISTRY, ["10.0.1.5", "52.1.2.3"], True, FAILED, "the endpoint ecr.dkr needs", id="mixed"),
        pytest.param(PLAIN, ["52.1.2.3"], True, FAILED, "let the DNS server of this machine give", id="plain-public"),
        pytest.param(REGISTRY, UNKNOWN, False, FAILED, "has no address; check the name and the Region", id="unknown"),
        pytest.param(PLAIN, UNKNOWN, False, FAILED, "has no address; check the name, and the DNS", id="plain-unknown"),
        pytest.param(REGISTRY, SILENT, False, FAILED, "was not looked up in time; check the name", id="dns-hangs"),
    ],
)
def test_what_a_name_leads_to(
    host: Host, found: Sequence[str] | Failure, *, expect_private: bool, status: Status, words: str
) -> None:
    check = checks.resolved(Step.RESOLVE_API, host, found, expect_private=expect_private)
    assert check.status is status
    assert words in check.line
    assert check.line.startswith(f"{status} resolve-api: {host.name} ")


@pytest.mark.parametrize(
    ("host", "addresses", "failure", "words"),
    [
        pytest.param(
            REGISTRY,
            ["10.0.1.5"],
            SILENT,
            "at 10.0.1.5 (private) does not answer within 5 s; let the security group of "
            "the endpoint ecr.dkr take in TCP 443",
            id="endpoint-silent",
        ),
        pytest.param(
            REGISTRY,
            ["52.1.2.3"],
            SILENT,
            "at 52.1.2.3 (public) does not answer within 5 s; make the VPC endpoint ecr.dkr "
            "with private DNS, or give this subnet a way to the internet",
            id="internet-silent",
        ),
        pytest.param(
            API, ["10.0.1.5"], REFUSED, "refuses the connection; check what listens on port 443", id="refused"
        ),
        pytest.param(
            API,
            ["10.0.1.5"],
            UNTRUSTED,
            "a certificate that is not trusted (self-signed certificate); name the certificate authorities",
            id="untrusted",
        ),
        pytest.param(API, ["10.0.1.5"], BROKEN, "breaks the connection (Connection reset by peer)", id="broken"),
        pytest.param(
            API,
            ["10.0.1.5"],
            Failure(trouble=Trouble.BROKEN),
            "breaks the connection (no reason is given)",
            id="unsaid",
        ),
        pytest.param(PLAIN, ["10.0.1.5"], SILENT, "let this machine reach TCP 5000 there", id="plain-silent"),
    ],
)
def test_a_host_that_does_not_answer(host: Host, addresses: Sequence[str], failure: Failure, words: str) -> None:
    check = checks.not_connected(Step.CONNECT_REGISTRY, host, addresses, failure, timeout_s=5)
    assert check.status is FAILED
    assert words in check.line


@pytest.mark.parametrize(
    ("host", "addresses", "failure", "redirected", "words"),
    [
        pytest.param(
            S3,
            ["52.218.1.1"],
            SILENT,
            True,
            f"layers come from {S3.name}, which at 52.218.1.1 (public) does not answer "
            "within 10 s; give the route table of this subnet the gateway endpoint of S3",
            id="no-gateway-endpoint",
        ),
        pytest.param(
            S3,
            UNKNOWN,
            UNKNOWN,
            True,
            "which has no address; let the DNS server of this machine answer for S3",
            id="no-dns",
        ),
        pytest.param(S3, ["52.218.1.1"], UNTRUSTED, True, "; name the certificate authorities", id="untrusted"),
        pytest.param(CDN, ["10.1.1.1"], SILENT, True, "; let this machine reach TCP 443 there", id="elsewhere"),
        pytest.param(
            PLAIN,
            ["10.1.1.1"],
            BROKEN,
            False,
            "breaks the connection (Connection reset by peer); try again, and check what stands in between",
            id="itself",
        ),
    ],
)
def test_a_layer_that_does_not_come(
    host: Host, addresses: Sequence[str] | Failure, failure: Failure, *, redirected: bool, words: str
) -> None:
    check = checks.layer_unreachable(host, addresses, failure, redirected=redirected, timeout_s=10)
    assert (check.step, check.status) == (Step.LAYER, FAILED)
    assert words in check.line


@pytest.mark.parametrize(
    ("host", "status", "redirected", "words"),
    [
        pytest.param(
            S3,
            403,
            True,
            "answers 403; let the policy of the VPC's S3 endpoint allow s3:GetObject on "
            "prod-eu-west-1-starport-layer-bucket/*; check this machine's clock",
            id="endpoint-policy",
        ),
        pytest.param(
            CDN, 403, True, "layers come from cdn.internal, which answers 403; have its logs looked at", id="elsewhere"
        ),
        pytest.param(REGISTRY, 307, False, "answers 307; check what answers there: a proxy", id="nowhere"),
        pytest.param(S3, 206, True, "answers 206, but sends no byte; check what answers there: a proxy", id="empty"),
        pytest.param(REGISTRY, 200, False, "answers 200, but sends no byte; check what answers there", id="empty-here"),
        pytest.param(REGISTRY, 403, False, "answers 403; check the repository's policy and the image", id="registry"),
    ],
)
def test_a_layer_that_is_refused(host: Host, status: int, *, redirected: bool, words: str) -> None:
    assert words in checks.layer_refused(host, status, redirected=redirected).line


@pytest.mark.parametrize(
    ("code", "temporary", "is_ecr", "advice"),
    [
        ("403", False, True, "check the policies of identity, repository and endpoint ecr.dkr"),
        ("403", False, False, ""),
        ("DENIED", False, False, ""),
        ("418", False, False, "check what answers there"),
        ("MANIFEST_UNKNOWN", False, True, ""),
        ("TOO_LARGE", False, True, "check what answers there"),
        ("REDIRECTS", False, False, "check what answers there"),
        ("INSECURE", False, True, "check what answers there"),
        ("DIGEST", False, True, "push the image anew"),
        ("MALFORMED", False, False, "push the image anew"),
        ("TOOMANYREQUESTS", True, True, "try again later"),
    ],
)
def test_an_answer_has_its_advice_unless_its_own_words_say_it(
    code: str, advice: str, *, temporary: bool, is_ecr: bool
) -> None:
    error = RemoteError("no", service="registry", operation="GetManifest", code=code, temporary=temporary)
    given = checks.answered(error, is_ecr=is_ecr)
    assert given.startswith(advice)
    assert bool(given) is bool(advice)


def test_a_proxy_does_what_would_be_looked_at() -> None:
    assert checks.through_proxy(Step.RESOLVE_API, API, "proxy:3128", expect_private=False).line == (
        f"skipped resolve-api: because {API.name} is reached through the proxy proxy:3128"
    )
    check = checks.through_proxy(Step.RESOLVE_API, API, "proxy:3128", expect_private=True)
    assert check.status is FAILED
    assert check.fix == f"add {API.name} to NO_PROXY, so that the endpoint is used"


def test_what_went_well_is_told_with_where_and_how_long() -> None:
    assert checks.connected(Step.CONNECT_API, API, "10.0.1.5", tls="TLSv1.3", seconds=0.0123).line == (
        f"ok connect-api: {API.name} answers at 10.0.1.5 with TLSv1.3, in 12 ms"
    )
    assert checks.layer_from(S3, ["52.218.1.1"], "sha256:x", seconds=0.1).line == (
        f"ok layer: a byte of sha256:x comes from {S3.name} at 52.218.1.1 (public), in 100 ms"
    )


def test_a_line_stays_one_line_whatever_a_server_says() -> None:
    line = Check(step=Step.MANIFEST, status=FAILED, text="a\nb\x1b[2J", fix="\u202e").line
    assert line == r"FAILED manifest: a\nb\x1b[2J; \u202e"


@pytest.mark.parametrize(("status", "shown"), [(OK, "ok"), (FAILED, "failed"), (SKIPPED, "skipped")])
def test_json_knows_no_capitals(status: Status, shown: str) -> None:
    assert Check(step=Step.LAYER, status=status, text="").as_json["status"] == shown


def test_all_texts_of_our_own_are_ascii() -> None:
    for host in (API, REGISTRY, PLAIN, S3, CDN):
        for failure in (SILENT, REFUSED, UNKNOWN, UNTRUSTED, BROKEN):
            for check in (
                checks.not_connected(Step.CONNECT_API, host, ["10.0.0.1"], failure, timeout_s=1),
                checks.layer_unreachable(host, failure, failure, redirected=True, timeout_s=1),
            ):
                assert check.line.isascii()


@pytest.mark.parametrize(
    ("statuses", "passed"), [([OK, SKIPPED], True), ([OK, FAILED, SKIPPED], False), ([SKIPPED], True)]
)
def test_an_examination_passes_unless_a_step_fails(statuses: Sequence[Status], *, passed: bool) -> None:
    assert checks.passed([Check(step=Step.LAYER, status=status, text="") for status in statuses]) is passed


def test_steps_and_their_order_are_a_contract() -> None:
    assert [str(step) for step in Step] == [
        "resolve-api", "resolve-registry", "connect-api", "connect-registry", "sign-in", "manifest", "layer"
    ]  # fmt: skip
    assert {str(status) for status in Status} == {"ok", "FAILED", "skipped"}
