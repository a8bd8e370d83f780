from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

import settings
from ecr.doctor import examination
from ecr.doctor.checks import Check, Status, Step
from ecr.doctor.examination import Subject
from ecr.errors import ExitCode
from tests.unit.ecr import pod_security
from tests.unit.ecr.cli.amazon import ACCOUNT, HOST, REGION
from tests.unit.ecr.cli.projects import Deploy, outputs
from tests.unit.ecr.cli.running import ROOT, Ran, Shell

EXAMPLE = ROOT / "examples" / "eks"
README = (EXAMPLE / "README.md").read_text()
DIGEST = f"sha256:{'5a6af3b4' * 8}"
IMAGE = f"{HOST}/prod/yoon-app@{DIGEST}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/eks-service-accounts-5f1d2c3"
OUTPUTS = outputs("prod", DIGEST, eks_service_account_role_arn=ROLE)
STACK_FILE = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^python -m ecr (manifest .*?) > deployment.yaml$", README, re.MULTILINE)
POD_IDENTITY = """
config:
  container-registry:eks:
    podIdentities: [{cluster: blue, namespace: shop, serviceAccount: scanner}]
"""


@pytest.fixture
def prod(deploy: Deploy, tmp_path: Path) -> Path:
    """A project with the example's stack; the path of its file."""
    deploy({"prod": OUTPUTS, "dev": outputs("dev")})
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(STACK_FILE[0])
    return path


@dataclass
class Examined:
    """An examination that finds what the test says, and keeps what it was asked about."""

    status: Status = Status.OK
    subjects: list[Subject] = field(default_factory=list)

    def run(self) -> Iterator[Check]:
        yield Check(step=Step.SIGN_IN, status=Status.OK, text="AWS gives a token")
        fix = "push it again" if self.status is Status.FAILED else ""
        yield Check(step=Step.MANIFEST, status=self.status, text="it was looked for", fix=fix)


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Examined:
    found = Examined()

    def examine(subject: Subject) -> Examined:
        found.subjects.append(subject)
        return found

    monkeypatch.setattr(examination, "Examination", examine)
    return found


def documents(ran: Ran) -> list[dict[str, object]]:
    assert (ran.code, ran.err) == (0, "")
    return list(yaml.safe_load_all(ran.out))


def part(document: object, *keys: str | int) -> object:
    for key in keys:
        document = document[key]  # type: ignore[index]
    return document


# -- the example ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("prod", "examined")
def test_the_example_is_what_its_command_writes(shell: Shell) -> None:
    (command,) = COMMANDS
    ran = shell(*shlex.split(command))
    assert ran.code == 0
    assert ran.out == (EXAMPLE / "deployment.yaml").read_text()


