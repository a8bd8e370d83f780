"""The `promote` section of a stack file. The gate's own keys: tests/unit/ecr/test_gate_config.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecr.errors import InputErrors
from ecr.promotion import Promotion
from ecr.scan import GateOff, ScanGate
from ecr.severity import Severity
from settings import parse

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
STACK_RULE = "the name of a stack, such as dev"
DIGEST_RULE = "a complete digest: sha256: and 64 lower-case hex digits"
TAG_RULE = "1 to 128 letters, digits"


def promote(**section: object) -> dict[str, object]:
    return {"repository": "staging/yoon-app", "promote": section}


def mistakes(values: dict[str, object], *, stack: str | None = None) -> list[str]:
    with pytest.raises(InputErrors) as raised:
        parse(values, Path(), stack=stack)
    return [str(error) for error in raised.value.errors]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        pytest.param(
            {"from": "dev"}, Promotion(source_stack="dev", digest=None, tag=None, gate=ScanGate()), id="source-alone"
        ),
        pytest.param(
            {"from": "acme/shop/dev", "digest": DIGEST, "tag": "v1.2.3"},
            Promotion(source_stack="acme/shop/dev", digest=DIGEST, tag="v1.2.3", gate=ScanGate()),
            id="pinned",
        ),
        pytest.param(
            {"from": "dev", "gate": {"maxSeverity": "CRITICAL"}},
            Promotion(source_stack="dev", digest=None, tag=None, gate=ScanGate(max_severity=Severity.CRITICAL)),
            id="gate",
        ),
        pytest.param(
            {"from": "dev", "gate": {"off": "an incident"}},
            Promotion(source_stack="dev", digest=None, tag=None, gate=GateOff("an incident")),
            id="gate-off",
        ),
    ],
)
def test_a_good_section_is_read_from_values_and_from_pulumis_text(
    section: dict[str, object], expected: Promotion
) -> None:
    assert parse(promote(**section), Path()).promote == expected
    assert parse({**promote(), "promote": json.dumps(section)}, Path()).promote == expected


@pytest.mark.parametrize("value", [None, {}, "{}"])
def test_without_the_section_nothing_is_promoted(value: object) -> None:
    assert parse({"repository": "dev/app", "promote": value}, Path()).promote is None


@pytest.mark.parametrize(
    ("section", "key", "seen", "allowed"),
    [
        pytest.param({"tag": "v1"}, "promote.from", "is missing", STACK_RULE, id="no-source"),
        pytest.param({"from": ""}, "promote.from", '""', STACK_RULE, id="empty-source"),
        pytest.param({"from": 1}, "promote.from", "1", STACK_RULE, id="source-number"),
        pytest.param({"from": "a/b/c/d"}, "promote.from", '"a/b/c/d"', STACK_RULE, id="four-parts"),
        pytest.param({"from": "dev "}, "promote.from", '"dev "', STACK_RULE, id="blank"),
        pytest.param({"from": "/dev"}, "promote.from", '"/dev"', STACK_RULE, id="empty-part"),
        pytest.param({"from": "dev", "digest": "v1"}, "promote.digest", '"v1"', DIGEST_RULE, id="digest-is-a-tag"),
        pytest.param({"from": "dev", "digest": DIGEST[:-1]}, "promote.digest", '"sha256:', DIGEST_RULE, id="short"),
        pytest.param({"from": "dev", "digest": DIGEST.upper()}, "promote.digest", '"SHA256:', DIGEST_RULE, id="upper"),
        pytest.param({"from": "dev", "digest": f"x@{DIGEST}"}, "promote.digest", '"x@sha', DIGEST_RULE, id="image-uri"),
        pytest.param({"from": "dev", "tag": "a b"}, "promote.tag", '"a b"', TAG_RULE, id="tag"),
        pytest.param({"from": "dev", "tag": 1.0}, "promote.tag", "1.0", TAG_RULE, id="tag-number"),
        pytest.param({"from": "dev", "gate": "HIGH"}, "promote.gate", '"HIGH"', "an object", id="gate-text"),
        pytest.param({"from": "dev", "gates": {}}, "promote.gates", "is not a known key", "digest, from", id="unknown"),
        pytest.param(
            {"from": "dev", "gate": {"severity": "HIGH"}},
            "promote.gate.severity",
            "is not a known key",
            "known: ignore, maxSeverity",
            id="unknown-in-gate",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_the_key_the_value_and_what_is_allowed(
    section: dict[str, object], key: str, seen: str, allowed: str
) -> None:
    (line,) = mistakes(promote(**section))
    assert line.startswith(f"container-registry:{key}: ")
    assert seen in line
    assert allowed in line


def test_a_stack_can_not_promote_from_itself() -> None:
    (line,) = mistakes(promote(**{"from": "staging"}), stack="staging")
    assert line == (
        'container-registry:promote.from: is "staging", this very stack; accepted: the stack to promote from'
    )


def test_a_stack_builds_or_promotes_but_not_both(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    values = {**promote(**{"from": "dev"}), "build": {"context": "."}}
    with pytest.raises(InputErrors, match=r"^container-registry:promote: is set and so is build; a stack builds"):
        parse(values, tmp_path)


ROLES = [
    pytest.param("github", {"repository": "acme/shop", "branches": ["main"]}, id="GitHub"),
    pytest.param("codeBuild", {"projects": ["shop-build"]}, id="CodeBuild"),
]


@pytest.mark.parametrize(("key", "role"), ROLES)
def test_enhanced_scanning_is_refused_where_nothing_is_promoted(key: str, role: dict[str, object]) -> None:
    asked: dict[str, object] = {**role, "enhancedScanning": True}
    assert mistakes({"repository": "dev/yoon-app", key: asked}) == [
        f"container-registry:{key}.enhancedScanning: is true, and acts in a stack that promotes only; take it out"
    ]
    for accepted in ({**promote(**{"from": "dev"}), key: asked}, {"repository": "dev/yoon-app", key: role}):
        assert parse(accepted, Path()).repository == accepted["repository"]
