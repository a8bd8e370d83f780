from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest
from moto import mock_aws

from ecr import price_table
from ecr.aws import prices
from ecr.cost.prices import Prices
from ecr.errors import ExitCode
from tests.unit.ecr.cli.amazon import HOST, REGION, client, push, sign_in
from tests.unit.ecr.cli.projects import Deploy, outputs
from tests.unit.ecr.cli.running import Shell

Entry = dict[str, object]

REPOSITORY_KEYS = {
    *("archived_bytes", "archived_images", "archived_monthly_usd", "cheapest", "error", "images", "monthly_usd"),
    *(
        "naive_archived_bytes",
        "naive_bytes",
        "naive_monthly_usd",
        "name",
        "notes",
        "policies",
        "prices",
        "repository",
        "saved_by_policy_usd",
    ),
    *("stored_bytes", "transfer"),
}
POLICY_KEYS = {
    *("archive", "archived_bytes", "delete", "monthly_usd", "name", "rules", "saves_usd", "stored_bytes"),
    "violations",
}
TOTAL_KEYS = {
    *("archived_bytes", "images", "monthly_usd", "naive_bytes", "naive_monthly_usd", "repositories"),
    *("saved_by_policy_usd", "stored_bytes", "transfer_usd"),
}


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    sign_in(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def table(region: str, **_: object) -> Prices:
        return price_table.prices(region)

    monkeypatch.setattr(prices, "current", table)
    with mock_aws():
        yield


def live_policy(repository: str, *, keep: int) -> None:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep}
    rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
    client().put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))


def stack_file(stack: str, *, repository: str, lifecycle: str) -> None:
    settings = f"  container-registry:repository: {repository}\n  container-registry:lifecycle: {lifecycle}\n"
    Path(f"Pulumi.{stack}.yaml").write_text(f"config:\n{settings}")


def entries(document: Entry) -> list[Entry]:
    return cast("list[Entry]", document["repositories"])


def policies(entry: Entry) -> list[Entry]:
    return cast("list[Entry]", entry["policies"])


def tags(images: object) -> list[str]:
    return [tag for image in cast("list[dict[str, list[str]]]", images) for tag in image["tags"]]


def test_all_stacks_are_reckoned_and_added_up(deploy: Deploy, shell: Shell) -> None:
    dev, prod = push("dev/yoon-app", "v1", "one"), push("prod/yoon-app", "v1", "one")
    deploy({"dev": outputs("dev", dev), "prod": outputs("prod", prod)})
    ran = shell("cost")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    lines = ran.out.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [
        ["REPOSITORY", "IMAGES"],
        ["dev/yoon-app", "1"],
        ["prod/yoon-app", "1"],
        ["total", "2"],
    ]
    assert "prices of eu-west-1: this program's own table, 2026-09-11" in lines
    assert "*: the cheapest that leaves alone what has to stay" in lines


def test_the_json_has_one_entry_for_each_and_a_total(deploy: Deploy, shell: Shell) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    document = shell("cost", "--json").json
    assert document.keys() == {"repositories", "total"}
    (entry,) = entries(document)
    assert entry.keys() == REPOSITORY_KEYS
    assert {frozenset(policy) for policy in policies(entry)} == {frozenset(POLICY_KEYS)}
    assert cast("Entry", document["total"]).keys() == TOTAL_KEYS
    assert cast("Entry", entry["transfer"]).keys() == {
        *("between_regions_usd", "bytes_of_a_pull", "digest", "pulls", "to_region", "usd"),
    }
    assert entry["prices"] == {"as_of": "2026-09-11", "region": REGION, "source": "this program's own table"}


def test_a_configuration_that_images_share_counts_once(shell: Shell, deploy: Deploy) -> None:
    for number in range(3):
        push("aa/bb", f"v{number}", str(number))
    deploy({})
    (entry,) = entries(shell("cost", "--json", "--repository", "aa/bb").json)
    held = client().batch_get_image(repositoryName="aa/bb", imageIds=[{"imageTag": f"v{n}"} for n in range(3)])
    manifests = sum(len(image["imageManifest"]) for image in held["images"])
    assert entry["stored_bytes"] == manifests + 2 + 3 * 1  # the configuration has 2 bytes, each layer 1


