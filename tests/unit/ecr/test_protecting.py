from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto import mock_aws

from ecr import protecting, protection
from ecr.aws import EcrRepository
from ecr.errors import EcrError, InputError, InputErrors
from ecr.protection import Claim
from tests.unit.ecr.cli import projects
from tests.unit.ecr.cli.amazon import REGION, sign_in
from tests.unit.ecr.cli.projects import Deploy, outputs

NOW = datetime(2026, 11, 22, tzinfo=UTC)
A, B = (f"sha256:{letter * 64}" for letter in "ab")


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploy]:
    sign_in(monkeypatch)
    with mock_aws():
        yield projects.project(tmp_path, monkeypatch)


def write(folder: Path, stack: str, text: str) -> None:
    (folder / f"Pulumi.{stack}.yaml").write_text(f"config:\n{text}")


def gather(folder: Path) -> dict[str, str]:
    repository = EcrRepository("dev/yoon-app", region=REGION)
    in_use = protecting.in_use(repository, scan_statuses=frozenset(), now=NOW)
    return {**in_use, **protection.reasons(protecting.certain_claims(folder))}


def test_what_all_stacks_deploy_or_pin_has_to_stay(deploy: Deploy, tmp_path: Path) -> None:
    deploy({"dev": outputs("dev", A), "new": {}, "prod": outputs("prod"), "qa": outputs("qa")})
    write(tmp_path, "prod", f"  container-registry:promote: {{from: dev, digest: {B}}}\n")
    write(tmp_path, "qa", "  container-registry:promote: {from: dev}\n")
    assert gather(tmp_path) == {A: "deployed by stack dev", B: "pinned by stack prod"}
    assert set(protecting.claims(tmp_path, protecting.outputs(tmp_path))) == {
        Claim(stack="dev", deployed=A),
        Claim(stack="prod", pinned=B),
    }


BUILT = "docker:index/image:Image"
COMPONENT = "container-registry:index:BuiltImage"
PROMOTED = "pulumi-python:dynamic/container-registry:Promotion"
# pulumi/pulumi, sdk/go/common/resource/properties.go: a secret in an exported state.
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
URI = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/dev/yoon-app@{A}"


def resource(kind: str, **properties: object) -> dict[str, object]:
    return {"urn": f"urn:pulumi:dev::x::{kind}::image", "type": kind, "outputs": properties}


WITHOUT_THE_OUTPUT = {
    "a-built-image": ({}, [resource(BUILT, repoDigest=URI)]),
    "a-promoted-image": ({}, [resource(PROMOTED, digest=A)]),
    "an-adopted-image": ({}, [resource(BUILT, skipPush=True), resource(COMPONENT, digest=A)]),
    "an-image-that-waits-to-be-deleted": ({}, [resource(BUILT, repoDigest=URI) | {"delete": True}]),
    "whatever-names-it": ({}, [resource("other:index:Thing", anything=[{"text": f"x {URI} y"}])]),
    "only-its-uri-is-said": ({"image_uri": URI}, []),
    "the-digest-is-a-secret": ({"image_digest": "[secret]", "image_uri": URI}, []),
    "both-are-secrets": ({"image_digest": "[secret]", "image_uri": "[secret]"}, [resource(BUILT, repoDigest=URI)]),
}


@pytest.mark.parametrize(("said", "state"), WITHOUT_THE_OUTPUT.values(), ids=WITHOUT_THE_OUTPUT)
def test_a_digest_counts_wherever_a_stack_has_it(
    deploy: Deploy, tmp_path: Path, said: dict[str, object], state: list[dict[str, object]]
) -> None:
    deploy({"dev": said}, states={"dev": state})
    assert gather(tmp_path) == {A: "deployed by stack dev"}