@pytest.mark.parametrize("path", sorted(EXAMPLE.glob("*.yaml")), ids=lambda path: path.name)
def test_kubernetes_accepts_the_examples(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_the_examples_pods_may_run_in_its_namespace() -> None:
    (namespace,) = yaml.safe_load_all((EXAMPLE / "namespace.yaml").read_text())
    account, deployment = yaml.safe_load_all((EXAMPLE / "deployment.yaml").read_text())
    assert part(namespace, "metadata", "labels") == {"pod-security.kubernetes.io/enforce": "restricted"}
    name = part(namespace, "metadata", "name")
    assert part(account, "metadata", "namespace") == part(deployment, "metadata", "namespace") == name
    assert pod_security.violated(cast("pod_security.Spec", part(deployment, "spec", "template", "spec"))) == set()


def test_the_examples_stack_file_is_accepted() -> None:
    (block,) = STACK_FILE
    values = {key.partition(":")[2]: value for key, value in yaml.safe_load(block)["config"].items()}
    settings.parse({"repository": "prod/yoon-app", **values}, ROOT, region=REGION)


def test_the_examples_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", README)
    assert links
    assert all((EXAMPLE / link).exists() for link in links)


# -- what is written --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("prod")
def test_the_deployment_runs_the_stacks_image(shell: Shell) -> None:
    (deployment,) = documents(shell("manifest", "prod"))
    assert part(deployment, "metadata", "name") == "yoon-app"
    assert part(deployment, "metadata", "annotations") == {
        "container-registry/stack": "prod",
        "container-registry/tag": "v1.0.0",
    }
    assert part(deployment, "spec", "template", "spec", "containers", 0, "image") == IMAGE
    mounts = cast("list[object]", part(deployment, "spec", "template", "spec", "containers", 0, "volumeMounts"))
    assert [part(mount, "mountPath") for mount in mounts] == ["/tmp", "/run", "/var/cache/nginx"]  # noqa: S108


CONTAINER = ("spec", "template", "spec", "containers", 0)
POD = ("spec", "template", "spec")


@pytest.mark.usefixtures("prod")
@pytest.mark.parametrize(
    ("options", "path", "expected"),
    [
        (["--namespace", "shop"], ("metadata", "namespace"), "shop"),
        (["--name", "web"], ("metadata", "name"), "web"),
        (["--replicas", "0"], ("spec", "replicas"), 0),
        (["--port", "8080"], (*CONTAINER, "ports", 0, "containerPort"), 8080),
        (["--user", "65532"], (*POD, "securityContext", "runAsUser"), 65532),
        (["--cpu", "1"], (*CONTAINER, "resources", "requests", "cpu"), "1"),
        (["--memory", "1Gi"], (*CONTAINER, "resources", "limits", "memory"), "1Gi"),
        (["--writable", "/data"], (*CONTAINER, "volumeMounts"), [{"name": "writable-1", "mountPath": "/data"}]),
        (["--probe", "/up"], (*CONTAINER, "livenessProbe", "httpGet", "path"), "/up"),
    ],
)
def test_an_option_reaches_the_deployment(
    options: Sequence[str], path: tuple[str | int, ...], expected: object, shell: Shell
) -> None:
    (deployment,) = documents(shell("manifest", "prod", *options))
    assert part(deployment, *path) == expected


@pytest.mark.usefixtures("prod")
def test_the_json_is_a_list_that_kubectl_takes(shell: Shell) -> None:
    options = ("manifest", "prod", "--namespace", "shop", "--service-account", "builder")
    ran = shell(*options, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json == {"apiVersion": "v1", "kind": "List", "items": documents(shell(*options))}


@pytest.mark.usefixtures("prod")
def test_the_account_that_the_stack_names_gets_its_role(shell: Shell) -> None:
    account, _ = documents(shell("manifest", "prod", "--namespace", "shop", "--service-account", "builder"))
    assert part(account, "metadata", "annotations") == {"eks.amazonaws.com/role-arn": ROLE}


def test_an_account_of_pod_identity_needs_no_annotation(prod: Path, shell: Shell) -> None:
    prod.write_text(POD_IDENTITY)
    account, _ = documents(shell("manifest", "prod", "--namespace", "shop", "--service-account", "scanner"))
    assert "annotations" not in cast("dict[str, object]", account["metadata"])


@pytest.mark.usefixtures("prod")
def test_an_account_that_the_stack_does_not_name_is_used_and_not_made(shell: Shell) -> None:
    ran = shell("manifest", "prod", "--namespace", "other", "--service-account", "builder")
    assert (ran.code, ran.err) == (0, "note: stack prod has no role for service account other/builder\n")
    (deployment,) = yaml.safe_load_all(ran.out)
    assert part(deployment, *POD, "serviceAccountName") == "builder"


# -- the check --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("prod")
def test_the_check_looks_for_the_digest_before_anything_is_written(examined: Examined, shell: Shell) -> None:
    ran = shell("manifest", "prod", "--check")
    assert ran.code == 0
    assert ran.err.splitlines() == ["ok sign-in: AWS gives a token", "ok manifest: it was looked for"]
    (subject,) = examined.subjects
    assert (subject.location.name, subject.reference) == (f"{HOST}/prod/yoon-app", DIGEST)


@pytest.mark.usefixtures("prod")
@pytest.mark.parametrize("as_json", [False, True])
def test_an_image_that_cannot_be_pulled_is_refused(
    as_json: bool,  # noqa: FBT001 - a column of the table
    examined: Examined,
    shell: Shell,
) -> None:
    examined.status = Status.FAILED
    ran = shell("manifest", "prod", "--check", *(["--json"] if as_json else []))
    assert ran.code == ExitCode.REFUSED
    assert "FAILED manifest: it was looked for; push it again" in ran.err
    message = f"{IMAGE} can't be pulled from here; the lines above say why"
    if as_json:
        assert json.loads(ran.out) == {"error": {"exit_code": 1, "kind": "NotPullable", "message": message}}
    else:
        assert ran.out == ""
        assert ran.err.splitlines()[-1] == f"error: {message}"


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("prod")
def test_a_stack_without_an_image_is_refused(shell: Shell) -> None:
    ran = shell("manifest", "dev")
    assert (ran.code, ran.out) == (ExitCode.REFUSED, "")
    assert ran.err.startswith("error: stack dev has no image: ")


@pytest.mark.parametrize("uri", ["", "nonsense", f"{HOST}/prod/yoon-app:v1"])
def test_an_output_that_names_no_digest_is_refused(uri: str, deploy: Deploy, shell: Shell) -> None:
    deploy({"prod": {"image_uri": uri}})
    ran = shell("manifest", "prod")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith("error: output image_uri of stack prod: ")


@pytest.mark.usefixtures("prod")
def test_all_mistakes_are_told_at_once(shell: Shell) -> None:
    ran = shell("manifest", "prod", "--name", "A", "--memory", "64", "--writable", "/", "--service-account", "B")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert [line.split(":")[1].strip() for line in ran.err.splitlines() if line.startswith("error: --")] == [
        "--name", "--memory", "--service-account", "--writable",
    ]  # fmt: skip


@pytest.mark.usefixtures("prod")
def test_a_folder_with_control_characters_is_refused_and_shown_as_escapes(shell: Shell) -> None:
    ran = shell("manifest", "prod", "--writable", "/a\x1b[31m")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith('error: --writable: "/a\\u001b[31m" is not accepted')


def test_a_role_that_is_not_there_yet_is_named(prod: Path, deploy: Deploy, shell: Shell) -> None:
    deploy({"prod": outputs("prod", DIGEST)})
    assert prod.exists()
    ran = shell("manifest", "prod", "--namespace", "shop", "--service-account", "builder")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err == "error: --service-account: stack prod has no role for it yet; run `pulumi up -s prod`\n"


def test_a_mistake_in_the_stack_file_is_told_by_its_key(prod: Path, shell: Shell) -> None:
    prod.write_text("config:\n  container-registry:eks: {nodeRole: [x]}\n")
    ran = shell("manifest", "prod", "--service-account", "builder")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert "container-registry:eks.nodeRole: is not a known key" in ran.err
