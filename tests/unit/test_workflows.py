"""What the workflows promise, read from their own text: who gets credentials, what may write, what is pinned."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import yaml
from markdown_it import MarkdownIt

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
    assert environment["APPROVED"] == f"${{{{ needs.{source}.outputs.image }}}}"
    scripts = [str(step["run"]) for step in steps(job) if "run" in step]
    assert scripts[1] == f'ci/stack up {stack} "$APPROVED"'
    assert [script for script in scripts if "docker" in script] == []


@pytest.mark.parametrize("job", ALL_JOBS)
def test_no_failure_is_lost_in_the_words_of_another_command(job: Node) -> None:
    # `echo "$(false)"` succeeds, and so does `export X=$(false)`; an assignment fails.
    wrong = re.compile(r"\b(echo|printf|export|readonly|local)\b[^\n]*\$\(")
    assert [step["name"] for step in steps(job) if wrong.search(str(step.get("run", "")))] == []


def test_a_preview_that_was_cancelled_leaves_the_comment_as_it_is() -> None:
    condition = str(jobs(DEPLOY)["comment"]["if"])
    assert [result in condition for result in ("!= 'skipped'", "!= 'cancelled'")] == [True, True]


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


# -- the comment, as its step makes it ---------------------------------------------------------------------------------

GH = """#!/bin/sh
printf '%s\\n' "$*" >>"$GH_SAID"
case "$*" in *--jq*) cat "$GH_FOUND" ;; esac
"""
ROOM = 65_536  # of a comment, in characters
STACKS = ("dev", "staging", "prod")


@dataclass
class Commenter:
    """A folder with previews, and a `gh` that only says what was asked of it."""

    folder: Path

    def comment(self, previews: dict[str, bytes], *, found: str = "") -> str:
        """The comment that these previews become, when there are these comments of ours."""
        for stack, printed in previews.items():
            (self.folder / "previews" / f"{stack}.txt").write_bytes(printed)
        (self.folder / "found").write_text(found)
        script = self.folder / "step.sh"
        script.write_text(str(steps(jobs(DEPLOY)["comment"])[1]["run"]))
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder,
            env={
                "PATH": f"{self.folder}:{os.environ['PATH']}",
                "LC_ALL": "C.UTF-8",
                "GH_SAID": str(self.folder / "said"),
                "GH_FOUND": str(self.folder / "found"),
                "COMMENTS": "issues/7/comments",
                "COMMENT": "issues/comments",
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return (self.folder / "comment.md").read_bytes().decode()

    def asked(self) -> str:
        return (self.folder / "said").read_text().splitlines()[-1]


@pytest.fixture
def commenter(tmp_path: Path) -> Commenter:
    (tmp_path / "previews").mkdir()
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    return Commenter(tmp_path)


def blocks(comment: str) -> list[str]:
    """The blocks that Markdown finds in a comment, without what is in those of code."""
    return [
        f"{token.type} {'' if token.type == 'code_block' else token.content}" for token in MarkdownIt().parse(comment)
    ]


HONEST = dict.fromkeys(STACKS, b"+ create\n")


def test_previews_become_one_comment_that_is_changed_later(commenter: Commenter) -> None:
    comment = commenter.comment({"dev": b"+ create\n\n\tb \xed\x95\x9c\n", "staging": b"~ update"})
    assert comment.startswith("<!-- previews of the stacks -->\n<details><summary>What this changes in <b>dev</b>")
    assert "\n    + create\n    \n    \tb \ud55c\n" in comment
    assert "\n    no preview: see the job\n" in comment
    assert commenter.asked() == "api --silent issues/7/comments --field body=@comment.md"
    commenter.comment(HONEST, found="41\n42\n")
    assert commenter.asked() == "api --silent --method PATCH issues/comments/41 --field body=@comment.md"


ENDINGS: dict[str, bytes] = {
    "line feed": b"\n",
    "carriage return": b"\r",
    "both": b"\r\n",
    "vertical tab": b"\v",
    "form feed": b"\f",
    "separators": b"\x1c\x1d\x1e",
    "next line": "\x85".encode(),
    "line separator": "\u2028".encode(),
    "paragraph separator": "\u2029".encode(),
    "one that is left when another is taken out": b"\xe2\x80\xc2\x85\xa8\xc2\r\x85",
    "no UTF-8": b"\xff\r\xc2\n\xe2\x80\n",
}
FAKE = b"</details>", b"<!-- previews of the stacks -->", b"# All is well", b"@everyone ![](https://example.com/x.png)"


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_nothing_that_a_preview_prints_is_markup(commenter: Commenter, ending: bytes) -> None:
    printed = b"+ create" + b"".join(ending * 2 + line for line in FAKE) + ending
    comment = commenter.comment(dict.fromkeys(STACKS, printed))
    assert blocks(comment) == blocks(commenter.comment(HONEST))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", comment)
    lines = comment.splitlines()  # which knows all of these as ends
    assert [line for line in lines if "everyone" in line and not line.startswith("    ")] == []


LONG: dict[str, bytes] = {
    "one line": b"x" * 1_000_000,
    "empty lines": b"\n" * 1_000_000,
    "short lines": b"x\n" * 500_000,
    "characters of three bytes": b"+" + "\ud55c".encode() * 300_000,
    "characters of four bytes": "\U0001f4e6".encode() * 300_000,
    "no UTF-8": b"\xff" * 1_000_000,
    "nothing": b"",
}


@pytest.mark.parametrize("printed", LONG.values(), ids=LONG)
def test_a_comment_has_room_for_all_previews_however_long(commenter: Commenter, printed: bytes) -> None:
    comment = commenter.comment(dict.fromkeys(STACKS, printed))
    assert len(comment) < ROOM
    assert comment.count("<details>") == comment.count("\n</details>\n") == len(STACKS)
    assert "\ufffd" not in comment
