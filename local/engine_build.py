"""The Pulumi CLI built with Go from its module, for machines that its download site is out of reach of.

`local/engine/go.mod` pins every module and `go.sum` their contents: the binary is what the module's authors published.
"""

# ruff: noqa: S603 - commands of our own as lists, no shell

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from local import cache
from local.console import run_logged
from local.errors import Unavailable
from local.venvs import last_error

PINNED = "3.256.0"  # newer ones are refused by module proxies that only serve modules of a certain age
GO_MINIMUM = (1, 25, 11)  # the module's own `go` line
COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
SOURCE = Path(__file__).parent / "engine"
# How `go` reports that a module proxy answered and refused, as opposed to not answering, or not having the module.
# A Go toolchain is a module, too.
REFUSED = re.compile(r"reading \S+: (?:403|451)\b")


def recipe() -> str:
    """A short digest of the modules that go in."""
    return hashlib.sha256((SOURCE / "go.mod").read_bytes() + (SOURCE / "go.sum").read_bytes()).hexdigest()[:8]


def build(draft: Path, logs: Path) -> None:
    """Build `draft/bin/pulumi`. Cold: 5 to 7 minutes on two cores; warm: seconds.

    Raises:
        Unavailable: no Go, one that is too old, or a failed build; `refused` when the module proxy said no.
    """
    go = _go()
    module = draft / "module"
    shutil.copytree(SOURCE, module)
    log = logs / "engine-build.log"
    flags = f"-s -w -X {VERSION_VARIABLE}=v{PINNED}"
    # -v names each package as it is compiled, -x is too much: the progress line shows the last one.
    argv = [go, "build", "-v", "-trimpath", "-ldflags", flags, "-o", str(draft / "bin" / "pulumi"), COMMAND]
    env = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    code, output = run_logged(argv, f"building the Pulumi engine v{PINNED} with Go (5 minutes when cold)", log,
                              env=env, cwd=module)  # fmt: skip
    if code:
        cache.check_space(output, draft)
        refused = REFUSED.search(output) is not None
        why = "the Go module proxy refused a module" if refused else "the build failed"
        raise Unavailable(f"no Pulumi engine: {why}: {last_error(output)}; see {log}", refused=refused)
    shutil.rmtree(module)


def _go() -> str:
    needed = ".".join(map(str, GO_MINIMUM))
    go = shutil.which("go")
    if not go:
        raise Unavailable(f"no Pulumi engine: install the Pulumi CLI, or Go {needed} or newer to build it with")
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, cwd=SOURCE)
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", said.stdout.strip())
    found = tuple(int(part or 0) for part in match.groups()) if match else ()
    if found < GO_MINIMUM:
        seen = said.stdout.strip() or last_error(said.stderr)
        raise Unavailable(
            f"no Pulumi engine: building it needs Go {needed} or newer; {go} is {seen}",
            refused=REFUSED.search(said.stderr) is not None,  # the newer toolchain that go would download by itself
        )
    return go
