"""`ci/stack` and `ci/setup` with a pulumi that only says what was asked of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import yaml

from ci.pin import pin
from ecr.errors import InputError
from local.pulumi_cli import MINIMUM

ROOT = Path(__file__).resolve().parents[2]
DIGEST, ANOTHER = ("sha256:" + digit * 64 for digit in "12")
IMAGE = f"v1.2.3@{DIGEST}"
PULUMI = f"""#!/bin/sh
printf '%s\\n' "$*" >>"$SAID"
case "$*" in
  version) echo "${{VERSION:-v3.256.0}}" ;;
  *--show-name*)
    test -z "$NO_BACKEND" || {{ echo "error: no such bucket" >&2; echo more >&2; exit 255; }}
    test -z "$NO_STACK" || {{ echo "error: no stack named 'dev' found" >&2; exit 255; }} ;;
  *"stack output --json"*)
    test -z "$NO_OUTPUTS" || exit 255
    test -z "$NO_IMAGE" || {{ echo '{{"image_digest": null, "image_tag": null}}'; exit; }}
    echo '{{"image_digest": "{DIGEST}", "image_tag": "v1.2.3", "repository_name": "dev/yoon-app"}}' ;;
  *" up "* | *" preview "*)
    while [ "$1" != --config-file ]; do shift; done
    cp "$2" "$SAID.config"
    echo "deploying"
    exit "${{ENDS:-0}}" ;;
esac
"""
PYTHON = f"""#!/bin/sh
case "$*" in
  *image_digest* | *ci.pin*) exec {sys.executable} "$@" ;;
  *botocore*) test -n "$SIGNED_IN" ;;
  *"-m ecr"*) printf 'python %s\\n' "$*" >>"$SAID"; exit "${{DRIFTED:-0}}" ;;
esac
"""


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@dataclass
class Project:
    """A folder with the scripts, stack files, and stand-ins for the commands that they use."""

    folder: Path
    said: Path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            cwd=self.folder.parent,  # they find their own way
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
                "HOME": str(self.folder / "home"),
                "SAID": str(self.said),
                "SIGNED_IN": "yes",
                **environment,
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def stack(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.folder / "ci" / "stack"), *arguments, **environment)

    def given(self, stack: str, text: str, *image: str) -> dict[str, object]:
        """The configuration that pulumi is given when the stack file says this, and an image was approved."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        file.write_text(text)
        done = self.stack("up", stack, *image)
        assert done.returncode == 0, done.stderr
        assert file.read_text() == text
        config = yaml.safe_load(self.said.with_name("said.config").read_text())["config"]
        return cast("dict[str, object]", config)

    def operations(self) -> list[str]:
        return [line for line in self.said.read_text().splitlines() if " up " in line or " preview " in line]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "a project"
    (folder / "ci").mkdir(parents=True)
    for name in ("stack", "setup", "__init__.py", "pin.py"):
        shutil.copy(ROOT / "ci" / name, folder / "ci")
    executable(folder / "bin" / "pulumi", PULUMI)
    executable(folder / ".venv" / "bin" / "python", PYTHON)
    (folder / "ecr").symlink_to(ROOT / "ecr")
    executable(folder / "scripts" / "set-up", "#!/bin/sh\n")
    for stack in ("dev", "prod"):
        (folder / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    return Project(folder, tmp_path / "said")


MISTAKES: dict[str, tuple[tuple[str, ...], dict[str, str], int, str]] = {
    "nothing": ((), {}, 2, "usage: ci/stack preview|up STACK [IMAGE], or ci/stack image|digest STACK"),
    "no stack": (("up",), {}, 2, "usage: "),
    "another operation": (("destroy", "dev"), {}, 2, "usage: "),
    "an unknown stack": (("up", "nix"), {}, 2, "stack nix: there is no stack file of that name; stacks here: dev prod"),
    "a path": (("up", "../dev"), {}, 2, "stack ../dev: there is no stack file of that name"),
    "control characters": (("up", "a\nb"), {}, 2, "stack $'a\\nb': there is no stack file"),
    "no credentials": (("up", "dev"), {"SIGNED_IN": ""}, 3, "there are no AWS credentials: sign in, or let the job"),
    "no backend": (
        ("up", "dev"), {"NO_BACKEND": "1", "PULUMI_BACKEND_URL": "s3://b"}, 3, "the backend s3://b can't be used: no",
    ),
    "not in the backend": (
        ("up", "dev"), {"NO_STACK": "1"}, 2,
        "stack dev is not in the backend that pulumi is signed in to: make it once with pulumi stack init dev",
    ),
    "no image": (("digest", "dev"), {"NO_IMAGE": "1"}, 1, "stack dev has published no image"),
    "no outputs": (("image", "dev"), {"NO_OUTPUTS": "1"}, 3, "the outputs of stack dev can't be read"),
    "nothing approved": (("up", "dev", ""), {}, 2, 'image: "" is not what was approved; accepted: what ci/stack image'),
    "half a digest": (("up", "dev", "sha256:12"), {}, 2, 'image: "sha256:12" is not what was approved'),
    "no tag": (("up", "dev", f"@{DIGEST}"), {}, 2, f'image: "@{DIGEST}" is not what was approved'),
    "no promotion": (
        ("up", "dev", IMAGE), {}, 2, "container-registry:promote.from: is missing in Pulumi.dev.yaml: the stack",
    ),
    "an image of what has none": (("digest", "dev", IMAGE), {}, 2, "usage: "),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "environment", "code", "words"), MISTAKES.values(), ids=MISTAKES)
