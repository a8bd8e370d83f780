from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from ecr import stack_file
from ecr.errors import InputError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: container-registry\n")
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {aws:region: eu-west-1}\n")
    return tmp_path


def test_the_project_is_found_from_any_folder_in_it(project: Path) -> None:
    inner = project / "images" / "nginx"
    inner.mkdir(parents=True)
    assert stack_file.find_project(inner) == stack_file.find_project(project) == project


def test_outside_a_project_the_message_says_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"is in no Pulumi project; run the command in the folder that holds Pulumi\.yaml"
    ):
        stack_file.find_project(tmp_path)


@pytest.mark.parametrize("stack", ["staging", "acme/staging", "acme/container-registry/staging"])
def test_a_stack_is_found_by_its_short_and_its_full_name(project: Path, stack: str) -> None:
    assert stack_file.read(project, stack) == {"aws:region": "eu-west-1"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2027-01-31", "2027-01-31 00:00:00 +0000 UTC"),
        ('"2027-01-31"', "2027-01-31"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("7", 7),
        ('"7"', "7"),
    ],
)
def test_values_are_read_as_the_engine_reads_them(project: Path, text: str, value: object) -> None:
    (project / "Pulumi.dev.yaml").write_text(f"config:\n  a:key: {text}\n")
    assert stack_file.read(project, "dev") == {"a:key": value}


@pytest.mark.parametrize("text", ["", "config:\n", "encryptionsalt: v1:x\n"])
def test_a_file_without_configuration_is_an_empty_one(project: Path, text: str) -> None:
    (project / "Pulumi.dev.yaml").write_text(text)
    assert stack_file.read(project, "dev") == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "there is no such file in .*; stacks with a file: staging", id="missing"),
        pytest.param(b"config: [", "is not valid YAML: while parsing", id="not-yaml"),
        pytest.param(b"config: !!python/name:os.system", "is not valid YAML: could not determine", id="unsafe"),
        pytest.param(b"[" * 600, "is not valid YAML", id="deep"),
        pytest.param(b"text", "is no stack file", id="text"),
        pytest.param(b"config: [1]", "is no stack file", id="list"),
        pytest.param(b"\xff\xfe", "can't be read", id="not-text"),
    ],
)
def test_a_file_that_is_no_stack_file_is_refused_on_one_line(
    project: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (project / "Pulumi.dev.yaml").write_bytes(content)
    with pytest.raises(InputError, match=problem) as refused:
        stack_file.read(project, "dev")
    assert refused.value.key == "Pulumi.dev.yaml"
    assert "\n" not in str(refused.value)


def test_a_name_that_no_file_can_have_is_refused_without_its_path(project: Path) -> None:
    stack = "x" * 300
    with pytest.raises(InputError) as refused:
        stack_file.read(project, stack)
    assert str(refused.value) == f"Pulumi.{stack}.yaml: can't be read: File name too long"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("config:\n  a: 1\n  a: 2\n", "a", id="of-a-mapping"),
        pytest.param("config: {a: {b: {1: x, 1: y}}}", 1, id="deep"),
        pytest.param("base: &base {a: 1, a: 2}\nconfig: {<<: *base}\n", "a", id="of-a-merged-mapping"),
        pytest.param("base: &base {a: 1}\nconfig: {<<: *base, b: 1, b: 2}\n", "b", id="beside-a-merged-mapping"),
        pytest.param("base: &base {a: 1}\nconfig: {<<: *base, <<: *base}\n", "<<", id="two-merges"),
    ],
)
def test_a_key_that_stands_twice_is_refused(project: Path, text: str, key: object) -> None:
    (project / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(InputError, match=f"key {key!r} stands twice"):
        stack_file.read(project, "dev")


MERGES = {
    "a-key-more": ("{<<: *base, c: 3}", {"a": 1, "b": 2, "c": 3}),
    "its-own-key-wins": ("{a: 7, <<: *base}", {"a": 7, "b": 2}),
    "the-first-of-several-wins": ("{<<: [*base, *more]}", {"a": 1, "b": 2, "c": 9}),
    "a-merge-in-a-merge": ("{<<: &inner {<<: *base, b: 5}, c: 3}", {"a": 1, "b": 5, "c": 3}),
    "used-above-where-it-was-written": ("{x: {y: {z: &deep {<<: *base, b: 5}}}, <<: *deep}", {"a": 1, "b": 5}),
}


@pytest.mark.parametrize(("text", "value"), MERGES.values(), ids=MERGES)
def test_a_mapping_may_be_merged_into_another(project: Path, text: str, value: dict[str, object]) -> None:
    bases = "base: &base {a: 1, b: 2}\nmore: &more {a: 8, c: 9}\n"
    (project / "Pulumi.dev.yaml").write_text(f"{bases}config: {text}\n")
    read = stack_file.read(project, "dev").items()
    assert {key.rpartition(":")[2]: one for key, one in read if not key.endswith(":x")} == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("config: {a:b: &a {c: *a}}", "an alias stands for what it is a part of"),
        ("config: &a {a:b: *a}", "an alias stands for what it is a part of"),
        ("config: {a:b: &a [1, *a]}", "an alias stands for what it is a part of"),
        ("config: {a:b: &a [1, {<<: &b {c: *b}}]}", "an alias stands for what it is a part of"),
        (
            "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
            "with its aliases written out, it holds more than 100000 values",
        ),
    ],
)
def test_a_file_without_an_end_is_refused(project: Path, text: str, problem: str) -> None:
    (project / "Pulumi.prod.yaml").write_text(text)
    with pytest.raises(InputError, match=f"^Pulumi.prod.yaml: is not valid YAML: {problem}"):
        stack_file.read(project, "prod")


