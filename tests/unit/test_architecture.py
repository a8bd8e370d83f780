from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# ecr/__init__.py tells the two kinds apart.
PURE = (
    "config_reader",
    "errors",
    "reference",
    "repository",
    "lifecycle.ages",
    "lifecycle.evaluation",
    "lifecycle.explanation",
    "lifecycle.image_sets",
    "lifecycle.guard",
    "lifecycle.images",
    "lifecycle.numbering",
    "lifecycle.patterns",
    "lifecycle.relations",
    "lifecycle.selection",
    "lifecycle.tag_index",
    "lifecycle.policy",
    "lifecycle.reading",
    "lifecycle.rules",
    "lifecycle.advice",
    "lifecycle.validation",
    "strict_json",
    "lifecycle.documents",
    "lifecycle.forecast",
    "lifecycle.comparison",
    "build",
    "publication",
    "severity",
    "scan",
    "gate_config",
    "lifecycle_config",
    "sarif",
    "status",
    "tables",
    "oci.manifest",
    "promotion",
    "protection",
    "image_list",
    "clean",
    "regions",
    *(
        f"access.{name}"
        for name in (
            *("actions", "code_build", "documents", "eks", "github", "identity", "key_policy", "names"),
            *("permissions", "principals", "repository_policy", "roles"),
        )
    ),
    *(f"notifications.{name}" for name in ("events", "messages", "patterns", "policies", "topics")),
    *(
        f"registry.{name}"
        for name in (
            *("account_settings", "exclusions", "policy", "pull_through", "replication", "scanning"),
            *("settings", "templates", "upstreams"),
        )
    ),
    *(
        f"{name}_config"
        for name in (
            *("access", "code_build", "creation_template", "eks", "endpoints", "github", "notifications"),
            *("pipeline", "pull_through", "registry", "repository"),
        )
    ),
    *(f"pipeline.{name}" for name in ("model", "names", "policies", "stack_policy", "stages", "validation")),
    "endpoint_policy",
    "endpoints",
    "kubernetes",
    "problems",
    "tagging",
    "doctor.checks",
    *(f"cost.{name}" for name in ("estimate", "layers", "price_list", "prices", "showing", "variants")),
    *(f"report.{name}" for name in ("board", "deletions", "document", "facts", "history", "lookup")),
    *(f"report.{name}" for name in ("scanned", "views", "words")),
    "drift",
    "policy_drift",
    "stack_name",
    "stack_resources",
    "target",
)
REGISTRY = tuple(
    f"oci.{name}"
    for name in (
        *("transport", "http_transport", "credentials", "registry", "authorization", "session", "exchange"),
        *("repository", "referrers", "referrers_api", "graph", "copying", "verifying", "registries"),
    )
)
AWS = (
    "aws.answers",
    "aws.deletion",
    "aws.errors",
    "aws.repository",
    "aws.findings",
    "aws.images",
    "aws.layers",
    "aws.lifecycle",
    "aws.live",
    "aws.live_settings",
    "aws.prices",
    "aws.usage",
)
TALKING = (
    *REGISTRY,
    *AWS,
    "ahead",
    "at_once",
    "build_context",
    "cleaning",
    "cost_plot",
    "costing",
    "doctor.examination",
    "doctor.network",
    "doctor.trail",
    "drawing",
    "drifting",
    "gate",
    "json_file",
    "yaml_text",
    "plot",
    "layer_cache",
    "lifecycle_look",
    "price_table",
    "promoter",
    "protecting",
    "report.output",
    "report.page",
    "reporting",
    "stack_file",
    "stacks",
)
CLI = tuple(
    f"cli.{name}"
    for name in (
        *(
            "app",
            "arguments",
            "completing",
            "completion",
            "console",
            "copy",
            "cost",
            "doctor",
            "drift",
            "loading",
            "manifest",
            "plots",
            "progress",
            "repositories",
            "scan",
        ),
        *("clean", "images", "report", "status", "targets", "verify"),
        *(
            f"lifecycle.{name}"
            for name in ("sources", "files", "validate", "simulate", "explain", "forecast", "compare")
        ),
    )
)

# What `__main__.py` is made of, beside the components: every other file beside it.
PROGRAM = tuple(sorted(path.stem for path in ROOT.glob("*.py") if path.stem != "__main__"))

