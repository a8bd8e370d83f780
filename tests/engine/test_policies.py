"""The policy pack on the real engine, in an environment of its own: what stops, what is told, what is silent."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi.automation as auto
import pulumi_aws as aws
import pytest

from local import policy_packs, pulumi_cli, yaml_files
from local.cloud import LocalCloud
from local.engine_process import EngineCommand
from local.environment import applied
from local.errors import PolicyViolated
from local.layout import default_checkout
from local.providers import install, select
from tests.engine.bench import REGION
from tests.engine.conftest import Deployment

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

pytestmark = pytest.mark.engine

PACK = default_checkout() / "policies"
MANDATORY = {"all": "mandatory"}
ADVISORY = {"all": "advisory"}
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
RULES = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9},
                "action": {"type": "expire"},
            }
        ]
    }
)


@dataclass
class Ran:
    """What became of an operation."""

    passed: bool
    output: str
    changes: Mapping[str, int]

    @property
    def policies(self) -> list[str]:
        """What the engine lists under Policies, one line for each violation."""
        _, _, below = self.output.partition("\nPolicies:\n")
        block = below.split("\n\n", 1)[0]
        return [" ".join(one.split()) for one in block.split("\n        - ")[1:]]

    @property
    def errors(self) -> list[str]:
        return [line.strip() for line in self.output.splitlines() if line.strip().startswith("error: ")]


@dataclass
class Project:
    """A project of somebody else's: another program, with the stack dev."""

    cloud: LocalCloud
    folder: Path
    pack: Path = PACK
    program: Callable[[], None] = lambda: None
    changed: bool = False

    def run(self, operation: str, levels: Mapping[str, object] | str | None) -> Ran:
        options: dict[str, object] = {} if operation == "destroy" else {"policy_packs": [str(self.pack)]}
        self.changed |= operation == "up"
        if levels is not None:
            file = self.folder / "levels.json"
            file.write_text(levels if isinstance(levels, str) else json.dumps(levels))
            options["policy_pack_configs"] = [str(file)]
        return self._run(operation, options)

    def _run(self, operation: str, options: Mapping[str, object]) -> Ran:
        engine = pulumi_cli.find(self.cloud.layout, {})
        assert engine is not None
        lines: list[str] = []
        changes: dict[str, int] = {}

        def event(one: auto.EngineEvent) -> None:
            if one.summary_event:
                changes.update(
                    {str(auto.OpType(kind).value): n for kind, n in one.summary_event.resource_changes.items()}
                )

        command = EngineCommand(engine, self.cloud.layout, recorded=lambda: False)
        with applied(self.cloud.environment()):
            workspace = auto.LocalWorkspace(work_dir=str(self.folder), program=self.program, pulumi_command=command)
            stack = auto.Stack.create_or_select("dev", workspace)
            passed = True
            try:
                getattr(stack, operation)(
                    color="never", on_output=lines.append, on_error=lines.append, on_event=event,
                    suppress_progress=True, **options,
                )  # fmt: skip
            except auto.CommandError:
                passed = False
        return Ran(passed, "\n".join(lines), changes)


@pytest.fixture(scope="session")
def python(cloud: LocalCloud) -> Path:
    """The interpreter of the pack's own environment."""
    return policy_packs.ensure(cloud.layout)


@pytest.fixture
def project(cloud: LocalCloud, python: Path, tmp_path: Path, ecr: ECRClient) -> Iterator[Project]:  # noqa: ARG001
    plugins: dict[str, object] = {
        "providers": [dict(one) for one in install(cloud.layout, select({}))],
        "analyzers": [dict(one) for one in policy_packs.analyzers(cloud.layout)],
    }
    name = f"theirs-{tmp_path.name[-30:].replace('_', '-').strip('-')}"
    description: dict[str, object] = {
        "name": name,
        "runtime": "python",
        "plugins": plugins,
        "config": {"aws:region": {"value": REGION}},
    }
    yaml_files.write(tmp_path / "Pulumi.yaml", description)
    made = Project(cloud, tmp_path)
    yield made
    if made.changed:
        made.run("destroy", None)
    for repository in ("team/bad", "team/good"):
        with suppress(ecr.exceptions.RepositoryNotFoundException):
            ecr.delete_repository(repositoryName=repository, force=True)


def bad() -> None:
    aws.ecr.Repository("web", name="team/bad")