def test_what_is_merged_again_and_again_does_not_grow(project: Path) -> None:
    lines = ["m0: &m0 {a: 1}", *(f"m{at}: &m{at} {{<<: [*m{at - 1}, *m{at - 1}]}}" for at in range(1, 40))]
    (project / "Pulumi.dev.yaml").write_text("\n".join([*lines, "config: {<<: *m39}"]))
    assert stack_file.read(project, "dev") == {"container-registry:a": 1}


@pytest.mark.parametrize(
    "key", ["container-registry:repository", "repository", "container-registry:config:repository"], ids=str
)
def test_a_key_means_the_same_in_all_the_ways_that_pulumi_takes(project: Path, key: str) -> None:
    (project / "Pulumi.dev.yaml").write_text(f"config: {{{key}: dev/app}}\n")
    assert stack_file.read(project, "dev") == {"container-registry:repository": "dev/app"}


def test_a_key_without_a_namespace_is_of_the_project_by_its_name(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("name: shop\n")
    (project / "Pulumi.dev.yaml").write_text("config: {repository: dev/app, aws:region: eu-west-1}\n")
    assert stack_file.read(project, "dev") == {"shop:repository": "dev/app", "aws:region": "eu-west-1"}


DEFAULTS = {
    "a-default": ("repository: {type: string, default: dev/app}", "dev/app"),
    "a-value": ("container-registry:repository: {value: dev/app}", "dev/app"),
    "in-short": ("repository: dev/app", "dev/app"),
    "in-short-with-namespace": ("container-registry:repository: dev/app", "dev/app"),
    "in-an-old-form": ("container-registry:config:repository: {value: dev/app}", "dev/app"),
    "a-list-in-short": ("repository: [1]", [1]),
    "an-object": ("repository: {type: object, default: {from: dev}}", {"from": "dev"}),
    "false-is-a-value": ("repository: {default: false}", False),
}


@pytest.mark.parametrize(("text", "value"), DEFAULTS.values(), ids=DEFAULTS)
def test_what_the_stack_leaves_open_the_project_says(project: Path, text: str, value: object) -> None:
    (project / "Pulumi.yaml").write_text(f"name: container-registry\nconfig:\n  {text}\n")
    (project / "Pulumi.dev.yaml").write_text("config: {tags: {}}\n")
    (project / "Pulumi.qa.yaml").write_text("config: {container-registry:repository: qa/app}\n")
    assert stack_file.read(project, "dev") == {"container-registry:repository": value, "container-registry:tags": {}}
    assert stack_file.read(project, "qa") == {"container-registry:repository": "qa/app"}


@pytest.mark.parametrize("text", ["repository: {type: string, description: x}", "repository:"])
def test_a_key_that_every_stack_has_to_give_has_no_default(project: Path, text: str) -> None:
    (project / "Pulumi.yaml").write_text(f"name: container-registry\nconfig:\n  {text}\n")
    assert stack_file.read(project, "staging") == {"aws:region": "eu-west-1"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("config: {a: [", "is not valid YAML", id="no-yaml"),
        pytest.param("[1]", "is no project file", id="list"),
        pytest.param("runtime: python", "is no project file", id="no-name"),
        pytest.param("name: x\nconfig: [1]", "has a `config` that is no mapping", id="config-list"),
        pytest.param("name: x\nconfig: {a: {default: 1, value: 2}}", "has a `default` and a `value`", id="both"),
        pytest.param("name: x\nconfig: {promote.digest: {default: a}}", "is part of a key", id="path"),
        pytest.param("name: x\nconfig: {'a:b:c:d': 1}", "is no key", id="key"),
        pytest.param("name: x\nstackConfigDir: [a]", "stackConfigDir is", id="folder-list"),
        pytest.param("name: x\nstackConfigDir: /etc", "stackConfigDir is '/etc'; accepted", id="folder-absolute"),
        pytest.param("name: x\nstackConfigDir: nowhere", "there is no such folder", id="folder-missing"),
        pytest.param("name: x\nconfig: a\nstackConfigDir: b", "under `config` and under", id="two-folders"),
    ],
)
def test_a_project_file_that_can_not_be_understood_is_refused(project: Path, text: str, problem: str) -> None:
    (project / "Pulumi.yaml").write_text(text)
    for ask in (lambda: stack_file.read(project, "staging"), lambda: stack_file.known(project)):
        with pytest.raises(InputError, match=problem) as refused:
            ask()
        assert refused.value.key == "Pulumi.yaml"
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", ["stackConfigDir", "config"])
def test_the_project_may_keep_its_stack_files_in_a_folder_of_their_own(project: Path, key: str) -> None:
    (project / "Pulumi.yaml").write_text(f"name: container-registry\n{key}: stacks\n")
    (project / "stacks").mkdir()
    for stack in ("qa", "eu.qa"):
        (project / "stacks" / f"Pulumi.{stack}.yaml").write_text("config: {aws:region: eu-west-3}\n")
    assert stack_file.known(project) == ["eu.qa", "qa"]
    assert stack_file.read(project, "qa") == {"aws:region": "eu-west-3"}
    with pytest.raises(InputError, match=r"stacks with a file: eu\.qa, qa$") as refused:
        stack_file.read(project, "staging")
    assert refused.value.key == "stacks/Pulumi.staging.yaml"


