"""The generated workspace."""

from __future__ import annotations

import pytest
import yaml

from local import overrides, stack_files
from local.errors import BadInput
from local.layout import Layout


def test_a_stack_is_merged_with_its_overrides_and_without_the_users_profile(layout: Layout) -> None:
    settings = [overrides.parse("build.tag=v2", "container-registry")]
    assert stack_files.stack_config(layout.checkout, "dev", settings) == {
        "aws:region": "ap-northeast-2",
        "container-registry:repository": "dev/app",
        "container-registry:build": {"tag": "v2"},
    }


def test_an_unknown_stack_is_refused_with_those_that_exist(layout: Layout) -> None:
    with pytest.raises(BadInput, match=r"no Pulumi\.test\.yaml; stacks here: dev, prod$"):
        stack_files.stack_config(layout.checkout, "test")


@pytest.mark.parametrize("text", ["- a", "config: [", "config: 3", "just text"])
def test_a_malformed_stack_file_is_one_line_that_names_it(layout: Layout, text: str) -> None:
    (layout.checkout / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(BadInput, match=r"^Pulumi\.dev\.yaml: .*$"):
        stack_files.stack_config(layout.checkout, "dev")


def test_an_encrypted_setting_is_refused_unless_it_is_given(layout: Layout) -> None:
    (layout.checkout / "Pulumi.dev.yaml").write_text("config:\n  container-registry:key: {secure: abc}\n")
    with pytest.raises(BadInput, match=r"container-registry:key is encrypted.*-c container-registry:key=VALUE"):
        stack_files.stack_config(layout.checkout, "dev")
    given = [overrides.parse("key=plain", "container-registry")]
    assert stack_files.stack_config(layout.checkout, "dev", given) == {"container-registry:key": "plain"}


def test_words_that_only_old_yaml_takes_for_values_stay_words(layout: Layout) -> None:
    (layout.checkout / "Pulumi.dev.yaml").write_text("config:\n  a:b: on\n  a:c: 2026-01-31\n  a:d: true\n")
    config = stack_files.stack_config(layout.checkout, "dev")
    assert config == {"a:b": "on", "a:c": "2026-01-31 00:00:00 +0000 UTC", "a:d": True}
    stack_files.write_project(layout, [])
    stack_files.write_stack(layout, "dev", config)
    assert yaml.safe_load((layout.workspace / "Pulumi.dev.yaml").read_text())["config"] == config


def test_the_salt_that_the_engine_made_is_kept(layout: Layout) -> None:
    stack_files.write_project(layout, [])
    stack_files.write_stack(layout, "dev", {"aws:region": "a"})
    path = layout.workspace / "Pulumi.dev.yaml"
    path.write_text("encryptionsalt: v1:abc\n" + path.read_text())
    stack_files.write_stack(layout, "dev", {"aws:region": "b"})
    assert yaml.safe_load(path.read_text()) == {"encryptionsalt": "v1:abc", "config": {"aws:region": "b"}}


def test_the_project_keeps_its_schema_and_gets_backend_and_plugins(layout: Layout) -> None:
    before = {path.name: path.read_text() for path in layout.checkout.iterdir()}
    stack_files.write_project(layout, [{"name": "aws", "path": "/p"}])
    project = yaml.safe_load((layout.workspace / "Pulumi.yaml").read_text())
    assert project == {
        "name": "container-registry",
        "runtime": "python",
        "backend": {"url": f"file://{layout.backend}"},
        "plugins": {"providers": [{"name": "aws", "path": "/p"}]},
    }
    assert {path.name: path.read_text() for path in layout.checkout.iterdir()} == before


@pytest.mark.parametrize(("stack", "expected"), [("dev", True), ("prod", False)])
def test_only_a_stack_that_builds_needs_docker(layout: Layout, stack: str, expected: bool) -> None:  # noqa: FBT001
    assert stack_files.builds(stack_files.stack_config(layout.checkout, stack), "container-registry") is expected


def test_settings_of_a_registry_and_pipelines_are_left_out_and_nothing_else() -> None:
    config = {
        "aws:region": "eu-west-1",
        "p:registry": {"scanning": {"type": "BASIC"}},
        "p:pipeline": {"name": "shop"},
        "p:access": {"pull": {}},
    }
    assert stack_files.emulated(config, "p") == {"aws:region": "eu-west-1", "p:access": {"pull": {}}}
