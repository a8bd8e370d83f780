from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto import mock_aws

from ecr import protecting
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
    return protecting.gather(folder, repository, scan_statuses=frozenset(), now=NOW)


def test_what_all_stacks_deploy_or_pin_has_to_stay(deploy: Deploy, tmp_path: Path) -> None:
    deploy({"dev": outputs("dev", A), "new": {}})
    write(tmp_path, "prod", f"  container-registry:promote: {{from: dev, digest: {B}}}\n")
    write(tmp_path, "qa", "  container-registry:promote: {from: dev}\n")
    assert gather(tmp_path) == {A: "deployed by stack dev", B: "pinned by stack prod"}
    assert set(protecting.claims(tmp_path)) == {
        Claim(stack="dev", deployed=A),
        Claim(stack="new"),
        Claim(stack="prod", pinned=B),
        Claim(stack="qa"),
    }


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
    deploy({"dev": outputs("dev", A)})
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


def test_rules_that_can_not_be_read_protect_nothing_and_so_are_an_error(deploy: Deploy, tmp_path: Path) -> None:
    deploy({})
    write(tmp_path, "dev", "  container-registry:repository: dev/app\n  container-registry:lifecycle: [{protect: x}]\n")
    with pytest.raises(InputErrors, match="protect"):
        protecting.patterns(tmp_path, "dev/app")