def test_what_can_not_be_done_is_one_line_and_an_exit_code(
    project: Project, arguments: tuple[str, ...], environment: dict[str, str], code: int, words: str
) -> None:
    done = project.stack(*arguments, **environment)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.startswith(f"error: {words}")
    assert done.stderr.count("\n") == 1
    assert not project.said.exists() or project.operations() == []


def test_without_pulumi_or_packages_it_names_what_installs_them(project: Project) -> None:
    (project.folder / "bin" / "pulumi").unlink()
    done = project.stack("up", "dev")
    assert (done.returncode, done.stderr) == (
        3, "error: pulumi is neither on PATH nor in ~/.pulumi/bin: run ci/setup first\n",
    )  # fmt: skip
    executable(project.folder / "home" / ".pulumi" / "bin" / "pulumi", PULUMI)
    assert project.stack("digest", "dev").stdout == f"{DIGEST}\n"
    shutil.rmtree(project.folder / ".venv")
    assert project.stack("up", "dev").stderr == "error: there is no .venv here: run ci/setup first\n"


def test_up_asks_nothing_leaves_the_stack_file_alone_and_shows_what_is_there(project: Project) -> None:
    assert project.stack("up", "dev").returncode == 0
    asked = project.said.read_text().splitlines()
    assert asked[-1] == "python -m ecr status --stack dev"
    (up,) = project.operations()
    assert up.startswith("--non-interactive --color never up --yes --stack dev --config-file ")
    assert f"{project.folder}/Pulumi.dev.yaml" not in up
    assert "--policy-pack" not in up


PROMOTES = """\
encryptionsalt: v1:abc=
config:
  aws:region: eu-west-1
  container-registry:repository: prod/yoon-app
  container-registry:tags: {day: 2027-01-31, answer: yes, "quoted": 'no'}
  container-registry:promote:
    from: staging
    gate: {off: "the emulator does not scan", wait: 0600}
  shop:password:
    secure: v1:AbC+/==
"""


def promotion(config: dict[str, object]) -> dict[str, object]:
    return cast("dict[str, object]", config["container-registry:promote"])


