from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local import cli, policy_packs, stack_files, venvs
from local.errors import BadInput, Unavailable
from local.layout import Layout, default_checkout


@pytest.fixture
def made(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path | None]]:
    """A checkout with a pack, and environments that take no time to make: what was asked for."""
    levels = layout.checkout / "policies" / "levels"
    levels.mkdir(parents=True)
    (levels / "dev.json").write_text('{"all": "advisory"}')
    asked: list[tuple[str, Path | None]] = []

    def python_with(layout: Layout, tool: str, requirements: Path | None = None) -> Path:
        asked.append((tool, requirements))
        python = layout.cache / f"{tool}-{len(asked)}" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\n")
        return python

    monkeypatch.setattr(venvs, "python_with", python_with)
    return asked


def test_a_stack_has_its_level_file(layout: Layout, made: list[tuple[str, Path | None]]) -> None:
    pack = policy_packs.of_stack(layout, "dev")
    folder = layout.checkout / "policies"
    assert (pack.folder, pack.levels) == (folder, folder / "levels" / "dev.json")
    assert made == [("policies", folder / "requirements.txt")]


MISTAKES = {
    "none": ("prod", None, "policies/levels/prod.json: there is no such file; it says what the policies do"),
    "not JSON": ("dev", "{", "policies/levels/dev.json: is not JSON"),
    "misspelt": ("dev", '{"imutable-tags": "mandatory"}', "levels/dev.json: imutable-tags: there is no such policy"),
    "two": ("dev", '{"a": "b", "all": "c"}', "dev.json: a: there is no such policy"),
}


@pytest.mark.parametrize(("stack", "text", "line"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_refused_before_anything_is_installed(
    layout: Layout, made: list[tuple[str, Path | None]], stack: str, text: str | None, line: str
) -> None:
    if text is not None:
        (layout.checkout / "policies" / "levels" / f"{stack}.json").write_text(text)
    with pytest.raises(BadInput) as refusal:
        policy_packs.of_stack(layout, stack)
    assert line in str(refusal.value)
    assert made == []


def test_the_environment_is_linked_where_the_official_command_makes_its_own(
    layout: Layout, made: list[tuple[str, Path | None]]
) -> None:
    environment = layout.checkout / "policies" / ".venv"
    assert policy_packs.ensure(layout) == environment / "bin" / "python"
    assert environment.resolve() == layout.cache / "policies-1"
    policy_packs.ensure(layout)  # the requirements have changed meanwhile
    assert environment.resolve() == layout.cache / "policies-2"
    (layout.cache / "policies-2" / "bin" / "python").unlink()
    (layout.cache / "policies-2" / "bin").rmdir()
    (layout.cache / "policies-2").rmdir()  # the cache was emptied
    assert policy_packs.ensure(layout).exists()
    assert len(made) == 3
    assert sorted(path.name for path in environment.parent.iterdir()) == [".venv", "levels"]


def test_an_environment_of_somebody_elses_is_left_alone(layout: Layout, made: list[tuple[str, Path | None]]) -> None:
    environment = layout.checkout / "policies" / ".venv"
    environment.mkdir()
    assert policy_packs.ensure(layout) == environment / "bin" / "python"
    assert made == []
    assert not environment.is_symlink()


def test_the_engine_is_told_of_what_starts_a_pack(layout: Layout) -> None:
    [entry] = policy_packs.analyzers(layout)
    script = Path(entry["path"]) / "pulumi-analyzer-policy-python"
    assert entry["name"] == "policy-python"
    assert os.access(script, os.X_OK)
    before = script.stat().st_mtime_ns
    policy_packs.install(layout)
    assert script.stat().st_mtime_ns == before
    stack_files.write_project(layout, [], [entry])
    assert f"path: {entry['path']}" in (layout.workspace / "Pulumi.yaml").read_text()


@pytest.mark.parametrize("option", ["-virtualenv=.venv", "-virtualenv={folder}/.venv"])
def test_a_pack_is_started_with_its_own_interpreter(layout: Layout, tmp_path: Path, option: str) -> None:
    python = tmp_path / "with space" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    python.chmod(0o755)
    folder = tmp_path / "with space"
    command = [str(policy_packs.install(layout) / policy_packs.EXECUTABLE), "127.0.0.1:1", ".", "-toolchain=pip"]
    done = subprocess.run(
        [*command, option.format(folder=folder)], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout == "-u|-m|pulumi.policy|127.0.0.1:1|.|"
    python.unlink()
    failed = subprocess.run([*command, "-virtualenv=.venv"], cwd=folder, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr == (
        f"error: the policy pack {folder} has no .venv/bin/python: run pulumi install in its folder\n"
    )


@pytest.mark.parametrize("command", ["up", "preview"])
def test_a_mistake_in_a_level_file_stops_the_command_before_anything_starts(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_layout: Layout, stack: str) -> policy_packs.Pack:
        raise BadInput(f"policies/levels/{stack}.json: is not JSON")

    monkeypatch.setattr(policy_packs, "of_stack", refuse)
    assert default_checkout().exists()
    assert cli.main(["--state", str(tmp_path / "state"), command, "--policies", "dev"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "error: policies/levels/dev.json: is not JSON\n" in err
    assert not (tmp_path / "state" / "emulator").exists()


def test_checks_are_told_the_interpreter(
    layout: Layout,
    made: list[tuple[str, Path | None]],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy_packs, "from_environment", lambda _environ: layout)
    assert policy_packs.main() == 0
    assert capfd.readouterr().out == f"{layout.checkout}/policies/.venv/bin/python\n"

    def refuse(*_arguments: object) -> Path:
        raise Unavailable("could not install policies: no route to host; see install-policies.log")

    monkeypatch.setattr(venvs, "python_with", refuse)
    assert policy_packs.main() == 3
    assert capfd.readouterr() == (
        "",
        "error: could not install policies: no route to host; see install-policies.log\n",
    )
    assert len(made) == 1


def test_other_commands_know_no_policies(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["destroy", "--policies", "dev"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --policies" in capsys.readouterr().err
