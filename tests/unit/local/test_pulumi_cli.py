"""Which engine is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from local import engine_build, pulumi_cli
from local.engine_build import PINNED
from local.errors import Unavailable
from local.layout import Layout, default_checkout

OFFICIAL, BUILT = pulumi_cli._official_name(), pulumi_cli._built_name()


def fake(binary: Path, version: str) -> Path:
    binary.parent.mkdir(parents=True, exist_ok=True)
    binary.write_text(f"#!/bin/sh\necho {version}\n")
    binary.chmod(0o755)
    return binary


def path_with(tmp_path: Path, version: str) -> dict[str, str]:
    return {"PATH": str(fake(tmp_path / "bin" / "pulumi", version).parent)}


def test_the_one_on_path_comes_first(layout: Layout, tmp_path: Path) -> None:
    fake(layout.cache / BUILT / "bin" / "pulumi", "never asked")
    found = pulumi_cli.find(layout, path_with(tmp_path, "v3.300.1"))
    assert found == pulumi_cli.Engine(tmp_path / "bin" / "pulumi", "3.300.1", "on PATH")


def test_one_on_path_that_is_too_old_is_skipped_and_named(
    layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(layout.cache / BUILT / "bin" / "pulumi", "never asked")
    found = pulumi_cli.find(layout, path_with(tmp_path, "v3.255.9"))
    assert found is not None
    assert (found.version, found.origin) == (PINNED, "built with Go, cached")
    assert "is skipped: version 3.255.9; 3.256.0 or newer" in capsys.readouterr().err


def test_a_cached_official_release_comes_before_a_cached_build(layout: Layout) -> None:
    fake(layout.cache / BUILT / "bin" / "pulumi", "never asked")
    fake(layout.cache / OFFICIAL / "bin" / "pulumi", "never asked")
    found = pulumi_cli.find(layout, {})
    assert found is not None
    assert found.origin == "official release, cached"
    assert re.fullmatch(r"3\.\d+\.\d+", found.version)


def test_nothing_there_is_nothing_found(layout: Layout) -> None:
    assert pulumi_cli.find(layout, {}) is None


@pytest.mark.parametrize("version", ["3.256.0", "3.256.1", "3.1000.0", "3.300.0-dev.1"])
def test_fitting_versions(version: str) -> None:
    assert pulumi_cli.fits(version)


@pytest.mark.parametrize("version", ["3.255.99", "2.999.0", "4.0.0", "", "unknown"])
def test_versions_that_do_not_fit(version: str) -> None:
    assert not pulumi_cli.fits(version)


def test_the_minimum_is_the_projects() -> None:
    project = yaml.safe_load((default_checkout() / "Pulumi.yaml").read_text())
    assert project["requiredPulumiVersion"] == ">=" + ".".join(map(str, pulumi_cli.MINIMUM))


def test_the_pinned_module_is_the_pinned_version() -> None:
    modules = (engine_build.SOURCE / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{PINNED}" in modules
    assert f"go {'.'.join(map(str, engine_build.GO_MINIMUM))}\n" in modules


REFUSALS = {
    "proxy says 403": "go: github.com/x/y@v1.0.0: reading https://proxy.example/x/y/@v/v1.0.0.zip: 403 Forbidden",
    "proxy says 451": "verifying module: reading https://proxy.example/x/y.info: 451 Unavailable For Legal Reasons",
}
FAILURES = {
    "out of reach": 'Get "https://proxy.example/x": dial tcp: lookup proxy.example: no such host',
    "slow": 'Get "https://proxy.example/x": net/http: TLS handshake timeout',
    "does not compile": "# github.com/x/y\n./main.go:4:3: undefined: z",
    "proxy does not have it": "github.com/x/y@v1.0.0: reading https://proxy.example/x: 404 Not Found",
    "withdrawn": "verifying module: reading https://proxy.example/x/y/@v/v1.0.0.info: 410 Gone",
    "server error": "reading https://proxy.example/x: 502 Bad Gateway",
}


def build_with(go: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Unavailable:
    """Build with a `go` made of shell; what it raises."""
    binary = tmp_path / "go-bin" / "go"
    binary.parent.mkdir()
    binary.write_text(f"#!/bin/sh\n{go}\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binary.parent}:/usr/bin:/bin")
    (tmp_path / "draft").mkdir()
    with pytest.raises(Unavailable) as caught:
        engine_build.build(tmp_path / "draft", tmp_path / "logs")
    return caught.value


@pytest.mark.parametrize("output", REFUSALS.values(), ids=REFUSALS)
def test_a_refusing_module_proxy_is_told_apart(output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = build_with(f"[ $1 = env ] && echo go1.26.0 && exit; echo '{output}'; exit 1", tmp_path, monkeypatch)
    assert error.refused
    assert "refused a module" in error.reason


@pytest.mark.parametrize("output", FAILURES.values(), ids=FAILURES)
def test_any_other_failure_is_no_refusal(output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = build_with(f"[ $1 = env ] && echo go1.26.0 && exit; echo '{output}'; exit 1", tmp_path, monkeypatch)
    assert not error.refused
    assert "engine-build.log" in error.reason


def test_a_go_that_is_too_old_is_named_with_the_needed_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = build_with("echo go1.25.10", tmp_path, monkeypatch)
    assert "needs Go 1.25.11 or newer" in error.reason
    assert "go1.25.10" in error.reason


@pytest.mark.parametrize(("answer", "refused"), [("403 Forbidden", True), ("404 Not Found", False)])
def test_a_toolchain_that_go_may_not_download_is_a_refusal(
    *, answer: str, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"go: download go1.25.11: golang.org/toolchain@v0.0.1: reading https://proxy.example/toolchain.zip: {answer}"
    error = build_with(f"echo '{said}' >&2; exit 1", tmp_path, monkeypatch)
    assert error.refused is refused
    assert answer in error.reason


def test_no_go_at_all_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"install the Pulumi CLI, or Go 1\.25\.11"):
        engine_build.build(tmp_path, tmp_path)
