from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
from moto import mock_aws

from ecr import costing, price_table
from ecr.aws import lifecycle, live, prices
from ecr.errors import ExitCode, RemoteError
from tests.unit.ecr.cli.amazon import ACCOUNT, HOST, REGION, client, push, sign_in
from tests.unit.ecr.cli.projects import Deploy, chain, outputs
from tests.unit.ecr.cli.running import Shell

NOW = "2030-01-01T12:00:00Z"


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    sign_in(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def from_the_table(region: str, **_: object) -> object:
        return price_table.prices(region)

    monkeypatch.setattr(prices, "current", from_the_table)
    with mock_aws():
        yield


def refuse(problem: str = "repository dev/yoon-app: not allowed to do that; grant it") -> RemoteError:
    return RemoteError(problem, service="ecr", operation="Any", code="AccessDeniedException")


def part(document: Mapping[str, object], *path: str | int) -> object:
    found: object = document
    for step in path:
        found = cast("list[object]", found)[step] if isinstance(step, int) else cast("dict[str, object]", found)[step]
    return found


def test_the_page_of_all_stacks_goes_into_a_file(shell: Shell, deploy: Deploy) -> None:
    deploy(chain())
    ran = shell("report")
    assert (ran.code, ran.out) == (ExitCode.DONE, "report.html: 3 stacks, 3 repositories, 3 images\n")
    text = Path("report.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert "Unknown:" not in text
    assert text.index("<h3>dev</h3>") < text.index("<h3>staging</h3>") < text.index("<h3>prod</h3>")
    assert text.count("deployed by stacks dev, prod, staging") >= 3
    assert [path.name for path in Path().glob("*report*")] == ["report.html"]


def test_for_equal_answers_and_the_same_time_the_page_is_the_same(shell: Shell, deploy: Deploy) -> None:
    deploy(chain())
    pages = [shell("report", "--now", NOW, "--output", "-").out for _ in range(2)]
    assert pages[0] == pages[1]
    assert "2030-01-01 12:00 UTC" in pages[0]
    assert pages[0].endswith("</html>\n")
    assert not Path("report.html").exists()


def test_the_json_is_the_same_report(shell: Shell, deploy: Deploy) -> None:
    stacks = chain()
    deploy(stacks)
    ran = shell("report", "--json", "--now", NOW)
    document = ran.json
    assert sorted(document) == ["at", "prices", "program", "repositories", "stacks", "unknown"]
    assert document["at"] == NOW
    assert [part(document, "stacks", at, "stack") for at in range(3)] == ["dev", "staging", "prod"]
    assert sorted(cast("dict[str, object]", part(document, "repositories", 0))) == sorted(
        ["name", "account", "region", "images", "findings", "cost", "next", "unknown"]
    )
    assert part(document, "repositories", 0, "account") == ACCOUNT
    assert part(document, "repositories", 0, "images", 0, "digest") == stacks["dev"]["image_digest"]
    assert part(document, "repositories", 0, "images", 0, "protected") == "deployed by stacks dev, prod, staging"
    assert not Path("report.html").exists()


def test_json_and_a_page_can_be_had_at_once(shell: Shell, deploy: Deploy) -> None:
    deploy(chain())
    assert shell("report", "--json", "--output", "page.html").json["unknown"] == []
    assert Path("page.html").exists()
    ran = shell("report", "--json", "--output", "-")
    assert ran.code == ExitCode.BAD_INPUT
    assert "can't be combined with --json" in str(ran.json["error"])


def test_a_stack_that_has_drifted_is_shown_and_told_by_the_exit_code(shell: Shell, deploy: Deploy) -> None:
    deploy(chain())
    client().batch_delete_image(repositoryName="prod/yoon-app", imageIds=[{"imageTag": "v1.0.0"}])
    ran = shell("report", "--no-cost")
    assert ran.code == ExitCode.REFUSED
    assert "image deleted" in Path("report.html").read_text()


def test_what_was_changed_by_hand_is_drift(shell: Shell, deploy: Deploy) -> None:
    stacks = {name: said for name, said in chain().items() if name == "dev"}
    state = {
        "type": "aws:ecr/repository:Repository",
        "urn": "urn:pulumi:dev::container-registry::aws:ecr/repository:Repository::repository-repo",
        "custom": True,
        "id": "dev/yoon-app",
        "outputs": {
            "name": "dev/yoon-app",
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
        },
    }
    deploy(stacks, states={"dev": [state]})
    ran = shell("report", "--no-cost", "--json")
    assert ran.code == ExitCode.REFUSED
    assert "tag mutability" in str(part(ran.json, "stacks", 0, "differences", 0))


def test_repositories_need_neither_project_nor_pulumi(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push("team/app", "v1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    ran = shell("report", "--repository", "team/app", "--repository", f"{HOST}/team/app")
    assert ran.code == ExitCode.DONE
    assert "No stacks were asked about." in Path("report.html").read_text()


def test_without_pulumi_the_stack_files_tell_the_repositories(
    shell: Shell, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy({})
    push("dev/yoon-app", "v1")
    Path("Pulumi.dev.yaml").write_text(
        f"config:\n  container-registry:repository: dev/yoon-app\n  aws:region: {REGION}\n"
    )
    monkeypatch.setenv("PATH", "")
    ran = shell("report", "--no-cost")
    assert ran.code == ExitCode.REMOTE
    assert ran.err.startswith("error: pulumi: there is no such command")
    text = Path("report.html").read_text()
    assert "Unknown: stacks." in text
    assert "dev/yoon-app" in text


def test_a_repository_that_is_not_there_leaves_the_others(shell: Shell) -> None:
    push("team/app", "v1")
    ran = shell("report", "--repository", "team/app", "--repository", "team/gone", "--no-cost", "--output", "page.html")
    assert ran.code == ExitCode.REMOTE
    assert "repository team/gone: there is no such repository" in ran.err
    text = Path("page.html").read_text()
    assert "Unknown: the images of team/gone." in text
    assert text.count("<tr><td") == 1


def test_a_policy_that_nobody_understands_leaves_the_rest(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    push("team/app", "v1")
    monkeypatch.setattr(lifecycle, "live_policy", lambda _repository: '{"rules": [{"rulePriority": "first"}]}')
    ran = shell("report", "--repository", "team/app", "--no-cost")
    assert ran.code == ExitCode.REMOTE
    text = Path("report.html").read_text()
    assert "Unknown: what goes." in text
    assert text.count("<tr><td") == 1


def live_policy(repository: str, *, keep: int) -> None:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep}
    rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
    client().put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))


AMOUNTS = (
    *("stored_bytes", "naive_bytes", "archived_bytes", "monthly_usd", "naive_monthly_usd", "saved_by_policy_usd"),
    *("cheapest", "notes"),
)


def twelve_deployed(deploy: Deploy) -> None:
    """Twelve images, each deployed by a stack, and a live policy that keeps one of them."""
    digests = [push("dev/yoon-app", f"v{number}", str(number)) for number in range(12)]
    live_policy("dev/yoon-app", keep=1)
    deploy({f"stack{number}": outputs("dev", digest) for number, digest in enumerate(digests)})


@pytest.mark.parametrize("named", [("--stack", "stack0"), ("--repository", "dev/yoon-app")], ids=["stack", "name"])
def test_cost_and_report_tell_the_same_of_one_repository(named: tuple[str, str], shell: Shell, deploy: Deploy) -> None:
    twelve_deployed(deploy)
    cost = cast("dict[str, object]", part(shell("cost", *named, "--json").json, "repositories", 0))
    report = cast("dict[str, object]", part(shell("report", *named, "--json").json, "repositories", 0, "cost"))
    assert report == {key: cost[key] for key in AMOUNTS}
    assert report["cheapest"] == "untagged-1-keep-30"


def test_the_page_names_no_policy_that_takes_what_is_deployed(shell: Shell, deploy: Deploy) -> None:
    twelve_deployed(deploy)
    shell("report", "--stack", "stack0")
    text = Path("report.html").read_text()
    assert "<td>expire untagged images 1 day after the push, keep the latest 30 images</td>" in text
    assert "keep-" not in text


def test_the_policy_of_the_stack_counts_as_in_cost(shell: Shell, deploy: Deploy) -> None:
    digest = push("dev/yoon-app", "v1")
    live_policy("dev/yoon-app", keep=5)
    deploy({"dev": outputs("dev", digest)})
    Path("Pulumi.dev.yaml").write_text("config:\n  container-registry:lifecycle: []\n")
    found = cast("dict[str, object]", part(shell("report", "--json").json, "repositories", 0, "cost"))
    assert (found["cheapest"], found["saved_by_policy_usd"]) == ("none", None)


def test_what_is_uncertain_about_the_cost_is_on_the_page(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push("team/app", "v1")
    push("team/web", "v1")
    monkeypatch.chdir(tmp_path)
    ran = shell("report", "--repository", "team/app", "--repository", "team/web")
    assert ran.code == ExitCode.DONE
    note = "which images stacks have deployed is not known: this is no Pulumi project"
    assert f"<li>team/app, team/web: {note}</li>" in Path("report.html").read_text()


def test_a_policy_that_can_not_be_read_is_told_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    push("team/app", "v1")
    monkeypatch.setattr(lifecycle, "live_policy", lambda _repository: '{"rules": [{"rulePriority": "first"}]}')
    ran = shell("report", "--repository", "team/app")
    assert ran.code == ExitCode.REMOTE
    assert len(set(ran.err.splitlines())) == len(ran.err.splitlines())
    assert "Unknown: cost." in Path("report.html").read_text()


def test_a_price_that_can_not_be_had_leaves_the_rest(
    shell: Shell, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(chain())

    def denied(*_: object, **__: object) -> object:
        raise refuse()

    monkeypatch.setattr(costing, "examine", denied)
    ran = shell("report", "--stack", "dev")
    assert ran.code == ExitCode.REMOTE
    assert "Unknown: cost." in Path("report.html").read_text()


def test_a_stack_whose_registry_can_not_be_asked_says_so(
    shell: Shell, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(chain())

    def denied(*_: object) -> object:
        raise refuse()

    monkeypatch.setattr(live, "ask", denied)
    ran = shell("report", "--stack", "dev", "--no-cost", "--json")
    assert ran.code == ExitCode.REMOTE
    assert part(ran.json, "stacks", 0, "drift") == "unknown"
    assert "not allowed" in str(part(ran.json, "stacks", 0, "unknown"))


def test_a_stack_that_is_not_there_leaves_the_others(shell: Shell, deploy: Deploy) -> None:
    deploy(chain())
    ran = shell("report", "--stack", "dev", "--stack", "nosuch", "--no-cost")
    assert ran.code == ExitCode.BAD_INPUT
    assert "nosuch" in Path("report.html").read_text()


def test_a_report_is_replaced_and_nothing_else_is(shell: Shell) -> None:
    push("team/app", "v1")
    chosen = ("report", "--repository", "team/app", "--no-cost")
    assert shell(*chosen).code == ExitCode.DONE
    assert shell(*chosen).code == ExitCode.DONE
    mine = Path("report.html")
    mine.write_text("<html>my thesis</html>")
    ran = shell(*chosen)
    assert ran.code == ExitCode.BAD_INPUT
    assert ran.err == (
        "error: --output: report.html is there and is no report; choose another name, or add --overwrite\n"
    )
    assert mine.read_text() == "<html>my thesis</html>"
    assert shell(*chosen, "--overwrite").code == ExitCode.DONE
    assert "my thesis" not in mine.read_text()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        pytest.param("nowhere/report.html", "No such file or directory", id="no-folder"),
        pytest.param(".", "can't be written: Is a directory", id="folder"),
        pytest.param("/dev/null", "is no file", id="device"),
        pytest.param("", "No such file or directory", id="empty"),
        pytest.param("a\0b", "embedded null", id="null"),
        pytest.param("x" * 300, "File name too long", id="long"),
    ],
)
def test_a_file_that_can_not_be_written_is_refused_before_anybody_is_asked(
    path: str, problem: str, shell: Shell
) -> None:
    ran = shell("report", "--repository", "nobody/asks", "--output", path)
    assert ran.code == ExitCode.BAD_INPUT
    assert problem in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_name_of_the_file_is_printed_as_escapes(shell: Shell) -> None:
    push("team/app", "v1")
    ran = shell("report", "--repository", "team/app", "--no-cost", "-o", "a\x1b[31m\udcff.html")
    assert ran.out == "a\\x1b[31m\\udcff.html: 1 repository, 1 image\n"
    assert Path("a\x1b[31m\udcff.html").exists()


def test_a_link_to_a_report_stays_a_link(shell: Shell, tmp_path: Path) -> None:
    push("team/app", "v1")
    (tmp_path / "real.html").write_text("")
    (tmp_path / "link.html").symlink_to("real.html")
    assert shell("report", "--repository", "team/app", "--no-cost", "-o", str(tmp_path / "link.html")).code == 0
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text().startswith("<!DOCTYPE")


@pytest.mark.parametrize("arguments", [("--region", "eu-west-1"), ("--now", "yesterday"), ("--repository", "no name")])
def test_options_that_can_not_be_meant_are_refused(arguments: tuple[str, ...], shell: Shell, deploy: Deploy) -> None:
    deploy({})
    ran = shell("report", *arguments)
    assert ran.code == ExitCode.BAD_INPUT
    assert ran.err.startswith(f"error: {arguments[0]}: ")
    assert not Path("report.html").exists()


def test_outside_of_a_project_a_repository_has_to_be_named(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = shell("report")
    assert ran.code == ExitCode.BAD_INPUT
    assert "is in no Pulumi project" in ran.err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are written to the current folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if Path.cwd() != tmp_path:
        monkeypatch.chdir(folder)
    assert os.listdir(folder) == []  # noqa: PTH208