PRODUCT = [
    *sorted((ROOT / "ecr").rglob("*.py")),
    *sorted((ROOT / "components").glob("*.py")),
    *(ROOT / name for name in (*(f"{name}.py" for name in PROGRAM), "__main__.py")),
]
OURS = {"components", "ecr", "local", "tests", "benchmarks", *PROGRAM}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(source: str) -> Iterator[str]:
    """The top-level packages that a file imports anywhere: at the top, in functions, for types, or by name."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module.partition(".")[0]


# ---------------------------------------------------------------------------------------------------------------------
# What is written
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import local", id="import"),
        pytest.param("import json, local.cli as cli", id="among-others"),
        pytest.param("from local.cli import main", id="from"),
        pytest.param("def f():\n    from local import cli", id="in-a-function"),
        pytest.param("if TYPE_CHECKING:\n    import local.cli", id="for-types"),
        pytest.param("importlib.import_module('local.cli')", id="by-name"),
        pytest.param("__import__('local')", id="by-dunder"),
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str) -> None:
    assert "local" in set(imported(source))


@pytest.mark.parametrize("source", ["from . import local", "import locale", "local = 1", "from ecr import local"])
def test_a_word_that_looks_like_an_import_is_none(source: str) -> None:
    assert "local" not in set(imported(source))


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_the_product_knows_nothing_of_the_local_cloud(path: Path) -> None:
    assert not {"local", "tests", "benchmarks"} & set(imported(path.read_text()))


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_dependencies_point_from_the_program_to_the_components_to_the_domain(path: Path) -> None:
    allowed = {"ecr": {"ecr"}, "components": {"components", "ecr"}}.get(path.relative_to(ROOT).parts[0], OURS)
    assert set(imported(path.read_text())) & OURS <= allowed


@pytest.mark.parametrize(
    ("package", "files"),
    [
        pytest.param("boto3", {"ecr/aws/prices.py", "ecr/aws/repository.py"}, id="boto3"),
        pytest.param("botocore", {f"ecr/aws/{n}.py" for n in ("errors", "prices", "repository")}, id="botocore"),
        pytest.param("urllib3", set(), id="urllib3"),
        pytest.param(
            "http",
            {f"ecr/oci/{n}.py" for n in ("http_transport", "authorization", "exchange", "repository", "referrers_api")},
            id="http",
        ),
        pytest.param("docker", {"ecr/build_context.py"}, id="docker"),
        pytest.param("leather", {"ecr/drawing.py"}, id="leather"),
        pytest.param("jinja2", {"ecr/report/page.py"}, id="jinja2"),
        pytest.param("rich", {"ecr/cli/progress.py"}, id="rich"),
        pytest.param("yaml", {"ecr/stack_file.py", "ecr/yaml_text.py"}, id="yaml"),
    ],
)
def test_one_file_talks_to_each_outside_party(package: str, files: set[str]) -> None:
    assert {name_of(path) for path in PRODUCT if package in set(imported(path.read_text()))} == files


def test_every_file_of_the_domain_is_known_as_one_that_decides_or_one_that_talks() -> None:
    files = (ROOT / "ecr").rglob("*.py")
    modules = {
        ".".join(path.relative_to(ROOT / "ecr").with_suffix("").parts) for path in files if path.stem[:2] != "__"
    }
    assert modules == {*PURE, *TALKING, *CLI}


def test_the_program_stays_short() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60


# ---------------------------------------------------------------------------------------------------------------------
# What is loaded
# ---------------------------------------------------------------------------------------------------------------------

# Loads step by step in one fresh interpreter, and tells what each step has brought. What is asked about is forgotten
# between the steps, so that each is charged with all that it needs.
PROBE = """
import importlib, json, sys

steps = json.loads(sys.argv[1])
loaded = {}
for step, modules in steps.items():
    before = set(sys.modules)
    for module in modules:
        importlib.import_module(module)
    new = set(sys.modules) - before
    loaded[step] = sorted({name.partition(".")[0] for name in new} - sys.stdlib_module_names)
    for name in new:
        if name.partition(".")[0] in {"ecr", "boto3", "botocore", "docker", "urllib3"}:
            del sys.modules[name]
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Step -> the packages that it loads."""
    steps = {
        "pure": [f"ecr.{name}" for name in PURE],
        "talking": [f"ecr.{name}" for name in TALKING],
        "components": [f"components.{path.stem}" for path in (ROOT / "components").glob("[!_]*.py")],
    }
    probe = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(steps)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {step: set(packages) for step, packages in json.loads(probe.stdout).items()}


def test_what_decides_loads_nothing_but_the_standard_library(loaded: dict[str, set[str]]) -> None:
    assert loaded["pure"] == {"ecr"}


def test_what_talks_loads_no_pulumi(loaded: dict[str, set[str]]) -> None:
    assert {"ecr", "boto3", "docker", "urllib3"} <= loaded["talking"]
    assert {name for name in loaded["talking"] if name.startswith("pulumi")} == set()


def test_the_components_load_neither_boto3_nor_pulumi_docker(loaded: dict[str, set[str]]) -> None:
    assert {"components", "ecr", "pulumi", "pulumi_aws"} <= loaded["components"]
    assert not {"boto3", "botocore", "docker", "pulumi_docker"} & loaded["components"]
