"""What the workflows promise, read from their own text: who gets credentials, what may write, what is pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
VERSIONED = re.compile(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
SHELL_MADE = re.compile(r"\$\{\{")

Node = dict[str, object]
WORKFLOWS = {path.name: cast("Node", yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("*.yml"))}
DEPLOY, CI = WORKFLOWS["deploy.yml"], WORKFLOWS["ci.yml"]


def jobs(workflow: Node) -> dict[str, Node]:
    return cast("dict[str, Node]", workflow["jobs"])


def steps(job: Node) -> list[Node]:
    return cast("list[Node]", job["steps"])


ALL_JOBS = [
    pytest.param(job, id=f"{file}:{name}") for file, flow in WORKFLOWS.items() for name, job in jobs(flow).items()
]


def triggers(workflow: Node) -> Node:
    return cast("Node", cast("dict[object, object]", workflow)[True])  # YAML 1.1 reads `on` as a boolean


def texts(node: object) -> Iterator[str]:
    """Every scalar below a node."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    else:
        yield str(node)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(path: Path) -> None:
    used = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not VERSIONED.search(line)] == []


def test_one_action_has_one_pin() -> None:
    pins = {
        str(step["uses"])
        for flow in WORKFLOWS.values()
        for job in jobs(flow).values()
        for step in steps(job)
        if "uses" in step
    }
    names = [pin.partition("@")[0] for pin in pins]
    assert len(names) == len(set(names)), pins


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_workflow_grants_nothing_and_runs_no_code_of_strangers_with_its_rights(workflow: Node) -> None:
    assert workflow["permissions"] == {}
    assert not triggers(workflow).keys() & {"pull_request_target", "workflow_run", "issue_comment"}
    assert workflow["defaults"] == {"run": {"shell": "bash"}}  # `-eo pipefail`, which a runner does not do by itself


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_there_are_no_secrets(workflow: Node) -> None:
    assert [text for text in texts(workflow) if "secrets." in text] == []


@pytest.mark.parametrize("job", ALL_JOBS)
def test_a_job_has_an_end_and_says_what_it_may_do(job: Node) -> None:
    assert isinstance(job["timeout-minutes"], int)
    assert isinstance(job["permissions"], dict)
    assert job["runs-on"] == "ubuntu-latest"


@pytest.mark.parametrize("job", ALL_JOBS)
def test_no_expression_is_written_into_a_script(job: Node) -> None:
    assert [step["name"] for step in steps(job) if SHELL_MADE.search(str(step.get("run", "")))] == []


@pytest.mark.parametrize("job", ALL_JOBS)
def test_a_checkout_keeps_no_token(job: Node) -> None:
    for step in steps(job):
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


READ: Node = {"contents": "read"}
ASSUMES: Node = {"contents": "read", "id-token": "write"}
PERMISSIONS: dict[str, Node] = {
    "ci.yml:lint": READ,
    "ci.yml:test": READ,
    "deploy.yml:not-previewed": {},
    "deploy.yml:preview": ASSUMES,
    "deploy.yml:comment": {"pull-requests": "write"},
    "deploy.yml:dev": ASSUMES,
    "deploy.yml:staging": ASSUMES,
    "deploy.yml:prod": ASSUMES,
}


def test_permissions_are_these_and_no_more() -> None:
    found = {
        f"{file}:{name}": job["permissions"] for file, flow in WORKFLOWS.items() for name, job in jobs(flow).items()
    }
    assert found == PERMISSIONS


def test_only_jobs_with_an_environment_of_their_own_get_credentials_and_by_no_key() -> None:
    environments = {}
    for name, job in jobs(DEPLOY).items():
        for step in steps(job):
            if str(step.get("uses", "")).startswith("aws-actions/configure-aws-credentials@"):
                environments[name] = job["environment"]
                assert step["with"] == {
                    "role-to-assume": "${{ vars.AWS_ROLE_ARN }}",
                    "aws-region": "${{ vars.AWS_REGION }}",
                }
    assert environments == {"preview": "preview", "dev": "dev", "staging": "staging", "prod": "prod"}


def test_a_pull_request_gets_credentials_for_a_preview_alone_and_a_forks_gets_none() -> None:
    conditions = {name: " ".join(str(job.get("if", "")).split()) for name, job in jobs(DEPLOY).items()}
    of_ours = "github.event.pull_request.head.repo.full_name == github.repository"
    assert of_ours in conditions["preview"]
    assert "user.login != 'dependabot[bot]'" in conditions["preview"]
    assert of_ours.replace("==", "!=") in conditions["not-previewed"]
    assert conditions["dev"].startswith("github.event_name != 'pull_request' && github.ref == 'refs/heads/main'")
    assert [jobs(DEPLOY)[name]["needs"] for name in ("staging", "prod")] == ["dev", "staging"]


def test_the_job_that_writes_has_none_of_the_pull_requests_code() -> None:
    used = [str(step.get("uses", "run")).partition("@")[0] for step in steps(jobs(DEPLOY)["comment"])]
    assert used == ["actions/download-artifact", "run"]
    assert "environment" not in jobs(DEPLOY)["comment"]


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_stack_is_changed_by_one_run_at_a_time_which_nothing_cuts_short(stack: str) -> None:
    assert jobs(DEPLOY)[stack]["concurrency"] == {"group": f"stack-{stack}", "cancel-in-progress": False}


@pytest.mark.parametrize(("stack", "source"), [("staging", "dev"), ("prod", "staging")])
def test_a_promotion_has_no_docker_and_takes_only_what_was_approved(stack: str, source: str) -> None:
    job = jobs(DEPLOY)[stack]
    environment = cast("Node", job["env"])
    assert str(environment["DOCKER_HOST"]).startswith("unix:///nonexistent/")
    assert environment["APPROVED"] == f"${{{{ needs.{source}.outputs.digest }}}}"
    scripts = [str(step["run"]) for step in steps(job) if "run" in step]
    assert scripts[1] == f'ci/stack still {source} "$APPROVED"\nci/stack up {stack}\n'
    assert [script for script in scripts if "docker" in script] == []


def test_all_stacks_of_the_project_are_previewed_and_deployed() -> None:
    stacks = {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")}
    matrix = cast("dict[str, dict[str, list[str]]]", jobs(DEPLOY)["preview"]["strategy"])["matrix"]
    assert set(matrix["stack"]) == stacks
    assert stacks <= jobs(DEPLOY).keys()


def test_nothing_that_is_deployed_comes_out_of_a_cache() -> None:
    assert [text for text in texts(DEPLOY) if "cache" in text] == []


def test_a_pushed_commit_cancels_the_checks_of_the_one_before_in_pull_requests() -> None:
    assert CI["concurrency"] == {
        "group": "ci-${{ github.ref }}",
        "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    }