IN_A_FOLDER = [
    pytest.param("stackConfigDir: stacks\n", id="its-key"),
    pytest.param("'stackConfigDir' : stacks\n", id="quoted"),
    pytest.param("config: stacks\n", id="the-old-key"),
    pytest.param("config: ./stacks\n", id="the-old-key-from-here"),
]


@pytest.mark.parametrize("line", IN_A_FOLDER)
@pytest.mark.parametrize("stack", ["dev", "only-there"])
def test_stack_files_in_a_folder_of_their_own_are_refused_whatever_lies_beside_it(
    project: Project, stack: str, line: str
) -> None:
    (project.folder / "Pulumi.yaml").write_text(f"name: shop\n{line}")
    done = project.stack("up", stack)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: Pulumi.yaml names a folder for stack files (stackConfigDir); "
        "ci/stack takes those beside Pulumi.yaml only\n"
    )
    assert not project.said.exists()


@pytest.mark.parametrize("config", ["config:\n  repository:\n", "config: {a: b}\n", "config: # of all\n  a: b\n"])
def test_a_project_with_configuration_of_its_own_is_not(project: Project, config: str) -> None:
    (project.folder / "Pulumi.yaml").write_text(f"name: shop\ndescription: no stackConfigDir\n{config}")
    done = project.stack("up", "dev")
    assert done.returncode == 0, done.stderr


def test_this_project_is_not_refused(project: Project) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", project.folder)
    done = project.stack("up", "dev")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("stale", [None, PROMOTES.replace("prod/", "stale/")], ids=["only-there", "a-stale-one"])
def test_what_is_pinned_is_the_file_that_was_checked(tmp_path: Path, stale: str | None) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: container-registry\nstackConfigDir: stacks\n")
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(PROMOTES)
    if stale is not None:
        (tmp_path / "Pulumi.prod.yaml").write_text(stale)
    text, word = pin(tmp_path, "prod", IMAGE)
    config = yaml.safe_load(text)["config"]
    assert (config["container-registry:repository"], promotion(config)["digest"]) == ("prod/yoon-app", DIGEST)
    assert word is None


def test_a_word_of_a_pin_names_the_file_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: container-registry\nstackConfigDir: stacks\n")
    pinned = PROMOTES.replace("from: staging", f"from: staging\n    digest: {ANOTHER}")
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(pinned)
    assert pin(tmp_path, "prod", IMAGE) == (pinned, f"stacks/Pulumi.prod.yaml pins {ANOTHER}, which wins over {IMAGE}")


def test_a_promote_as_json_text_can_not_be_pinned_and_is_told_so(tmp_path: Path) -> None:
    text = 'config:\n  container-registry:promote: \'{"from": "dev"}\'\n'
    (tmp_path / "Pulumi.prod.yaml").write_text(text)
    with pytest.raises(InputError, match=r"^container-registry:promote: is JSON text in Pulumi\.prod\.yaml"):
        pin(tmp_path, "prod", IMAGE)


def test_what_a_stack_has_published_is_told_with_its_tag_or_without(project: Project) -> None:
    assert project.stack("image", "dev").stdout == f"{IMAGE}\n"
    assert project.stack("digest", "dev").stdout == f"{DIGEST}\n"


@pytest.mark.parametrize("script", ["stack", "setup"])
def test_nobodys_cdpath_leads_it_elsewhere(script: str, project: Project) -> None:
    (project.folder.parent / "other" / "ci").mkdir(parents=True)
    cdpath = f".:{project.folder.parent / 'other'}"
    done = project.run("sh", "-c", f"cd 'a project' && CDPATH={cdpath} exec ci/{script} digest dev")
    assert (done.returncode, done.stdout) == ((0, f"{DIGEST}\n") if script == "stack" else (0, "")), done.stderr


def test_a_folder_without_stack_files_says_so(project: Project) -> None:
    for file in project.folder.glob("Pulumi.*.yaml"):
        file.unlink()
    assert project.stack("up", "dev").stderr.endswith("stacks here: none\n")