def test_a_key_in_two_ways_of_writing_it_is_refused(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config: {repository: a, container-registry:repository: b}\n")
    with pytest.raises(InputError, match="has a key twice"):
        stack_file.read(project, "dev")


@pytest.mark.parametrize(
    ("text", "found"),
    [("environment: [a/b]", True), ("mainEnvironment: a/b", True), ("environment: []", False), ("", False)],
)
def test_it_is_known_whether_more_comes_from_elsewhere(project: Path, text: str, *, found: bool) -> None:
    (project / "Pulumi.dev.yaml").write_text(f"config: {{}}\n{text}\n")
    assert stack_file.environments(project, "dev") is found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"secure": "v1:x"}, True),
        ({"from": "dev", "digest": {"secure": "v1:x"}}, True),
        ([{"protect": [{"secure": "v1:x"}]}], True),
        ([{"protect": ["a"]}], False),
        ("secure", False),
    ],
    ids=str,
)
def test_encrypted_values_are_known_by_their_form(value: object, *, found: bool) -> None:
    assert stack_file.is_encrypted(value) is found


def test_many_keys_are_compared_in_no_time() -> None:
    keys = [yaml.ScalarNode("tag:yaml.org,2002:str", str(at)) for at in range(60_000)]
    node = yaml.MappingNode("tag:yaml.org,2002:map", [(key, key) for key in keys])
    start = time.process_time()
    assert len(stack_file.Loader("").construct_mapping(node)) == len(keys)
    assert time.process_time() - start < 5
