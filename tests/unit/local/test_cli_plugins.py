"""Which plugins the plain `pulumi` command finds in a shell that uses the local cloud."""

from __future__ import annotations

import os
from pathlib import Path

from local import cli_plugins
from local.layout import Layout
from local.providers import Provider
from local.pulumi_cli import Engine

STAND_INS = (Provider("aws", None), Provider("docker", None))


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o755)
    return path


def installed(layout: Layout) -> set[str]:
    """The plugins there by their package, without the version; each has to be one that can be started."""
    scripts = sorted((layout.pulumi_home / "plugins").glob("*-v[0-9]*/pulumi-*"))
    assert all(os.access(script, os.X_OK) for script in scripts)
    assert all(script.name == f"pulumi-{script.parent.name.rpartition('-v')[0]}" for script in scripts)
    return {script.name.removeprefix("pulumi-") for script in scripts}


def test_where_there_is_nothing_real_the_stand_ins_serve(layout: Layout, tmp_path: Path) -> None:
    engine = Engine(tmp_path / "bin" / "pulumi", "3.256.0", "built with Go")
    assert cli_plugins.install(layout, STAND_INS, engine, {"PATH": ""}) == ()
    assert installed(layout) == {"language-python", "resource-aws", "resource-docker", "resource-pulumi-python"}


def test_what_the_official_release_has_beside_the_command_is_used(layout: Layout, tmp_path: Path) -> None:
    release = tmp_path / "release"
    for name in ("pulumi", "pulumi-language-python", "pulumi-resource-pulumi-python"):
        executable(release / name)
    link = tmp_path / "pulumi"
    link.symlink_to(release / "pulumi")
    cli_plugins.install(layout, STAND_INS, Engine(link, "3.300.0", "on PATH"), {"PATH": ""})
    assert installed(layout) == {"resource-aws", "resource-docker"}


def test_a_real_language_host_on_path_is_used(layout: Layout, tmp_path: Path) -> None:
    host = executable(tmp_path / "tools" / "pulumi-language-python")
    cli_plugins.install(layout, (), Engine(tmp_path / "pulumi", "3.256.0", ""), {"PATH": str(host.parent)})
    assert installed(layout) == {"resource-pulumi-python"}


def test_a_real_provider_in_the_users_home_goes_on_path_and_one_on_path_stays(layout: Layout, tmp_path: Path) -> None:
    home = tmp_path / "home"
    in_home = executable(home / "plugins" / "resource-aws-v7.51.1" / "pulumi-resource-aws")
    on_path = executable(tmp_path / "tools" / "pulumi-resource-docker")
    providers = (Provider("aws", in_home), Provider("docker", on_path))
    engine = Engine(tmp_path / "pulumi", "3.256.0", "")
    assert cli_plugins.install(layout, providers, engine, {"PATH": "", "PULUMI_HOME": str(home)}) == (in_home.parent,)
    assert installed(layout) == {"language-python", "resource-pulumi-python"}