def good() -> None:
    repository = aws.ecr.Repository(
        "web",
        name="team/good",
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "AES256"}],
    )
    aws.ecr.LifecyclePolicy("web", repository=repository.name, policy=RULES)
    named = {**PUBLIC, "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}
    aws.ecr.RepositoryPolicy("web", repository=repository.name, policy=json.dumps({"Statement": [named]}))


def opened() -> None:
    """A policy that nobody can read before the repository is there."""
    good_without = aws.ecr.Repository("web", name="team/bad", image_tag_mutability="IMMUTABLE")
    policy = good_without.arn.apply(lambda _arn: json.dumps({"Statement": [PUBLIC]}))
    aws.ecr.RepositoryPolicy("open", repository=good_without.name, policy=policy)


def repositories(ecr: ECRClient) -> set[str]:
    return {one["repositoryName"] for one in ecr.describe_repositories()["repositories"]}


BAD = {
    "immutable-tags": "imageTagMutability is 'MUTABLE', so tags can be moved to another image: set it to IMMUTABLE",
    "scanning": "imageScanningConfiguration.scanOnPush is not set, so images are not scanned: set it to true",
    "encryption": "encryptionConfigurations says no encryptionType, and it can't be changed later: set encryptionType",
    "lifecycle-policy": "repository web has no lifecycle policy: add an aws.ecr.LifecyclePolicy",
}


@pytest.mark.parametrize("levels", [MANDATORY, None], ids=["said so", "without a level file"])
def test_mandatory_stops_the_preview(project: Project, levels: Mapping[str, object] | None) -> None:
    project.program = bad
    ran = project.run("preview", levels)
    assert not ran.passed
    for name, text in BAD.items():
        [line] = [one for one in ran.policies if one.startswith(f"[mandatory] {name} ")]
        assert "(aws:ecr:Repository: web)" in line
        assert text in line
    assert len(ran.policies) == len(BAD)


def test_mandatory_stops_up_before_anything_is_made(project: Project, ecr: ECRClient) -> None:
    project.program = bad
    ran = project.run("up", MANDATORY)
    assert not ran.passed
    assert {line.split(" ")[1] for line in ran.policies} >= BAD.keys() - {"lifecycle-policy"}
    assert "team/bad" not in repositories(ecr)


def test_advisory_tells_and_goes_on(project: Project, ecr: ECRClient) -> None:
    project.program = bad
    assert project.run("preview", ADVISORY).passed
    ran = project.run("up", ADVISORY)
    assert ran.passed
    assert {line.split(" ")[1] for line in ran.policies} == BAD.keys()
    assert all(line.startswith("[advisory] ") for line in ran.policies)
    assert "team/bad" in repositories(ecr)


def test_disabled_is_silent_and_each_policy_has_its_level(project: Project) -> None:
    project.program = bad
    silent = project.run("preview", {"all": "disabled"})
    assert silent.passed
    assert silent.policies == []
    one = project.run("preview", {"all": "disabled", "scanning": "advisory"})
    assert one.passed
    assert [line.split(" ")[:2] for line in one.policies] == [["[advisory]", "scanning"]]
    two = project.run("preview", {**MANDATORY, "lifecycle-policy": "disabled", "scanning": {"byRegistry": True}})
    assert not two.passed
    assert sorted(line.split(" ")[1] for line in two.policies) == ["encryption", "immutable-tags"]


def test_exceptions_pass(project: Project) -> None:
    project.program = bad
    excepted = {policy: {"except": ["team/*"]} for policy in BAD}
    ran = project.run("preview", {**MANDATORY, **excepted})
    assert ran.passed
    assert ran.policies == []


def test_a_good_program_passes_and_stays_as_it_is(project: Project, ecr: ECRClient) -> None:
    project.program = good
    for operation in ("preview", "up"):
        ran = project.run(operation, MANDATORY)
        assert ran.passed, ran.output
        assert ran.policies == []
    assert "team/good" in repositories(ecr)
    again = project.run("up", MANDATORY)
    assert again.changes == {"same": 4}


def test_what_is_not_known_is_told_in_the_preview_and_refused_when_it_is(project: Project, ecr: ECRClient) -> None:
    project.program = opened
    levels = {"all": "disabled", "no-public-principal": "mandatory"}
    preview = project.run("preview", levels)
    assert preview.passed
    [warning] = preview.policies
    assert warning.startswith("[advisory] no-public-principal (aws:ecr:RepositoryPolicy: open) can't run policy")
    assert ".policy can't be known during preview" in warning
    up = project.run("up", levels)
    assert not up.passed
    [line] = up.policies
    assert line.startswith("[mandatory] no-public-principal (aws:ecr:RepositoryPolicy: open)")
    assert "policy.Statement[0] allows the principal '*', without a condition that names anybody" in line
    with pytest.raises(ecr.exceptions.RepositoryPolicyNotFoundException):
        ecr.get_repository_policy(repositoryName="team/bad")


MISTAKES: dict[str, tuple[Mapping[str, object] | str, str]] = {
    "not JSON": ("{", "unexpected end of JSON input"),
    "no level": ({"all": "madatory"}, '"madatory" is not a valid enforcement level'),
    "another type": ({"scanning": 7}, "7 is not a valid value"),
    "a setting's type": ({"scanning": {"byRegistry": "yes"}}, "scanning: byRegistry: Invalid type"),
    "a setting's value": ({"encryption": {"types": ["AES"]}}, "encryption: types.0: types.0 must be one of"),
    "misspelt setting": ({"scanning": {"exept": []}}, "policy scanning: there is no setting exept; there are: except"),
}


@pytest.mark.parametrize(("levels", "text"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_in_a_level_file_are_one_line(project: Project, levels: Mapping[str, object] | str, text: str) -> None:
    project.program = bad
    ran = project.run("preview", levels)
    assert not ran.passed
    assert [line for line in ran.errors if text in line], ran.output
    assert "Traceback" not in ran.output


def test_the_engine_passes_over_a_misspelt_policy(project: Project) -> None:
    """Which is why `policies/README.md` warns of it; an engine that refuses it makes the warning superfluous."""
    project.program = bad
    ran = project.run("preview", {**ADVISORY, "imutable-tags": "mandatory"})
    assert ran.passed
    assert "imutable" not in ran.output


def test_a_pack_without_its_packages_is_one_line(project: Project, tmp_path: Path) -> None:
    project.pack = tmp_path / "copy"
    shutil.copytree(PACK, project.pack, ignore=shutil.ignore_patterns(".venv", "__pycache__"), symlinks=True)
    project.program = bad
    ran = project.run("preview", MANDATORY)
    assert not ran.passed
    # The engine asks the language host, where one has been installed by now, and the analyzer otherwise.
    assert re.search(rf"{re.escape(str(project.pack))}.*\.venv.*: run pulumi install", ran.output)
    assert "Traceback" not in ran.output


THEIRS = """
import pulumi_aws as aws

aws.ecr.Repository("web", name="team/bad")
"""


@pytest.mark.parametrize(
    ("levels", "code"), [(MANDATORY, "stopped"), (ADVISORY, "passed")], ids=["mandatory", "advisory"]
)
def test_the_plain_command_runs_the_pack_through_its_language_host(
    cloud: LocalCloud,
    python: Path,  # noqa: ARG001
    tmp_path: Path,
    levels: Mapping[str, object],
    code: str,
) -> None:
    runtime = {"name": "python", "options": {"virtualenv": str(default_checkout() / ".venv")}}
    project: dict[str, object] = {
        "name": f"plain-{code}",
        "runtime": runtime,
        "config": {"aws:region": {"value": REGION}},
    }
    yaml_files.write(tmp_path / "Pulumi.yaml", project)
    (tmp_path / "__main__.py").write_text(THEIRS)
    (tmp_path / "levels.json").write_text(json.dumps(levels))
    options = f"--policy-pack {PACK} --policy-pack-config levels.json --non-interactive --color never"
    command = f"cd {tmp_path} && pulumi stack init dev && pulumi preview {options}"
    done = subprocess.run(
        ["bash", "-c", "\n".join([*cloud.shell_lines(), command])],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert f"[{levels['all']}]  immutable-tags  (aws:ecr:Repository: web)" in done.stdout
    assert BAD["immutable-tags"] in done.stdout
    assert "$PATH" not in done.stdout + done.stderr
    assert ("stopped" if done.returncode else "passed") == code, done.stdout + done.stderr


def test_our_own_program_is_held_to_its_own_rules(
    cloud: LocalCloud,
    deploy: Callable[..., Deployment],
    python: Path,  # noqa: ARG001
) -> None:
    packs = {stack: policy_packs.of_stack(cloud.layout, stack) for stack in ("dev", "staging", "prod")}
    dev, staging, prod = (deploy(stack) for stack in packs)
    preview = dev.stack.preview(pack=packs["dev"]).output
    assert "- [advisory]  immutable-tags  (aws:ecr:Repository: repository-repo)" in preview
    assert "[mandatory]" not in preview
    dev.stack.up(pack=packs["dev"])
    for one in (staging, prod):
        assert "✅ container-registry@v" in one.stack.preview(pack=packs[one.name]).output
        assert "✅ container-registry@v" in one.stack.up(pack=packs[one.name]).output
    prod.settings["tagMutability"] = "MUTABLE"
    with pytest.raises(PolicyViolated) as refusal:
        prod.stack.up(pack=packs["prod"])
    assert refusal.value.exit_code == 1
    assert str(refusal.value) == (
        "up prod: policy immutable-tags, repository-repo: imageTagMutability is 'MUTABLE', so tags can be moved to "
        "another image: set it to IMMUTABLE, or to IMMUTABLE_WITH_EXCLUSION with patterns for the tags that must move"
    )