def test_without_a_project_the_live_policy_counts_and_what_is_protected_is_said_to_be_unknown(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        push("aa/bb", f"v{number}", str(number))
    live_policy("aa/bb", keep=1)
    (entry,) = entries(shell("cost", "--json", "--repository", f"{HOST}/aa/bb").json)
    own = policies(entry)[0]
    assert (own["name"], len(tags(own["delete"]))) == ("own", 2)
    assert "which images stacks have deployed is not known: this is no Pulumi project" in cast(
        "list[str]", entry["notes"]
    )


def test_the_policy_of_a_stack_is_the_one_that_its_file_would_deploy(deploy: Deploy, shell: Shell) -> None:
    digest = push("dev/yoon-app", "v1", "one")
    live_policy("dev/yoon-app", keep=5)
    deploy({"dev": outputs("dev", digest)})
    Path("Pulumi.dev.yaml").write_text("config:\n  container-registry:lifecycle:\n    - {keep: 7}\n")
    (entry,) = entries(shell("cost", "--json").json)
    assert policies(entry)[0]["rules"] == "keep the latest 7 images"
    Path("Pulumi.dev.yaml").write_text("config:\n  container-registry:lifecycle: []\n")
    (entry,) = entries(shell("cost", "--json").json)
    assert (policies(entry)[0]["name"], entry["saved_by_policy_usd"]) == ("none", None)


def test_what_stacks_have_deployed_is_not_offered_for_deletion_without_a_word(deploy: Deploy, shell: Shell) -> None:
    digests = [push("dev/yoon-app", f"v{number}", str(number)) for number in range(12)]
    live_policy("dev/yoon-app", keep=1)
    said = {f"stack{number}": outputs("dev", digest) for number, digest in enumerate(digests)}
    deploy(said)
    ran = shell("cost", "--stack", "stack0")
    assert ran.code == ExitCode.DONE
    (violation, *_) = [line for line in ran.out.splitlines() if line.startswith("dev/yoon-app: own would expire ")]
    assert ", but it is deployed by stack stack" in violation
    assert "dev/yoon-app: own would take 8 more that have to stay" in ran.out
    starred = [line for line in ran.out.splitlines() if " * " in line]
    assert [line.split()[1] for line in starred] == ["untagged-1-keep-30"]


@pytest.mark.parametrize("repository", ["dev/yoon-app", "dev/new"], ids=["it-has", "it-is-to-have"])
def test_a_policy_that_takes_images_which_a_pattern_protects_is_not_the_cheapest(
    repository: str, deploy: Deploy, shell: Shell
) -> None:
    digest = [push("dev/yoon-app", f"release-{number}", str(number)) for number in range(12)][-1]
    deploy({"dev": outputs("dev", digest)})
    stack_file("dev", repository=repository, lifecycle='[{protect: ["release-*"]}, {keep: 1}]')
    (entry,) = entries(shell("cost", "--json", "--repository", "dev/yoon-app").json)
    keep_10 = next(policy for policy in policies(entry) if policy["name"] == "keep-10")
    violations = cast("list[str]", keep_10["violations"])
    assert len(violations) == len(tags(keep_10["delete"])) == 2
    assert all(line.endswith("protected by the pattern release-*") for line in violations)
    assert entry["cheapest"] == "none"


def test_what_a_stack_without_a_file_protects_is_said_to_be_unknown_and_what_others_protect_counts(
    deploy: Deploy, shell: Shell
) -> None:
    digest = [push("dev/yoon-app", f"release-{number}", str(number)) for number in range(12)][-1]
    deploy({"acme/lost": outputs("dev", digest), "acme/dev": outputs("dev", digest)})
    stack_file("dev", repository="dev/new", lifecycle='[{protect: ["release-*"]}, {keep: 1}]')
    (entry,) = entries(shell("cost", "--json", "--repository", "dev/yoon-app").json)
    assert entry["cheapest"] == "none"
    notes = cast("list[str]", entry["notes"])
    assert [note for note in notes if "not known" in note] == [
        "which tags stack lost protects is not known: it has the repository, and no file in this project"
    ]


def test_without_pulumi_the_patterns_in_stack_files_still_count(deploy: Deploy, shell: Shell) -> None:
    for number in range(12):
        push("dev/yoon-app", f"release-{number}", str(number))
    deploy({})
    Path("bin/pulumi").unlink()
    stack_file("dev", repository="dev/yoon-app", lifecycle='[{protect: ["release-*"]}, {keep: 1}]')
    (entry,) = entries(shell("cost", "--json", "--repository", "dev/yoon-app").json)
    assert entry["cheapest"] == "none"
    unknown = [note for note in cast("list[str]", entry["notes"]) if "not known" in note]
    assert len(unknown) == 1
    assert unknown[0].startswith("which repositories and images stacks have deployed is not known: pulumi: ")


def test_pulls_are_of_the_deployed_image(deploy: Deploy, shell: Shell) -> None:
    digest = push("dev/yoon-app", "v1", "one")
    push("dev/yoon-app", "v2", "two")
    deploy({"dev": outputs("dev", digest)})
    (entry,) = entries(shell("cost", "--json", "--pulls", "7", "--to-region", "us-east-1").json)
    transfer = cast("Entry", entry["transfer"])
    assert (transfer["digest"], transfer["pulls"], transfer["to_region"]) == (digest, 7, "us-east-1")
    ran = shell("cost", "--pulls", "7", "--to-region", "us-east-1")
    assert "USD/MONTH AT MOST" in ran.out
    assert "note: prices of transfer are of 2022" in ran.out


def test_a_repository_that_is_named_twice_counts_once(deploy: Deploy, shell: Shell) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    document = shell("cost", "--json", "--stack", "dev", "--repository", "dev/yoon-app").json
    assert [entry["name"] for entry in entries(document)] == ["stack dev", "repository dev/yoon-app"]
    assert cast("Entry", document["total"])["repositories"] == 1


def test_an_empty_repository_costs_nothing(deploy: Deploy, shell: Shell) -> None:
    client().create_repository(repositoryName="aa/bb")
    deploy({})
    ran = shell("cost", "--repository", "aa/bb")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out.splitlines()[1].split() == ["aa/bb", "0", "0", "B", "0", "B", "0", "B", "0.00", "0.00", "-"]


def test_a_project_without_stacks_has_nothing_to_reckon(deploy: Deploy, shell: Shell) -> None:
    deploy({})
    ran = shell("cost")
    assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, "", "no repositories; `pulumi up` makes one\n")
    assert entries(shell("cost", "--json").json) == []