def test_an_approved_image_is_promoted_whatever_the_source_has_published_by_then(project: Project) -> None:
    config = project.given("prod", PROMOTES, IMAGE)
    unpinned = project.given("prod", PROMOTES)
    assert promotion(config) == {**promotion(unpinned), "digest": DIGEST, "tag": "v1.2.3"}
    assert {**config, "container-registry:promote": None} == {**unpinned, "container-registry:promote": None}
    assert promotion(project.given("prod", PROMOTES, DIGEST)) == {**promotion(unpinned), "digest": DIGEST}


def test_nothing_else_in_the_stack_file_is_read_as_another_value(project: Project) -> None:
    project.given("prod", PROMOTES, IMAGE)
    written = project.said.with_name("said.config").read_text()
    for text in ("day: 2027-01-31, answer: yes, \"quoted\": 'no'", "{off: ", "wait: 0600", "secure: v1:AbC+/=="):
        assert text in written


def test_a_preview_is_of_the_approved_image_too(project: Project) -> None:
    (project.folder / "Pulumi.prod.yaml").write_text(PROMOTES)
    assert project.stack("preview", "prod", IMAGE).returncode == 0
    assert DIGEST in project.said.with_name("said.config").read_text()


@pytest.mark.parametrize(("pinned", "word"), [(DIGEST, ""), (ANOTHER, f"Pulumi.prod.yaml pins {ANOTHER}, which wins")])
def test_a_digest_in_the_stack_file_wins_so_that_rolling_back_works(project: Project, pinned: str, word: str) -> None:
    text = PROMOTES.replace("from: staging", f"from: staging\n    digest: {pinned}")
    (project.folder / "Pulumi.prod.yaml").write_text(text)
    done = project.stack("up", "prod", IMAGE)
    assert done.returncode == 0
    assert done.stderr == (f"{word} over {IMAGE}\n" if word else "")
    assert promotion(project.given("prod", text, IMAGE)) == promotion(project.given("prod", text))


def test_a_tag_in_the_stack_file_stays(project: Project) -> None:
    text = PROMOTES.replace("from: staging", "from: staging\n    tag: stable")
    config = promotion(project.given("prod", text, IMAGE))
    assert (config["tag"], config["digest"]) == ("stable", DIGEST)


def test_a_promotion_that_stands_elsewhere_in_the_file_is_not_changed_there(project: Project) -> None:
    text = "x: &p {from: staging}\nconfig:\n  container-registry:promote: *p\n  shop:other: *p\n"
    config = project.given("prod", text, IMAGE)
    assert promotion(config)["digest"] == DIGEST
    assert config["shop:other"] == {"from": "staging"}


def test_a_pin_that_is_no_digest_is_the_only_thing_said(project: Project) -> None:
    text = PROMOTES.replace("from: staging", "from: staging\n    digest: sha256:12")
    (project.folder / "Pulumi.prod.yaml").write_text(text)
    done = project.stack("up", "prod", IMAGE)
    assert done.returncode == 2
    assert done.stderr.startswith("error: container-registry:promote.digest: ")
    assert done.stderr.count("\n") == 1


def test_policies_are_checked_with_the_levels_of_the_stack(project: Project) -> None:
    pack = project.folder / "policies"
    (pack / "levels").mkdir(parents=True)
    (pack / "PulumiPolicy.yaml").touch()
    (pack / "levels" / "prod.json").touch()
    assert project.stack("preview", "dev").stderr == "error: policies/ has no .venv: run ci/setup first\n"
    (pack / ".venv").mkdir()
    options = {"dev": "", "prod": " --policy-pack-config policies/levels/prod.json"}
    for stack, levels in options.items():
        assert project.stack("preview", stack).returncode == 0
        assert project.operations()[-1].endswith(f" --policy-pack policies{levels} --diff")


