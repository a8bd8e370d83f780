"""Projects whose stacks `pulumi` knows, without a Pulumi: a script answers as the command does."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.unit.ecr.cli.amazon import ACCOUNT, HOST, REGION, push


class Deploy(Protocol):
    """Tells `pulumi` which stacks it knows."""

    def __call__(
        self,
        stacks: Mapping[str, Mapping[str, object]],
        *,
        states: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    ) -> None:
        """Stack -> its outputs; and stack -> the resources in its state, none where it is not named."""


def outputs(stack: str, digest: str | None = None, **more: object) -> dict[str, object]:
    """What a stack says after a deployment."""
    name = f"{stack}/yoon-app"
    said: dict[str, object] = {"repository_arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"}
    if digest:
        said |= {"image_tag": "v1.0.0", "image_digest": digest, "image_uri": f"{HOST}/{name}@{digest}"}
    return said | more


def exported(resources: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """A state as `pulumi stack export` writes it."""
    return {"version": 3, "deployment": {"manifest": {}, "resources": list(resources)}}


def chain() -> dict[str, dict[str, object]]:
    """Three stacks with one image, each promoted from the one before."""
    names = ("dev", "staging", "prod")
    digest = {push(f"{name}/yoon-app", "v1.0.0") for name in names}.pop()
    uris = {name: f"{HOST}/{name}/yoon-app@{digest}" for name in names}
    gate = {"passed": True, "off": "", "max_severity": "HIGH", "ignored": []}
    return {
        "prod": outputs("prod", digest, promoted_from=uris["staging"], gate=gate),
        "dev": outputs("dev", digest),
        "staging": outputs("staging", digest, promoted_from=uris["dev"], gate=gate),
    }


def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Goes to a new project there; what it returns tells `pulumi` which stacks it knows, with their outputs."""
    commands = folder / "bin"
    commands.mkdir()
    (folder / "Pulumi.yaml").write_text("name: container-registry\n")
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.chdir(folder)

    def install(
        stacks: Mapping[str, Mapping[str, object]],
        *,
        states: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    ) -> None:
        known = states or {}
        exports = {name: shlex.quote(json.dumps(exported(known.get(name, ())))) for name in stacks}
        cases = [f'"stack ls "*) echo {shlex.quote(json.dumps([{"name": name} for name in stacks]))};;']
        cases += [f'"stack export "*--stack={name}" "*) printf %s {text};;' for name, text in exports.items()]
        cases += [f"*--stack={name}' '*) echo {shlex.quote(json.dumps(said))};;" for name, said in stacks.items()]
        script = commands / "pulumi"
        script.write_text(
            f'#!/bin/sh\ncase "$* " in {" ".join(cases)} *) echo "error: no such stack" >&2; exit 6;; esac\n'
        )
        script.chmod(0o755)

    return install