def test_what_goes_wrong_with_one_leaves_the_others(deploy: Deploy, shell: Shell) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    ran = shell("cost", "--json", "--stack", "dev", "--repository", "no/such")
    assert ran.code == ExitCode.REMOTE
    assert ran.err.startswith("error: repository no/such: ")
    found = entries(ran.json)
    assert (found[0]["error"], found[1]["repository"]) == (None, "no/such")
    assert "there is no such repository" in str(found[1]["error"])
    assert cast("Entry", ran.json["total"])["repositories"] == 1


def test_the_plot_is_an_svg_file_beside_the_table(deploy: Deploy, shell: Shell) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    ran = shell("cost", "--plot", "cost.svg")
    assert ran.code == ExitCode.DONE
    root = ET.fromstring(Path("cost.svg").read_text(encoding="utf-8"))  # noqa: S314 - our own
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"dev/yoon-app", "dev/yoon-app, sizes", "dev/yoon-app, now", "dev/yoon-app, keep-10"} <= set(texts)


def test_nothing_is_drawn_of_nothing(deploy: Deploy, shell: Shell) -> None:
    deploy({})
    ran = shell("cost", "--plot", "cost.svg")
    assert ran.err.splitlines()[0] == "note: there is nothing to draw, so cost.svg is not written"
    assert not Path("cost.svg").exists()


def test_a_plot_is_replaced_and_nothing_else_is(deploy: Deploy, shell: Shell) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    asked = ("cost", "--plot", "cost.svg")
    assert [shell(*asked).code for _ in range(2)] == [ExitCode.DONE, ExitCode.DONE]
    mine = Path("cost.svg")
    mine.write_text("<svg><title>my life's work</title></svg>")
    ran = shell(*asked)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err == (
        "error: --plot: cost.svg is there and is no plot of this program; choose another name, or delete it first\n"
    )
    assert "my life's work" in mine.read_text()


def test_a_plot_that_can_not_be_written_whole_leaves_the_one_before(
    deploy: Deploy, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    assert shell("cost", "--plot", "cost.svg").code == ExitCode.DONE
    before = Path("cost.svg").read_text()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    ran = shell("cost", "--plot", "cost.svg")
    assert (ran.code, ran.err) == (
        ExitCode.BAD_INPUT,
        "error: --plot: cost.svg can't be written: No space left on device\n",
    )
    assert Path("cost.svg").read_text() == before
    assert [path.name for path in Path().glob("*.svg*")] == ["cost.svg"]


def test_a_plot_goes_to_no_device(deploy: Deploy, shell: Shell) -> None:
    deploy({})
    Path("null.svg").symlink_to("/dev/null")
    ran = shell("cost", "--plot", "null.svg")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err == "error: --plot: null.svg is no file; accepted: the name of a file that ends in .svg\n"
    assert Path("null.svg").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["--pulls", "5"], "--pulls: is of no use without --to-region", id="pulls-to-nowhere"),
        pytest.param(["--to-region", "eu-west-1"], "--to-region: is of no use without --pulls", id="no-pulls"),
        pytest.param(["--pulls", "5", "--to-region", "eu-west-9"], '--to-region: "eu-west-9" is not', id="no-region"),
        pytest.param(["--pulls", "-1", "--to-region", "eu-west-1"], "Invalid value for '--pulls'", id="fewer-than-0"),
        pytest.param(["--pulls", "many", "--to-region", "eu-west-1"], "Invalid value for '--pulls'", id="no-number"),
        pytest.param(["--plot", "cost.png"], '--plot: "cost.png" is not accepted; accepted: the name of', id="png"),
        pytest.param(["--plot", "no/folder.svg"], "--plot: no/folder.svg can't be written", id="no-folder"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], problem: str, deploy: Deploy, shell: Shell) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    ran = shell("cost", *arguments)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    line, *hint = ran.err.splitlines()
    assert line.startswith(f"error: {problem}")
    assert hint in ([], ["hint: python -m ecr cost --help"])


def test_no_pulls_at_all_are_fine(deploy: Deploy, shell: Shell) -> None:
    deploy({"dev": outputs("dev", push("dev/yoon-app", "v1", "one"))})
    (entry,) = entries(shell("cost", "--json", "--pulls", "0", "--to-region", "us-east-1").json)
    assert cast("Entry", entry["transfer"])["usd"] == 0
