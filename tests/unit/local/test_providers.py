"""Which plugins serve."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local import providers
from local.layout import Layout


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def chosen(environ: dict[str, str]) -> dict[str, Path | None]:
    return {provider.package: provider.real for provider in providers.select(environ)}


def test_without_real_plugins_the_stand_ins_serve(tmp_path: Path) -> None:
    assert chosen({"PATH": "", "PULUMI_HOME": str(tmp_path)}) == {"aws": None, "docker": None}


def test_a_plugin_on_path_wins_over_one_in_pulumi_home(tmp_path: Path) -> None:
    on_path = executable(tmp_path / "bin/pulumi-resource-aws")
    executable(tmp_path / "home/plugins/resource-aws-v7.51.1/pulumi-resource-aws")
    environ = {"PATH": str(on_path.parent), "PULUMI_HOME": str(tmp_path / "home")}
    assert chosen(environ) == {"aws": on_path, "docker": None}
    assert not providers.uses_real_home(providers.select(environ), environ)


def test_a_plugin_in_pulumi_home_is_used_with_that_home(tmp_path: Path) -> None:
    plugin = executable(tmp_path / "plugins/resource-docker-v5.2.0/pulumi-resource-docker")
    environ = {"PATH": "", "PULUMI_HOME": str(tmp_path)}
    assert chosen(environ) == {"aws": None, "docker": plugin}
    assert providers.uses_real_home(providers.select(environ), environ)


def test_another_packages_plugin_is_not_taken_for_it(tmp_path: Path) -> None:
    executable(tmp_path / "plugins/resource-aws-native-v1.0.0/pulumi-resource-aws-native")
    executable(tmp_path / "plugins/resource-docker-build-v1.0.0/pulumi-resource-docker-build")
    assert chosen({"PATH": "", "PULUMI_HOME": str(tmp_path)}) == {"aws": None, "docker": None}


def test_only_missing_packages_get_a_script_and_dynamic_resources_always(layout: Layout) -> None:
    real = providers.Provider("aws", Path("/usr/bin/pulumi-resource-aws"))
    entries = providers.install(layout, (real, providers.Provider("docker", None)))
    assert [entry["name"] for entry in entries] == ["docker", "pulumi-python"]
    for entry in entries:
        assert os.access(Path(entry["path"]) / f"pulumi-resource-{entry['name']}", os.X_OK)


def test_a_script_runs_its_module_with_this_interpreter_from_the_checkout(layout: Layout) -> None:
    checkout = layout.checkout.parent / "it's a checkout"
    checkout.mkdir()
    (checkout / "probe.py").write_text("import sys; print(sys.executable, *sys.argv[1:], sep='|')")
    odd = replace(layout, checkout=checkout)
    (odd.run / "plugins").mkdir()
    (odd.state / "probe").write_text(providers.wrapper(odd, "probe"))
    done = subprocess.run(["sh", str(odd.state / "probe"), "a b", "c"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{sys.executable}|a b|c\n"
    assert len(list((odd.run / "plugins").iterdir())) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_pid_file_of_a_process_that_serves_nothing_of_ours_is_dropped(layout: Layout) -> None:
    folder = layout.run / "plugins"
    folder.mkdir()
    for name in (str(os.getpid()), str(2**22 + 1), "not-a-pid"):
        (folder / name).write_text("")
    assert providers.orphans(layout) == []
    assert not list(folder.iterdir())
