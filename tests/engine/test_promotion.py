"""dev -> staging -> prod on the real engine: the same digest everywhere, or a refusal and nothing changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from local.cloud import LocalCloud
from local.errors import EngineFailed, LocalError
from tests.engine.bench import REGION
from tests.engine.conftest import ROOT, Deployment
from tests.registries.proxy import Reply, Script, Seen, proxied

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine

Deploy = Callable[..., Deployment]
ABSENT = f"sha256:{'0' * 64}"


@dataclass(frozen=True)
class Chain:
    """The three stacks, with repositories of the test's own."""

    dev: Deployment
    staging: Deployment
    prod: Deployment


@pytest.fixture
def chain(deploy: Deploy) -> Chain:
    return Chain(deploy("dev"), deploy("staging"), deploy("prod"))


def held(ecr: ECRClient, deployment: Deployment) -> dict[str, str]:
    """Tag -> digest, as ECR has it."""
    images = ecr.describe_images(repositoryName=deployment.repository)["imageDetails"]
    return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", ())}


def publish(dev: Deployment, tag: str) -> str:
    """Build and push other content under a tag; its digest."""
    page = dev.context / "index.html"
    page.write_text(page.read_text() + f"<!-- {tag} -->\n")
    dev.settings["build.tag"] = tag
    dev.stack.up()
    return dev.output("image_digest")


def refused(deployment: Deployment, operation: Callable[[Deployment], object]) -> str:
    """The one line that a refused operation leaves the user with."""
    with pytest.raises(LocalError) as raised:
        operation(deployment)
    message = str(raised.value)
    assert "\n" not in message
    assert "Traceback" not in message + getattr(raised.value, "output", "")
    return message


def up(deployment: Deployment) -> object:
    return deployment.stack.up()


def preview(deployment: Deployment) -> object:
    return deployment.stack.preview()


def test_the_chain_ends_with_three_equal_digests_that_a_second_client_reads(
    chain: Chain, skopeo: str, cloud: LocalCloud
) -> None:
    chain.dev.stack.up()
    assert chain.staging.stack.up().changes["create"] == 6
    assert chain.prod.stack.up().changes["create"] == 6
    uris = [one.output("image_uri") for one in (chain.dev, chain.staging, chain.prod)]
    digests = {uri.partition("@")[2] for uri in uris}
    assert len(digests) == 1
    host = cloud.layout.endpoint.removeprefix("http://")
    for deployment in (chain.dev, chain.staging, chain.prod):
        read = deployment.shell(
            f"{skopeo} inspect --tls-verify=false --format '{{{{.Digest}}}}' docker://{host}/{deployment.repository}:v1.0.0"
        )
        assert {read.stdout.strip()} == digests, read.stderr
    outputs = chain.prod.stack.outputs()
    assert outputs["promoted_from"] == uris[1]
    assert outputs["image_tag"] == "v1.0.0"
    gate = outputs["gate"]
    assert isinstance(gate, dict)
    assert gate["off"] == "the local cloud's emulator does not scan images"


def test_up_of_all_stacks_ends_in_a_table_of_equal_digests_and_status_tells_what_drifts(
    deploy: Deploy, cloud: LocalCloud, ecr: ECRClient
) -> None:
    stacks = ("dev", "staging", "prod")
    made = [deploy(stack, repository=f"{stack}/yoon-app") for stack in stacks]
    layout = cloud.layout
    options = ["--state", str(layout.state), "--port", str(layout.port)]
    done = subprocess.run(
        [sys.executable, "-m", "local", *options, "up", *stacks], cwd=ROOT, check=True, capture_output=True, text=True
    )
    table = done.stdout[done.stdout.index("STACK ") :].splitlines()
    rows = [line.split() for line in table[1:4]]
    digest = made[0].output("image_digest")
    assert [row[0] for row in rows] == list(stacks)
    assert {row[2] for row in rows} == {digest[:19]}
    assert "the gate of staging, prod is off" in done.stderr

    status = made[0].shell(f"cd {ROOT} && {sys.executable} -m ecr status --json")
    assert status.returncode == 0, status.stderr
    assert [(one["stack"], one["digest"], one["drift"]) for one in json.loads(status.stdout)["stacks"]] == [
        (stack, digest, "none") for stack in stacks
    ]
    ecr.batch_delete_image(repositoryName="staging/yoon-app", imageIds=[{"imageTag": "v1.0.0"}])
    status = made[0].shell(f"cd {ROOT} && {sys.executable} -m ecr status --json --stack staging")
    assert status.returncode == 1, status.stderr
    assert json.loads(status.stdout)["stacks"][0]["drift"] in ("tag deleted", "image deleted")