@pytest.mark.parametrize("operation", ["preview", "up"])
def test_the_exit_code_of_pulumi_is_kept(project: Project, operation: str) -> None:
    assert project.stack(operation, "dev", ENDS="42").returncode == 42
    assert "ecr status" not in project.said.read_text()


def test_drift_after_an_up_is_its_exit_code(project: Project) -> None:
    assert project.stack("up", "dev", DRIFTED="1").returncode == 1


def test_set_up_takes_the_pulumi_that_is_there_and_installs_the_pack_once(project: Project) -> None:
    setup = str(project.folder / "ci" / "setup")
    (project.folder / "policies").mkdir()
    (project.folder / "policies" / "PulumiPolicy.yaml").touch()
    done = project.run(setup, VERSION="v3.300.0")
    assert done.returncode == 0, done.stderr
    install = "install --non-interactive"
    assert project.said.read_text().splitlines()[-2:] == [f"{install} --no-dependencies", install]
    (project.folder / "policies" / ".venv").mkdir()
    project.run(setup)
    assert project.said.read_text().splitlines()[-1] == f"{install} --no-dependencies"


CURL = """#!/bin/sh
test -z "$OFFLINE" || exit 6
while [ "$1" != --output-dir ]; do shift; done
cp "$RELEASE"/* "$2"
"""
BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "no network": ({"OFFLINE": "1"}, "error: pulumi 3.256.0 can't be downloaded; install it first, "),
    "another file": ({"SUM": "0" * 128}, "is not what its publisher's checksum says: nothing is installed"),
    "no checksum": ({"SUM": ""}, "is not what its publisher's checksum says: nothing is installed"),
}


def release(folder: Path, checksum: str | None) -> None:
    """A release of pulumi, as the publisher has it: an archive and its checksum."""
    inside = folder.with_name("inside") / "pulumi"
    executable(inside / "pulumi", PULUMI)
    folder.mkdir()
    archive = folder / f"pulumi-v3.256.0-linux-{'arm64' if os.uname().machine == 'aarch64' else 'x64'}.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", inside.parent, "pulumi"], check=True)
    real = subprocess.run(["sha512sum", archive], check=True, capture_output=True, text=True).stdout.split()[0]
    chosen = real if checksum is None else checksum
    (folder / "SHA512SUMS").write_text(f"{chosen}  {archive.name}\n" if chosen else f"{real}  another.tar.gz\n")


@pytest.mark.skipif(sys.platform != "linux", reason="releases for Linux")
def test_set_up_installs_a_release_whose_checksum_is_right(project: Project, tmp_path: Path) -> None:
    release(tmp_path / "release", None)
    executable(project.folder / "bin" / "curl", CURL)
    done = project.run(str(project.folder / "ci" / "setup"), RELEASE=str(tmp_path / "release"), VERSION="v3.99.0")
    assert done.returncode == 0, done.stderr
    assert (project.folder / "home" / ".pulumi" / "bin" / "pulumi").read_text() == PULUMI


@pytest.mark.skipif(sys.platform != "linux", reason="releases for Linux")
@pytest.mark.parametrize(("environment", "words"), BROKEN.values(), ids=BROKEN)
def test_set_up_installs_nothing_that_it_can_not_check(
    project: Project, tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    release(tmp_path / "release", environment.get("SUM"))
    executable(project.folder / "bin" / "curl", CURL)
    done = project.run(
        str(project.folder / "ci" / "setup"), RELEASE=str(tmp_path / "release"), VERSION="v3.99.0", **environment
    )
    assert done.returncode == 3
    assert words in done.stderr.splitlines()[-1]
    assert not (project.folder / "home" / ".pulumi" / "bin").exists()


def test_the_pinned_pulumi_is_one_that_the_project_runs_with() -> None:
    (line,) = [
        line for line in (ROOT / "ci" / "setup").read_text().splitlines() if line.startswith("readonly version=")
    ]
    assert tuple(int(part) for part in line.split()[1].removeprefix("version=").split(".")) >= MINIMUM
