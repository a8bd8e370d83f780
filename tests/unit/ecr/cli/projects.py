"""Projects whose stacks `pulumi` knows, without a Pulumi: a script answers as the command does."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.unit.ecr.cli.amazon import ACCOUNT, HOST, REGION

Deploy = Callable[[Mapping[str, Mapping[str, object]]], None]


def outputs(stack: str, digest: str | None = None, **more: object) -> dict[str, object]:
    """What a stack says after a deployment."""
    name = f"{stack}/yoon-app"
    said: dict[str, object] = {"repository_arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"}
    if digest:
        said |= {"image_tag": "v1.0.0", "image_digest": digest, "image_uri": f"{HOST}/{name}@{digest}"}
    return said | more


def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Goes to a new project there; what it returns tells `pulumi` which stacks it knows, with their outputs."""
    commands = folder / "bin"
    commands.mkdir()
    (folder / "Pulumi.yaml").write_text("name: container-registry\n")
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.chdir(folder)

    def install(stacks: Mapping[str, Mapping[str, object]]) -> None:
        cases = [f'"stack ls "*) echo {shlex.quote(json.dumps([{"name": name} for name in stacks]))};;']
        cases += [f"*--stack={name}' '*) echo {shlex.quote(json.dumps(said))};;" for name, said in stacks.items()]
        script = commands / "pulumi"
        script.write_text(
            f'#!/bin/sh\ncase "$* " in {" ".join(cases)} *) echo "error: no such stack" >&2; exit 6;; esac\n'
        )
        script.chmod(0o755)

    return install