def test_a_second_up_of_a_promoted_stack_changes_nothing(chain: Chain) -> None:
    chain.dev.stack.up()
    chain.staging.stack.up()
    before = chain.staging.stack.outputs()
    assert set(chain.staging.stack.up().changes) == {"same"}
    assert set(chain.staging.stack.preview().changes) == {"same"}
    assert set(chain.staging.stack.refresh().changes) == {"same"}
    assert chain.staging.stack.outputs() == before


def test_the_preview_names_both_digests_and_nothing_is_copied_by_it(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    first = chain.dev.output("image_digest")
    outcome = chain.staging.stack.preview()
    assert f"{chain.staging.repository}:v1.0.0 becomes {first}; the tag is new there" in outcome.output
    chain.staging.stack.up()
    second = publish(chain.dev, "v2")
    outcome = chain.staging.stack.preview()
    assert f"{chain.staging.repository}:v2 becomes {second}, after v1.0.0 ({first}), which stays" in outcome.output
    assert held(ecr, chain.staging) == {"v1.0.0": first}
    chain.staging.stack.up()
    assert held(ecr, chain.staging) == {"v1.0.0": first, "v2": second}


def test_rolling_back_is_pinning_the_older_digest(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    first = chain.dev.output("image_digest")
    chain.staging.stack.up()
    second = publish(chain.dev, "v2")
    chain.staging.stack.up()
    chain.staging.settings["promote.digest"] = first
    outcome = chain.staging.stack.preview()
    assert f"v1.0.0 is {first} already; it follows v2 ({second})" in outcome.output
    chain.staging.stack.up()
    assert chain.staging.output("image_digest") == first
    assert chain.staging.output("image_tag") == "v1.0.0"
    assert held(ecr, chain.staging) == {"v1.0.0": first, "v2": second}
    assert set(chain.staging.stack.up().changes) == {"same"}


def test_an_image_that_only_the_target_has_left_can_be_rolled_back_to(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    first = chain.dev.output("image_digest")
    chain.staging.stack.up()
    publish(chain.dev, "v2")
    chain.staging.stack.up()
    ecr.batch_delete_image(repositoryName=chain.dev.repository, imageIds=[{"imageTag": "v1.0.0"}])
    chain.staging.settings |= {"promote.digest": first, "promote.tag": "rollback"}
    chain.staging.stack.up()
    assert held(ecr, chain.staging)["rollback"] == first


def test_a_deleted_tag_is_noticed_by_refresh_and_restored_by_the_next_up(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    chain.staging.stack.up()
    expected = held(ecr, chain.staging)
    ecr.batch_delete_image(repositoryName=chain.staging.repository, imageIds=[{"imageTag": "v1.0.0"}])
    assert chain.staging.stack.refresh().changes["delete"] == 1
    assert chain.staging.stack.up().changes["create"] == 1
    assert held(ecr, chain.staging) == expected


def test_a_deleted_tag_is_restored_without_refresh_too(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    chain.staging.stack.up()
    expected = held(ecr, chain.staging)
    ecr.batch_delete_image(repositoryName=chain.staging.repository, imageIds=[{"imageTag": "v1.0.0"}])
    assert chain.staging.stack.up().changes["update"] == 1
    assert held(ecr, chain.staging) == expected


def tamper(ecr: ECRClient, deployment: Deployment, other: Deployment) -> str:
    """Move the tag of a repository, behind the stack's back, to another image that it holds; that image's digest."""
    manifest = ecr.batch_get_image(repositoryName=other.repository, imageIds=[{"imageTag": "v2"}])["images"][0]
    ecr.put_image(
        repositoryName=deployment.repository,
        imageManifest=manifest["imageManifest"],
        imageManifestMediaType=manifest["imageManifestMediaType"],
        imageTag="v1.0.0",
    )
    return manifest["imageId"]["imageDigest"]


def test_a_tag_that_was_moved_is_noticed_by_refresh_and_moved_back(chain: Chain, ecr: ECRClient) -> None:
    chain.staging.settings["tagMutability"] = "MUTABLE"
    chain.dev.stack.up()
    chain.staging.stack.up()
    first = chain.dev.output("image_digest")
    publish(chain.dev, "v2")
    chain.staging.settings |= {"promote.digest": first, "promote.tag": "v1.0.0"}
    tampered = tamper(ecr, chain.staging, chain.dev)
    assert held(ecr, chain.staging)["v1.0.0"] == tampered != first
    # The other is the reference to dev, which has gone on.
    assert chain.staging.stack.refresh().changes["update"] == 2
    outcome = chain.staging.stack.up()
    assert outcome.changes["update"] == 1
    assert f"v1.0.0 becomes {first}, in place of {tampered}" in outcome.output
    assert held(ecr, chain.staging)["v1.0.0"] == first


def test_a_moved_tag_that_is_immutable_is_refused_naming_both(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    first = chain.dev.output("image_digest")
    publish(chain.dev, "v2")
    chain.staging.settings |= {"tagMutability": "MUTABLE", "promote.digest": first, "promote.tag": "v1.0.0"}
    chain.staging.stack.up()
    tampered = tamper(ecr, chain.staging, chain.dev)
    chain.staging.settings["tagMutability"] = "IMMUTABLE"
    for operation in (preview, up):
        message = refused(chain.staging, operation)
        assert f"v1.0.0 can't be moved from {tampered} to {first}: the tag is immutable" in message
    assert held(ecr, chain.staging) == {"v1.0.0": tampered}


def test_a_promoted_image_stays_when_its_resource_goes(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    chain.staging.stack.up()
    expected = held(ecr, chain.staging)
    chain.staging.settings["promote"] = ""
    assert chain.staging.stack.up().changes["delete"] >= 1
    assert held(ecr, chain.staging) == expected


# ---------------------------------------------------------------------------------------------------------------------
# The gate, with a scanner
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class Scanner:
    """Answers DescribeImageScanFindings in the emulator's place, which has no scanner."""

    severities: Mapping[str, str] = field(default_factory=dict)  # finding -> severity
    status: str = "COMPLETE"
    asked: int = 0

    def decide(self, seen: Seen) -> Reply | None:
        if not seen.headers.get("x-amz-target", "").endswith(".DescribeImageScanFindings"):
            return None
        self.asked += 1
        return Reply(200, (("Content-Type", "application/x-amz-json-1.1"),), json.dumps(self._answer()).encode())

    def _answer(self) -> dict[str, object]:
        findings = [{"name": name, "severity": severity} for name, severity in self.severities.items()]
        counts = {severity: list(self.severities.values()).count(severity) for severity in self.severities.values()}
        completed = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        return {
            "registryId": "000000000000",
            "imageScanStatus": {"status": self.status, "description": ""},
            "imageScanFindings": {
                "imageScanCompletedAt": completed,
                "findings": findings,
                "findingSeverityCounts": counts,
            },
        }


@contextmanager
def scanning(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, scanner: Scanner) -> Iterator[None]:
    """The local cloud with a scanner in front of its ECR API; the registry is reached through it, too."""
    given = cloud.environment()
    with proxied(cloud.layout.port, Script(scanner.decide)) as proxy, monkeypatch.context() as patched:
        patched.setattr(cloud, "environment", lambda: {**given, "AWS_ENDPOINT_URL": proxy.base_url})
        yield


def test_a_refused_gate_copies_nothing_and_an_ignore_opens_it_on_the_record(
    chain: Chain, ecr: ECRClient, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner = Scanner({"CVE-2026-1": "CRITICAL", "CVE-2026-2": "LOW"})
    chain.dev.stack.up()
    digest = chain.dev.output("image_digest")
    chain.staging.settings["promote.gate"] = "{maxSeverity: MEDIUM}"
    with scanning(cloud, monkeypatch, scanner):
        for operation in (preview, up):
            message = refused(chain.staging, operation)
            assert f"{chain.dev.repository}@{digest}" in message
            assert "CVE-2026-1 CRITICAL" in message
        repositories = [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]]
        assert chain.staging.repository not in repositories or held(ecr, chain.staging) == {}

        ignore = "{id: CVE-2026-1, reason: not reachable, until: '2099-12-31'}"
        chain.staging.settings["promote.gate"] = f"{{maxSeverity: MEDIUM, ignore: [{ignore}]}}"
        chain.staging.stack.up()
        assert held(ecr, chain.staging) == {"v1.0.0": digest}
        gate = chain.staging.stack.outputs()["gate"]
        assert isinstance(gate, dict)
        assert gate["counts"] == {"CRITICAL": 1, "LOW": 1}
        assert gate["ignored"] == [{"id": "CVE-2026-1", "reason": "not reachable", "until": "2099-12-31"}]

        # What is in use is not refused for what is found in it later; a stricter rule is another matter.
        scanner.severities = {**scanner.severities, "CVE-2026-3": "CRITICAL"}
        assert set(chain.staging.stack.up().changes) == {"same"}
        chain.staging.settings["promote.gate"] = "{maxSeverity: LOW}"
        assert "CVE-2026-3 CRITICAL" in refused(chain.staging, up)


def test_a_scan_that_does_not_end_closes_the_gate_with_its_status(
    chain: Chain, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.dev.stack.up()
    chain.staging.settings["promote.gate"] = "{wait: 1}"
    with scanning(cloud, monkeypatch, Scanner(status="IN_PROGRESS")):
        message = refused(chain.staging, preview)
    assert "IN_PROGRESS" in message


def test_without_a_scanner_the_gate_stays_closed(chain: Chain) -> None:
    chain.dev.stack.up()
    chain.staging.settings["promote.gate"] = "{maxSeverity: CRITICAL}"
    assert "DescribeImageScanFindings" in refused(chain.staging, preview)


# ---------------------------------------------------------------------------------------------------------------------
# Bad input
# ---------------------------------------------------------------------------------------------------------------------


def test_an_unknown_source_stack_is_named(chain: Chain) -> None:
    chain.staging.settings["promote.from"] = "nowhere"
    assert "nowhere" in refused(chain.staging, preview)


def test_a_source_stack_without_an_image_is_named_with_what_to_run(deploy: Deploy) -> None:
    source, target = deploy("staging", promote=""), deploy("prod")
    source.stack.up()
    assert refused(target, preview).endswith(
        "container-registry:promote.from: stack staging has no output image_digest: it has published no image; "
        "run: pulumi up -s staging"
    )


def test_a_digest_that_nobody_holds_is_one_line_and_nothing_is_copied(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    chain.staging.settings["promote.digest"] = ABSENT
    expected = f"container-registry:promote.digest: {ABSENT} is held neither by "
    assert expected in refused(chain.staging, preview)
    repositories = [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]]
    assert chain.staging.repository not in repositories
    assert expected in refused(chain.staging, up)  # without a preview before it, as a local up is
    assert held(ecr, chain.staging) == {}


def test_the_sources_own_repository_can_not_be_promoted_to(chain: Chain) -> None:
    chain.dev.stack.up()
    own = chain.staging.repository
    chain.staging.settings["repository"] = chain.dev.repository
    message = refused(chain.staging, preview)
    chain.staging.settings["repository"] = own
    assert "container-registry:promote.from: stack dev has the very repository that this stack would promote" in message


def test_no_permission_to_read_the_source_is_one_line(
    chain: Chain, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.dev.stack.up()

    def deny(seen: Seen) -> Reply | None:
        if not seen.headers.get("x-amz-target", "").endswith(".BatchGetImage"):
            return None
        body = json.dumps(
            {"__type": "AccessDeniedException", "message": "not authorized to perform: ecr:BatchGetImage"}
        )
        return Reply(400, (("Content-Type", "application/x-amz-json-1.1"),), body.encode())

    given = cloud.environment()
    with proxied(cloud.layout.port, Script(deny)) as proxy:
        monkeypatch.setattr(cloud, "environment", lambda: {**given, "AWS_ENDPOINT_URL": proxy.base_url})
        message = refused(chain.staging, preview)
    monkeypatch.undo()
    assert f"repository {chain.dev.repository}: ecr BatchGetImage failed with AccessDeniedException" in message
    assert "lack this permission" in message


def test_a_promotion_that_was_killed_half_way_is_completed_by_the_next_up(chain: Chain, ecr: ECRClient) -> None:
    chain.dev.stack.up()
    chain.staging.stack.up()
    state = chain.staging.stack.export()
    resources = state["resources"]
    assert isinstance(resources, list)
    urn = next(one["urn"] for one in resources if one["type"].endswith(":Promotion"))
    # As after a kill between the copy and the checkpoint: the image is there, the state does not know it.
    chain.staging.stack.cli("state", "delete", urn, "--yes")
    assert chain.staging.stack.up().changes["create"] == 1
    assert held(ecr, chain.staging) == {"v1.0.0": chain.dev.output("image_digest")}
    assert REGION in chain.staging.output("repository_arn")


def test_a_failed_copy_is_one_line_and_leaves_no_tag(
    chain: Chain, ecr: ECRClient, cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.dev.stack.up()

    def refuse(seen: Seen) -> Reply | None:
        return (
            Reply(403, body=b'{"errors":[{"code":"DENIED"}]}')
            if seen.method in ("PUT", "POST") and "/v2/" in seen.path
            else None
        )

    given = cloud.environment()
    with proxied(cloud.layout.port, Script(refuse)) as proxy:
        monkeypatch.setattr(cloud, "environment", lambda: {**given, "AWS_ENDPOINT_URL": proxy.base_url})
        with pytest.raises(EngineFailed) as raised:
            chain.staging.stack.up()
    monkeypatch.undo()
    assert "403" in str(raised.value)
    assert "Traceback" not in raised.value.output
    assert held(ecr, chain.staging) == {}
    chain.staging.stack.up()
    assert held(ecr, chain.staging) == {"v1.0.0": chain.dev.output("image_digest")}