HIDDEN = {
    "a-uri-without-a-digest": ({"image_uri": "host/dev/yoon-app:v1"}, [], "its output image_uri"),
    "a-secret-output": ({"image_digest": "[secret]"}, [], "its output image_digest"),
    "a-secret-output-beside-another-digest": ({"image_digest": "[secret]"}, [resource("a:b:C", x=B)], "its output"),
    "a-secret-in-the-state": ({}, [resource(BUILT, repoDigest=SECRET, baseImageName=URI)], "urn:pulumi:dev::"),
    "an-image-without-outputs": ({"image_digest": A}, [{"urn": "urn:x", "type": PROMOTED}], "urn:x"),
    "an-adopted-image": ({}, [resource(BUILT, skipPush=True), resource(COMPONENT, digest=SECRET)], "urn:pulumi:dev::"),
}


@pytest.mark.parametrize(("said", "state", "what"), HIDDEN.values(), ids=HIDDEN)
def test_an_image_whose_digest_can_not_be_read_is_an_error(
    deploy: Deploy, tmp_path: Path, said: dict[str, object], state: list[dict[str, object]], what: str
) -> None:
    deploy({"dev": outputs("dev") | said}, states={"dev": state})
    with pytest.raises(InputError, match=f"stack dev: it can't be told which image it deploys: {what}"):
        gather(tmp_path)


def test_a_stack_with_a_file_that_the_backend_does_not_know_is_an_error(deploy: Deploy, tmp_path: Path) -> None:
    write(tmp_path, "dev", "  container-registry:repository: dev/app\n")
    write(tmp_path, "qa", "  container-registry:repository: qa/app\n")
    others: list[dict[str, dict[str, object]]] = [{}, {"dev": {}}, {"prod": outputs("prod")}]
    for known in others:
        deploy(known)
        message = "stack dev: it can't be told what it deploys: .* backend .* knows nothing of it; sign in"
        with pytest.raises(InputError, match=f"{message}.*--deploys-nothing dev --deploys-nothing qa$"):
            gather(tmp_path)
    deploy({"acme/dev": outputs("dev", A)})
    with pytest.raises(InputError, match="stack qa: it can't be told"):
        gather(tmp_path)
    assert protecting.certain_claims(tmp_path, ["qa"]) == (Claim(stack="acme/dev", deployed=A),)
    assert protecting.claims(tmp_path, protecting.outputs(tmp_path)) == (Claim(stack="acme/dev", deployed=A),)


def test_what_deploys_nothing_has_a_file_and_nothing_in_the_backend(deploy: Deploy, tmp_path: Path) -> None:
    write(tmp_path, "dev", "  container-registry:repository: dev/app\n")
    deploy({"dev": outputs("dev", A)})
    with pytest.raises(InputError, match='--deploys-nothing: "qa" is no stack with a file; those are: dev'):
        protecting.certain_claims(tmp_path, ["qa"])
    with pytest.raises(InputError, match="--deploys-nothing: stack dev is in the backend, and it has deployed"):
        protecting.certain_claims(tmp_path, ["dev"])


@pytest.mark.parametrize("text", ["environment: [a/b]", "mainEnvironment: a/b"])
def test_what_comes_from_an_environment_can_not_be_told(deploy: Deploy, tmp_path: Path, text: str) -> None:
    deploy({"dev": outputs("dev", A)})
    (tmp_path / "Pulumi.dev.yaml").write_text(f"{text}\n")
    with pytest.raises(InputError, match="stack dev: it can't be told what it pins or protects"):
        gather(tmp_path)


