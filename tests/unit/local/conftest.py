"""A checkout and a layout in a temporary directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "Pulumi.yaml").write_text(
        "name: container-registry\nruntime: {name: python, options: {virtualenv: x}}\n"
    )
    (checkout / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: ap-northeast-2\n  aws:profile: mine\n"
        "  container-registry:repository: dev/app\n  container-registry:build: {tag: v1}\n"
    )
    (checkout / "Pulumi.prod.yaml").write_text("config:\n  container-registry:repository: prod/app\n")
    made = Layout(checkout=checkout, state=tmp_path / "state", cache=tmp_path / "cache", port=4599)
    made.prepare()
    return made
