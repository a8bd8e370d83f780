"""Loading a stack's configuration from Pulumi, and what is beside it."""

from __future__ import annotations

import contextvars
import json
from pathlib import Path

import pulumi
import pytest

from ecr.build import ImageBuild
from ecr.errors import InputErrors
from ecr.lifecycle.rules import DEFAULT_POLICY
from ecr.lifecycle_config import LifecycleConfig, LifecycleGuard
from ecr.repository import Encryption, TagMutability
from settings import Settings, load, parse

SECRET = "made-up-and-secret"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder in which app/ can be built."""
    root = tmp_path_factory.mktemp("project")
    (root / "app").mkdir()
    (root / "app/Dockerfile").write_text("FROM scratch\n")
    return root


# ---------------------------------------------------------------------------------------------------------------------
# load(): what Pulumi's runtime hands over
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def _no_config_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS", "PULUMI_CONFIG_AWS_REGION", "PULUMI_CONFIG_AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def loaded(config: dict[str, str], root: Path, *, secret_keys: tuple[str, ...] = ()) -> Settings:
    """Load in a context of its own, so that no other test meets this configuration."""

    def run() -> Settings:
        pulumi.runtime.set_all_config(config, list(secret_keys))
        return load(root)

    return contextvars.copy_context().run(run)


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_load_reads_the_stacks_configuration_with_region_and_profile(project: Path) -> None:
    config = {
        "container-registry:repository": "dev/yoon-app",
        "container-registry:forceDelete": "true",
        "container-registry:build": '{"context": "app"}',
        "aws:region": "eu-west-1",
        "aws:profile": "work",
    }
    assert loaded(config, project) == Settings(
        repository="dev/yoon-app",
        tag_mutability=TagMutability(),
        scan_on_push=True,
        encryption=Encryption(),
        lifecycle=LifecycleConfig(DEFAULT_POLICY),
        lifecycle_guard=LifecycleGuard.WARN,
        force_delete=True,
        protect=False,
        tags={},
        build=ImageBuild(
            context="app",
            dockerfile="app/Dockerfile",
            tag="{content}",
            platform="linux/amd64",
            args={},
        ),
        promote=None,
        region="eu-west-1",
        profile="work",
    )


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_load_ignores_what_pulumi_and_the_providers_read(project: Path) -> None:
    config = {
        "container-registry:repository": "dev/yoon-app",
        "aws:allowedAccountIds": "[]",
        "docker:host": "x",
        "pulumi:tags": "{}",
    }
    assert loaded(config, project) == parse({"repository": "dev/yoon-app"}, project)


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_load_refuses_a_namespace_that_nothing_reads(project: Path) -> None:
    config = {"container-registry:repository": "dev/yoon-app", "container-registy:scanOnPush": "false"}
    with pytest.raises(InputErrors) as raised:
        loaded(config, project)
    assert str(raised.value) == (
        "container-registy:scanOnPush: is in a namespace that nothing here reads; "
        "known: container-registry, aws, docker, pulumi"
    )


@pytest.mark.usefixtures("_no_config_in_the_environment")
@pytest.mark.parametrize("key", ["aws:assumeRoles", "aws:accessKey", "aws:endpoints"])
def test_a_stack_with_an_image_refuses_credentials_that_only_the_provider_would_see(key: str, project: Path) -> None:
    config = {"container-registry:repository": "dev/yoon-app", key: "[]"}
    assert loaded(config, project).build is None
    for image in ({"build": {"context": "app"}}, {"promote": {"from": "elsewhere"}}):
        with pytest.raises(InputErrors, match=f"^{key}: can't be used by a stack that builds or promotes"):
            loaded({**config, **{f"container-registry:{name}": json.dumps(it) for name, it in image.items()}}, project)


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_load_finds_a_misspelt_key(project: Path) -> None:
    config = {"container-registry:repository": "dev/yoon-app", "container-registry:protekt": "true"}
    with pytest.raises(InputErrors, match=r"^container-registry:protekt: is not a known key"):
        loaded(config, project)


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_load_hides_what_the_stack_file_encrypts(project: Path) -> None:
    config = {"container-registry:repository": f"{SECRET}!", "container-registry:scanOnPush": "maybe"}
    with pytest.raises(InputErrors) as raised:
        loaded(config, project, secret_keys=("container-registry:repository",))
    assert str(raised.value).startswith("container-registry:repository: is encrypted")
    assert SECRET not in str(raised.value)


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_load_reads_the_environment_that_the_language_host_sets(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", '{"container-registry:repository": "dev/yoon-app", "aws:region": "eu-west-1"}')
    read = loaded({}, project)
    assert (read.repository, read.region) == ("dev/yoon-app", "eu-west-1")


@pytest.mark.usefixtures("_no_config_in_the_environment")
@pytest.mark.parametrize("region", ["moon-1", "eu-west-9", "eu-west", "EU-WEST-1", "eu-west-1a", "", "eu_west_1"])
def test_an_impossible_region_is_refused(region: str, project: Path) -> None:
    with pytest.raises(InputErrors, match=f'^aws:region: "{region}" is not accepted; accepted: an AWS Region with ECR'):
        loaded({"container-registry:repository": "dev/app", "aws:region": region}, project)


@pytest.mark.usefixtures("_no_config_in_the_environment")
@pytest.mark.parametrize("region", ["eu-west-1", "ap-northeast-2", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"])
def test_regions_of_every_partition_are_accepted(region: str, project: Path) -> None:
    assert loaded({"container-registry:repository": "dev/app", "aws:region": region}, project).region == region


OUTSIDE = [
    pytest.param("container-registry:access: {pull: {}}\n", id="plain"),
    pytest.param('"container-registry:access": {pull: {}}\n', id="in quotes"),
    pytest.param("config:\n  aws:region: eu-west-1\ncontainer-registry:access:\n  pull: {}\n", id="after config"),
]


@pytest.mark.usefixtures("_no_config_in_the_environment")
@pytest.mark.parametrize("text", OUTSIDE)
def test_a_key_beside_config_is_refused_because_nothing_would_read_it(text: str, project: Path) -> None:
    (project / f"Pulumi.{pulumi.get_stack()}.yaml").write_text(text)
    with pytest.raises(InputErrors) as raised:
        loaded({"container-registry:repository": "dev/yoon-app"}, project)
    (line,) = (str(error) for error in raised.value.errors)
    assert line == (
        f"container-registry:access: stands outside config: in Pulumi.{pulumi.get_stack()}.yaml, where nothing reads "
        "it; indent it below config:"
    )


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_a_key_beside_config_is_found_wherever_the_stack_files_are(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: container-registry\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / f"Pulumi.{pulumi.get_stack()}.yaml").write_text("container-registry:access: {pull: {}}\n")
    with pytest.raises(InputErrors, match=r"^container-registry:access: stands outside config: in Pulumi\."):
        loaded({"container-registry:repository": "dev/yoon-app"}, tmp_path)


@pytest.mark.usefixtures("_no_config_in_the_environment")
def test_a_key_below_config_and_a_comment_are_well(project: Path) -> None:
    text = "config:\n  container-registry:repository: dev/yoon-app\n# container-registry:access: later\n"
    (project / f"Pulumi.{pulumi.get_stack()}.yaml").write_text(text)
    assert loaded({"container-registry:repository": "dev/yoon-app"}, project).access is None