def test_what_the_project_pins_and_protects_for_all_stacks_counts(deploy: Deploy, tmp_path: Path) -> None:
    deploy({"dev": outputs("dev", A)})
    (tmp_path / "Pulumi.yaml").write_text(
        "name: container-registry\nstackConfigDir: stacks\nconfig:\n"
        f"  promote: {{default: {{from: x, digest: {B}}}}}\n"
        "  container-registry:lifecycle: {value: [{protect: [release-*]}, {keep: 3}]}\n  repository: dev/app\n"
    )
    (tmp_path / "stacks").mkdir()
    write(tmp_path / "stacks", "dev", "  aws:region: eu-west-1\n")
    assert gather(tmp_path) == {A: "deployed by stack dev", B: "pinned by stack dev"}
    assert protecting.patterns(tmp_path, "dev/app") == ("release-*",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("promote", "{secure: v1:x}"),
        ("promote", "{from: dev, digest: {secure: v1:x}}"),
        ("repository", "{secure: v1:x}"),
        ("lifecycle", "{secure: v1:x}"),
        ("lifecycle", "[{protect: [{secure: v1:x}]}]"),
    ],
)
def test_an_encrypted_value_can_not_be_told(deploy: Deploy, tmp_path: Path, key: str, value: str) -> None:
    deploy({"dev": outputs("dev", A)})
    repository = "" if key == "repository" else "  repository: dev/app\n"
    write(tmp_path, "dev", f"{repository}  container-registry:{key}: {value}\n")
    with pytest.raises(InputError, match=f"container-registry:{key}: is encrypted, so it can't be told"):
        gather(tmp_path), protecting.patterns(tmp_path, "dev/app")


def test_a_repository_that_is_no_text_can_not_be_told(deploy: Deploy, tmp_path: Path) -> None:
    deploy({"dev": outputs("dev", A)})
    write(tmp_path, "dev", "  repository: 2024\n")
    with pytest.raises(InputError, match="container-registry:repository: is no text in stack dev"):
        protecting.patterns(tmp_path, "2024")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        pytest.param("  a: [\n", InputError, "Pulumi.prod.yaml: is not valid YAML", id="no YAML"),
        pytest.param(
            "  container-registry:promote: {from: dev, digest: sha256:abc}\n",
            InputErrors,
            "container-registry:promote.digest: .* a complete digest",
            id="no digest",
        ),
        pytest.param("  container-registry:promote: dev\n", InputErrors, "container-registry:promote", id="no object"),
    ],
)
def test_nothing_is_guessed_where_a_file_can_not_be_read(
    deploy: Deploy, tmp_path: Path, text: str, kind: type[EcrError], message: str
) -> None:
    deploy({"dev": outputs("dev", A), "prod": outputs("prod")})
    write(tmp_path, "prod", text)
    with pytest.raises(kind, match=message):
        gather(tmp_path)


def test_nothing_is_guessed_without_pulumi(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy({})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="pulumi: there is no such command"):
        gather(tmp_path)


def test_the_patterns_of_the_stacks_with_this_repository(deploy: Deploy, tmp_path: Path) -> None:
    deploy({})
    rules = "  container-registry:lifecycle: [{protect: [%s]}, {keep: 3}]\n"
    write(tmp_path, "dev", "  container-registry:repository: dev/app\n" + rules % '"release-*", "v1"')
    write(tmp_path, "two", "  container-registry:repository: dev/app\n" + rules % '"v1", "qa-*"')
    write(tmp_path, "other", "  container-registry:repository: other\n" + rules % '"x-*"')
    write(tmp_path, "none", "  container-registry:repository: dev/app\n")
    assert protecting.patterns(tmp_path, "dev/app") == ("release-*", "v1", "qa-*")
    assert protecting.patterns(tmp_path, "unknown/app") == ()
    assert protecting.patterns(tmp_path, "before/app", ["acme/other"]) == ("x-*",)


def test_rules_that_can_not_be_read_protect_nothing_and_so_are_an_error(deploy: Deploy, tmp_path: Path) -> None:
    deploy({})
    write(tmp_path, "dev", "  container-registry:repository: dev/app\n  container-registry:lifecycle: [{protect: x}]\n")
    with pytest.raises(InputErrors, match="protect"):
        protecting.patterns(tmp_path, "dev/app")


def test_the_patterns_of_a_stack_that_has_the_repository_and_no_file_can_not_be_told(
    deploy: Deploy, tmp_path: Path
) -> None:
    deploy({"acme/dev": outputs("dev", A)})
    found = protecting.needs(tmp_path)
    assert found.holders == {"dev/yoon-app": ["acme/dev"]}
    with pytest.raises(InputError, match="stack dev: it can't be told what it protects"):
        protecting.patterns(tmp_path, "dev/yoon-app", found.holders["dev/yoon-app"])
