from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecr.build import ImageBuild
from ecr.errors import ExitCode, InputError, InputErrors
from ecr.lifecycle.rules import DEFAULT_POLICY
from ecr.lifecycle_config import LifecycleConfig, LifecycleGuard
from ecr.promotion import Promotion
from ecr.repository import Encryption, EncryptionType, Mutability, TagMutability
from ecr.scan import ScanGate
from settings import Settings, parse

ROOT = Path(__file__).resolve().parents[2]
KEY_ARN = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALIAS_ARN = "arn:aws:kms:ap-northeast-2:123456789012:alias/images"
KNOWN_KEYS = {
    "repository",
    "tagMutability",
    "mutabilityExclusions",
    "scanOnPush",
    "encryption",
    "lifecycle",
    "lifecycleGuard",
    "forceDelete",
    "protect",
    "tags",
    "build",
    "promote",
    "access",
    "github",
    "eks",
    "codeBuild",
    "endpoints",
    "registry",
    "notifications",
    "pipeline",
}
SECRET = "made-up-and-secret"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder: app/ can be built, empty/ has no Dockerfile, a-file is no folder."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("app", "empty", "elsewhere"):
        (root / folder).mkdir()
    (root / "app/Dockerfile").write_text("FROM scratch\n")
    (root / "elsewhere/Other.Dockerfile").write_text("FROM scratch\n")
    (root / "a-file").write_text("")
    return root


def with_repository(values: Mapping[str, object]) -> dict[str, object]:
    return {"repository": "dev/yoon-app", **values}


def mistakes(values: Mapping[str, object], root: Path, *, secret_keys: frozenset[str] = frozenset()) -> list[str]:
    """The lines that a user reads; only `InputErrors` may be raised."""
    with pytest.raises(InputErrors) as raised:
        parse(values, root, secret_keys=secret_keys)
    # Not splitlines(): a terminal breaks lines at a line feed, Pulumi's log at nothing else.
    lines = str(raised.value).split("\n")
    assert [str(error) for error in raised.value.errors] == lines
    assert all(line.isprintable() for line in lines)
    return lines


def as_pulumi_text(value: object) -> str:
    """A value of a stack file as the Pulumi CLI hands it to the program."""
    return value if isinstance(value, str) else json.dumps(value)


def stack_file(stack: str) -> dict[str, str]:
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    prefix = "container-registry:"
    return {key.removeprefix(prefix): as_pulumi_text(value) for key, value in config.items() if key.startswith(prefix)}


# ---------------------------------------------------------------------------------------------------------------------
# The stacks of this project
# ---------------------------------------------------------------------------------------------------------------------

STACKS = [
    pytest.param(
        "dev",
        Settings(
            repository="dev/yoon-app",
            tag_mutability=TagMutability(Mutability.MUTABLE),
            scan_on_push=True,
            encryption=Encryption(EncryptionType.AES256),
            lifecycle=LifecycleConfig(DEFAULT_POLICY),
            lifecycle_guard=LifecycleGuard.WARN,
            force_delete=True,
            protect=False,
            tags={"environment": "dev"},
            build=ImageBuild(
                context="images/nginx",
                dockerfile="images/nginx/Dockerfile",
                tag="v1.0.0",
                platform="linux/amd64",
                args={},
            ),
            promote=None,
            region="ap-northeast-2",
            profile=None,
        ),
        id="dev",
    ),
    pytest.param(
        "staging",
        Settings(
            repository="staging/yoon-app",
            tag_mutability=TagMutability(Mutability.IMMUTABLE),
            scan_on_push=True,
            encryption=Encryption(EncryptionType.AES256),
            lifecycle=LifecycleConfig(DEFAULT_POLICY),
            lifecycle_guard=LifecycleGuard.WARN,
            force_delete=False,
            protect=False,
            tags={"environment": "staging"},
            build=None,
            promote=Promotion(source_stack="dev", digest=None, tag=None, gate=ScanGate()),
            region="ap-northeast-2",
            profile=None,
        ),
        id="staging",
    ),
    pytest.param(
        "prod",
        Settings(
            repository="prod/yoon-app",
            tag_mutability=TagMutability(Mutability.IMMUTABLE),
            scan_on_push=True,
            encryption=Encryption(EncryptionType.AES256),
            lifecycle=LifecycleConfig(DEFAULT_POLICY),
            lifecycle_guard=LifecycleGuard.ENFORCE,
            force_delete=False,
            protect=True,
            tags={"environment": "prod"},
            build=None,
            promote=Promotion(source_stack="staging", digest=None, tag=None, gate=ScanGate()),
            region="ap-northeast-2",
            profile=None,
        ),
        id="prod",
    ),
]


@pytest.mark.parametrize(("stack", "expected"), STACKS)
def test_a_stack_file_says_what_the_tutorial_says(stack: str, expected: Settings) -> None:
    assert parse(stack_file(stack), ROOT, region="ap-northeast-2") == expected


def test_there_is_a_row_for_every_stack_file() -> None:
    files = {path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("Pulumi.*.yaml")}
    assert files == {"dev", "staging", "prod"}


# ---------------------------------------------------------------------------------------------------------------------
# Pulumi.yaml's schema
# ---------------------------------------------------------------------------------------------------------------------


def schema() -> dict[str, dict[str, object]]:
    document: dict[str, dict[str, dict[str, object]]] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    return document["config"]


def test_the_schema_and_the_program_know_the_same_keys(project: Path) -> None:
    (line,) = mistakes(with_repository({"nobodyKnows": "1"}), project)
    known = line.partition("known: ")[2].split(", ")
    assert set(known) == set(schema()) == KNOWN_KEYS


def test_only_the_repository_is_required_by_the_schema() -> None:
    assert {key for key, entry in schema().items() if "default" not in entry} == {"repository"}


@pytest.mark.parametrize("key", sorted(KNOWN_KEYS - {"repository"}))
def test_a_default_of_the_schema_is_the_programs_own(key: str, project: Path) -> None:
    default = as_pulumi_text(schema()[key]["default"])
    assert parse(with_repository({key: default}), project) == parse(with_repository({}), project)


# ---------------------------------------------------------------------------------------------------------------------
# Good configurations
# ---------------------------------------------------------------------------------------------------------------------


def test_everything_but_the_repository_has_a_default(project: Path) -> None:
    assert parse({"repository": "dev/yoon-app"}, project) == Settings(
        repository="dev/yoon-app",
        tag_mutability=TagMutability(Mutability.IMMUTABLE, ()),
        scan_on_push=True,
        encryption=Encryption(EncryptionType.AES256, None),
        lifecycle=LifecycleConfig(DEFAULT_POLICY),
        lifecycle_guard=LifecycleGuard.WARN,
        force_delete=False,
        protect=False,
        tags={},
        build=None,
        promote=None,
        region=None,
        profile=None,
    )


def built(**values: object) -> ImageBuild:
    """A build of app/, with the given differences from the defaults."""
    build: dict[str, object] = {
        "context": "app",
        "dockerfile": "app/Dockerfile",
        "tag": "{content}",
        "platform": "linux/amd64",
        "args": {},
    }
    return ImageBuild(**(build | values))  # type: ignore[arg-type]


TAG_127 = "t" * 127
GOOD = [
    pytest.param({"repository": "ab"}, "repository", "ab", id="repository-of-2-characters"),
    pytest.param({"repository": "r" * 256}, "repository", "r" * 256, id="repository-of-256-characters"),
    pytest.param({"repository": "a/b/c.d_e-f"}, "repository", "a/b/c.d_e-f", id="repository-in-three-parts"),
    pytest.param({"repository": "12"}, "repository", "12", id="repository-of-digits"),
    *(
        pytest.param({"tagMutability": value}, "tag_mutability", TagMutability(Mutability(value)), id=value)
        for value in ("MUTABLE", "IMMUTABLE")
    ),
    *(
        pytest.param(
            {"tagMutability": value, "mutabilityExclusions": '["latest", "dev-*"]'},
            "tag_mutability",
            TagMutability(Mutability(value), ("latest", "dev-*")),
            id=value,
        )
        for value in ("MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")
    ),
    pytest.param(
        {"tagMutability": "MUTABLE_WITH_EXCLUSION", "mutabilityExclusions": ["a", "b", "c", "d", "e"]},
        "tag_mutability",
        TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("a", "b", "c", "d", "e")),
        id="5-exclusions",
    ),
    pytest.param(
        {"tagMutability": "MUTABLE_WITH_EXCLUSION", "mutabilityExclusions": ["*v*"]},
        "tag_mutability",
        TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("*v*",)),
        id="exclusion-with-2-wildcards",
    ),
    pytest.param(
        {"tagMutability": "MUTABLE_WITH_EXCLUSION", "mutabilityExclusions": ["e" * 128]},
        "tag_mutability",
        TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("e" * 128,)),
        id="exclusion-of-128-characters",
    ),
    *(
        pytest.param({key: value}, field, expected, id=f"{key}-{value!r}")
        for key, field in (("scanOnPush", "scan_on_push"), ("forceDelete", "force_delete"), ("protect", "protect"))
        for value, expected in (("true", True), ("false", False), (True, True), (False, False))
    ),
    pytest.param({"encryption": {"type": "AES256"}}, "encryption", Encryption(EncryptionType.AES256), id="AES256"),
    pytest.param({"encryption": '{"type": "KMS"}'}, "encryption", Encryption(EncryptionType.KMS), id="KMS-own-key"),
    pytest.param(
        {"encryption": {"type": "KMS", "keyArn": KEY_ARN}},
        "encryption",
        Encryption(EncryptionType.KMS, KEY_ARN),
        id="KMS-given-key",
    ),
    pytest.param({"tags": '{"team": "platform"}'}, "tags", {"team": "platform"}, id="tags"),
    pytest.param({"tags": {"k" * 128: "v" * 256}}, "tags", {"k" * 128: "v" * 256}, id="longest-tag"),
    pytest.param({"tags": {"t": ""}}, "tags", {"t": ""}, id="tag-with-empty-value"),
    pytest.param({"tags": {"팀": "플랫폼"}}, "tags", {"팀": "플랫폼"}, id="tag-in-korean"),
    pytest.param({"tags": {f"t{n}": "" for n in range(50)}}, "tags", {f"t{n}": "" for n in range(50)}, id="50-tags"),
    pytest.param({"build": '{"context": "app"}'}, "build", built(), id="build"),
    pytest.param({"build": {}}, "build", None, id="empty-build-is-no-build"),
    pytest.param(
        {"build": {"context": "empty", "dockerfile": "elsewhere/Other.Dockerfile"}},
        "build",
        built(context="empty", dockerfile="elsewhere/Other.Dockerfile"),
        id="dockerfile-elsewhere",
    ),
    pytest.param({"build": {"context": "app", "tag": "v1.0.0"}}, "build", built(tag="v1.0.0"), id="fixed-tag"),
    pytest.param(
        {"build": {"context": "app", "tag": f"{'t' * 116}{{content}}"}},
        "build",
        built(tag=f"{'t' * 116}{{content}}"),
        id="template-that-gives-128-characters",
    ),
    pytest.param({"build": {"context": "app", "tag": "t" * 128}}, "build", built(tag="t" * 128), id="128-characters"),
    pytest.param(
        {"build": {"context": "app", "platform": "linux/arm/v7"}}, "build", built(platform="linux/arm/v7"), id="arm"
    ),
    pytest.param(
        {"build": {"context": "app", "args": {"NGINX": "1.29", "_x": ""}}},
        "build",
        built(args={"NGINX": "1.29", "_x": ""}),
        id="args",
    ),
]


@pytest.mark.parametrize(("values", "field", "expected"), GOOD)
def test_a_good_value_is_read(values: dict[str, object], field: str, expected: object, project: Path) -> None:
    assert getattr(parse(with_repository(values), project), field) == expected


@pytest.mark.parametrize(("values", "field", "expected"), GOOD)
def test_pulumis_text_of_a_value_means_the_same(
    values: dict[str, object], field: str, expected: object, project: Path
) -> None:
    texts = {key: as_pulumi_text(value) for key, value in with_repository(values).items()}
    assert getattr(parse(texts, project), field) == expected


@pytest.mark.parametrize("key", sorted(KNOWN_KEYS - {"repository"}))
def test_a_null_counts_as_missing(key: str, project: Path) -> None:
    assert parse(with_repository({key: None}), project) == parse(with_repository({}), project)


def test_a_dockerfile_is_relative_to_the_project_and_not_to_the_context(project: Path) -> None:
    (line,) = mistakes(with_repository({"build": {"context": "app", "dockerfile": "Dockerfile"}}), project)
    assert line.startswith('container-registry:build.dockerfile: "Dockerfile" is no file')


# ---------------------------------------------------------------------------------------------------------------------
# Bad configurations: (values, path of the key, the value as it is shown, what is allowed)
# ---------------------------------------------------------------------------------------------------------------------

NAME_RULE = "2 to 256 characters: lower-case letters and digits"
MUTABILITY_RULE = "one of MUTABLE, IMMUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION"
EXCLUSION_RULE = "1 to 128 letters, digits, '.', '_', '-' and at most two '*'"
FLAG_RULE = "accepted: true or false"
OBJECT_RULE = "accepted: an object"
LIST_RULE = "accepted: a list"
TAG_KEY_RULE = "keys of 1 to 128 characters that do not start with 'aws:'"
TAG_VALUE_RULE = "values of up to 256 characters"
TAG_RULE = "1 to 128 letters, digits, '_', '.' and '-', not starting with '.' or '-'"
PLATFORM_RULE = "linux/amd64, linux/arm64 or another platform"
ARGS_RULE = "names of letters, digits and '_', values of text in quotes"
FOLDER_RULE = "a folder, relative to Pulumi.yaml"
FILE_RULE = "a file, relative to Pulumi.yaml"
EXCLUSION_FORMS = "a tagMutability that ends in _WITH_EXCLUSION"
KEY_RULE = "a key ARN such as arn:aws:kms:REGION:ACCOUNT:key/ID; not an alias"


def exclusions(*patterns: object) -> dict[str, object]:
    return {"tagMutability": "MUTABLE_WITH_EXCLUSION", "mutabilityExclusions": list(patterns)}


def kms(key_arn: object) -> dict[str, object]:
    return {"encryption": {"type": "KMS", "keyArn": key_arn}}


def rules(*values: object) -> dict[str, object]:
    return {"lifecycle": list(values)}


def build(**values: object) -> dict[str, object]:
    return {"build": {"context": "app", **values}}


def bad(id_: str, values: object, key: str, seen: str, allowed: str) -> object:
    return pytest.param(values, key, seen, allowed, id=id_)


HUGE = 10**5000
"""Python itself refuses to write out a number of so many digits."""

BAD = [
    # The repository's name.
    bad("name-null", {"repository": None}, "repository", "is missing", NAME_RULE),
    bad("name-empty", {"repository": ""}, "repository", '""', NAME_RULE),
    bad("name-1-character", {"repository": "a"}, "repository", '"a"', NAME_RULE),
    bad("name-257-characters", {"repository": "r" * 257}, "repository", f'"{"r" * 76}...', NAME_RULE),
    bad("name-huge", {"repository": "r" * 1_000_000}, "repository", f'"{"r" * 76}...', NAME_RULE),
    bad("name-upper-case", {"repository": "Dev/app"}, "repository", '"Dev/app"', NAME_RULE),
    bad("name-leading-slash", {"repository": "/dev/app"}, "repository", '"/dev/app"', NAME_RULE),
    bad("name-trailing-slash", {"repository": "dev/"}, "repository", '"dev/"', NAME_RULE),
    bad("name-double-slash", {"repository": "dev//app"}, "repository", '"dev//app"', NAME_RULE),
    bad("name-trailing-dash", {"repository": "dev/app-"}, "repository", '"dev/app-"', NAME_RULE),
    bad("name-leading-dot", {"repository": ".dev"}, "repository", '".dev"', NAME_RULE),
    bad("name-double-dot", {"repository": "a..b"}, "repository", '"a..b"', NAME_RULE),
    bad("name-with-tag", {"repository": "dev/app:v1"}, "repository", '"dev/app:v1"', NAME_RULE),
    bad("name-space", {"repository": "dev app"}, "repository", '"dev app"', NAME_RULE),
    bad("name-korean", {"repository": "개발/앱"}, "repository", '"개발/앱"', NAME_RULE),
    bad("name-wide-digits", {"repository": "app\uff11"}, "repository", '"app\uff11"', NAME_RULE),
    bad("name-line-feed", {"repository": "dev/app\n"}, "repository", r'"dev/app\n"', NAME_RULE),
    bad("name-line-separator", {"repository": "dev\u2028app"}, "repository", r'"dev\u2028app"', NAME_RULE),
    bad("name-escape", {"repository": "a\x9b31mb"}, "repository", r'"a\x9b31mb"', NAME_RULE),
    bad("name-lone-surrogate", {"repository": "a\ud800"}, "repository", r'"a\ud800"', NAME_RULE),
    bad("name-number", {"repository": 12}, "repository", "12", NAME_RULE),
    bad(
        "name-number-of-5000-digits",
        {"repository": HUGE},
        "repository",
        "what stands there (int) is not accepted",
        NAME_RULE,
    ),
    bad(
        "name-list-of-numbers-of-5000-digits",
        {"repository": [HUGE]},
        "repository",
        "what stands there (list) is not accepted",
        NAME_RULE,
    ),
    bad(
        "id-of-5000-digits",
        {"github": {"repository": "acme/shop", "branches": ["main"], "ids": {"owner": HUGE, "repository": 1}}},
        "github.ids.owner",
        "what stands there (int) is not accepted",
        f"a whole number, 1 to {2**63 - 1}",
    ),
    bad("name-list", {"repository": ["dev/app"]}, "repository", '["dev/app"]', NAME_RULE),
    # Unknown keys, at each level.
    bad("unknown-key", {"replicas": "1"}, "replicas", "is not a known key", "known: access, build, codeBuild, "),
    bad("misspelt-key", {"scanonpush": "true"}, "scanonpush", "is not a known key", "scanOnPush"),
    bad("dotted-key", {"build.tag": "v1"}, "build.tag", "is not a known key", "known: access, build, "),
    bad("empty-key", {"": "v1"}, "", "is not a known key", "known: access, build, "),
    bad("key-with-line-feed", {"a\nb": "v1"}, r"a\nb", "is not a known key", "known: access, build, "),
    bad("unknown-encryption-key", {"encryption": {"kind": "KMS"}}, "encryption.kind", "is not", "known: keyArn, type"),
    bad("unknown-build-key", build(target="x"), "build.target", "is not", "known: args, context, dockerfile, "),
    # Tag mutability.
    bad("mutability-unknown", {"tagMutability": "IMUTABLE"}, "tagMutability", '"IMUTABLE"', MUTABILITY_RULE),
    bad("mutability-lower-case", {"tagMutability": "mutable"}, "tagMutability", '"mutable"', MUTABILITY_RULE),
    bad("mutability-empty", {"tagMutability": ""}, "tagMutability", '""', MUTABILITY_RULE),
    bad("mutability-bool", {"tagMutability": True}, "tagMutability", "true", MUTABILITY_RULE),
    bad("mutability-list", {"tagMutability": ["MUTABLE"]}, "tagMutability", '["MUTABLE"]', MUTABILITY_RULE),
    *(
        bad(
            f"{form}-without",
            {"tagMutability": form},
            "mutabilityExclusions",
            f"missing; tagMutability {form}",
            "1 to 5",
        )
        for form in ("MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")
    ),
    bad("exclusions-empty", exclusions(), "mutabilityExclusions", "is missing", "needs 1 to 5 tag patterns"),
    *(
        bad(
            f"{form}-with-exclusions",
            {"tagMutability": form, "mutabilityExclusions": ["latest"]},
            "mutabilityExclusions",
            f"not {form}",
            EXCLUSION_FORMS,
        )
        for form in ("MUTABLE", "IMMUTABLE")
    ),
    bad("exclusions-alone", {"mutabilityExclusions": ["a"]}, "mutabilityExclusions", "not IMMUTABLE", EXCLUSION_FORMS),
    bad(
        "mutability-misspelt-with-exclusions",
        {"tagMutability": "MUTABLE_WITH_EXCLUSIONS", "mutabilityExclusions": ["latest"]},
        "tagMutability",
        '"MUTABLE_WITH_EXCLUSIONS"',
        MUTABILITY_RULE,
    ),
    bad("6-exclusions", exclusions(*"abcdef"), "mutabilityExclusions", "has 6 patterns", "ECR accepts 1 to 5"),
    bad("exclusion-3-wildcards", exclusions("*a*b*"), "mutabilityExclusions[0]", '"*a*b*"', EXCLUSION_RULE),
    bad(
        "exclusion-129-characters", exclusions("e" * 129), "mutabilityExclusions[0]", f'"{"e" * 76}...', EXCLUSION_RULE
    ),
    bad("exclusion-empty", exclusions("a", ""), "mutabilityExclusions[1]", '""', EXCLUSION_RULE),
    bad("exclusion-question-mark", exclusions("v?"), "mutabilityExclusions[0]", '"v?"', EXCLUSION_RULE),
    bad("exclusion-class", exclusions("v[0-9]"), "mutabilityExclusions[0]", '"v[0-9]"', EXCLUSION_RULE),
    bad("exclusion-number", exclusions(1), "mutabilityExclusions[0]", "1", EXCLUSION_RULE),
    bad("exclusion-null", exclusions(None), "mutabilityExclusions[0]", "null", EXCLUSION_RULE),
    bad("exclusions-text", {"mutabilityExclusions": "latest"}, "mutabilityExclusions", '"latest"', LIST_RULE),
    bad("exclusions-object", {"mutabilityExclusions": {"a": 1}}, "mutabilityExclusions", '{"a": 1}', LIST_RULE),
    # Flags.
    *(
        bad(f"{key}-{shown}", {key: value}, key, shown, FLAG_RULE)
        for key in ("scanOnPush", "forceDelete", "protect")
        for value, shown in ((1, "1"), ("True", '"True"'), ("", '""'), ([], "[]"), ({}, "{}"), (0, "0"))
    ),
    bad(
        "protect-and-force-delete",
        {"protect": "true", "forceDelete": "true"},
        "forceDelete",
        "is true and so is protect",
        "can't be deleted with its images",
    ),
    # Encryption.
    bad("encryption-text", {"encryption": "KMS"}, "encryption", '"KMS"', OBJECT_RULE),
    bad("encryption-empty", {"encryption": ""}, "encryption", '""', OBJECT_RULE),
    bad("encryption-list", {"encryption": []}, "encryption", "[]", OBJECT_RULE),
    bad("encryption-broken", {"encryption": '{"type": "KMS"'}, "encryption", r'"{\"type\": \"KMS\""', OBJECT_RULE),
    bad("encryption-type", {"encryption": {"type": "KMS_DSSE"}}, "encryption.type", '"KMS_DSSE"', "one of AES256, KMS"),
    bad("encryption-number", {"encryption": {"type": 256}}, "encryption.type", "256", "one of AES256, KMS"),
    bad(
        "encryption-misspelt-type-with-key",
        {"encryption": {"type": "kms", "keyArn": KEY_ARN}},
        "encryption.type",
        '"kms"',
        "one of AES256, KMS",
    ),
    bad(
        "key-with-AES256",
        {"encryption": {"type": "AES256", "keyArn": KEY_ARN}},
        "encryption.keyArn",
        "goes with",
        "type KMS only",
    ),
    bad("key-without-type", {"encryption": {"keyArn": KEY_ARN}}, "encryption.keyArn", "goes with", "type KMS only"),
    bad("key-alias", kms(ALIAS_ARN), "encryption.keyArn", f'"{ALIAS_ARN}"', KEY_RULE),
    bad("key-alias-name", kms("alias/images"), "encryption.keyArn", '"alias/images"', KEY_RULE),
    bad("key-id", kms("1234abcd"), "encryption.keyArn", '"1234abcd"', KEY_RULE),
    bad("key-empty", kms(""), "encryption.keyArn", '""', KEY_RULE),
    bad("key-account", kms("arn:aws:kms:us-east-1:12345:key/a"), "encryption.keyArn", ":12345:", KEY_RULE),
    bad("key-line-feed", kms(f"{KEY_ARN}\n"), "encryption.keyArn", "...", KEY_RULE),
    bad("key-number", kms(5), "encryption.keyArn", "5", KEY_RULE),
    # Tags.
    bad("tags-reserved", {"tags": {"aws:x": "1"}}, "tags", '"aws:x"', TAG_KEY_RULE),
    bad("tags-reserved-upper-case", {"tags": {"AWS:x": "1"}}, "tags", '"AWS:x"', TAG_KEY_RULE),
    bad("tags-empty-key", {"tags": {"": "1"}}, "tags", '""', TAG_KEY_RULE),
    bad("tags-key-129-characters", {"tags": {"k" * 129: "1"}}, "tags", f'"{"k" * 76}...', TAG_KEY_RULE),
    bad("tags-value-257-characters", {"tags": {"t": "v" * 257}}, "tags.t", f'"{"v" * 76}...', TAG_VALUE_RULE),
    bad("tags-value-characters", {"tags": {"t": "a*b"}}, "tags.t", '"a*b"', TAG_VALUE_RULE),
    bad("tags-key-characters", {"tags": {"a*b": "1"}}, "tags", '"a*b"', TAG_KEY_RULE),
    bad("tags-value-number", {"tags": {"t": 5}}, "tags.t", "5", TAG_VALUE_RULE),
    bad("tags-value-null", {"tags": {"t": None}}, "tags.t", "null", TAG_VALUE_RULE),
    bad("tags-value-object", {"tags": {"t": {"a": 1}}}, "tags.t", '{"a": 1}', TAG_VALUE_RULE),
    bad("tags-key-line-feed", {"tags": {"a\nb": "1"}}, "tags", r'"a\nb"', TAG_KEY_RULE),
    bad("51-tags", {"tags": {f"t{n}": "" for n in range(51)}}, "tags", "has 51 tags", "up to 50 tags"),
    bad("tags-list", {"tags": '["a"]'}, "tags", '["a"]', OBJECT_RULE),
    bad("tags-text", {"tags": "team=platform"}, "tags", '"team=platform"', OBJECT_RULE),
    # The build.
    bad("build-text", {"build": "app"}, "build", '"app"', OBJECT_RULE),
    bad("build-list", {"build": [{"context": "app"}]}, "build", '[{"context": "app"}]', OBJECT_RULE),
    bad("build-broken", {"build": "{context: app}"}, "build", '"{context: app}"', OBJECT_RULE),
    bad("context-missing", {"build": {"tag": "v1"}}, "build.context", "is missing", FOLDER_RULE),
    bad("context-null", build(context=None), "build.context", "is missing", FOLDER_RULE),
    bad("context-empty", build(context=""), "build.context", '""', FOLDER_RULE),
    bad("context-number", build(context=5), "build.context", "5", FOLDER_RULE),
    bad("context-nowhere", build(context="nowhere"), "build.context", '"nowhere"', FOLDER_RULE),
    bad("context-file", build(context="a-file"), "build.context", '"a-file"', FOLDER_RULE),
    bad("context-below-file", build(context="a-file/x"), "build.context", '"a-file/x"', FOLDER_RULE),
    bad("context-too-long-for-a-path", build(context="c" * 5000), "build.context", f'"{"c" * 76}...', FOLDER_RULE),
    bad("context-line-feed", build(context="app\n"), "build.context", r'"app\n"', FOLDER_RULE),
    bad("context-nul", build(context="a\0b"), "build.context", r'"a\u0000b"', FOLDER_RULE),
    bad("context-lone-surrogate", build(context="\ud800"), "build.context", r'"\ud800"', FOLDER_RULE),
    bad("no-dockerfile", build(context="empty"), "build.dockerfile", '"empty/Dockerfile"', FILE_RULE),
    bad("dockerfile-nowhere", build(dockerfile="nowhere"), "build.dockerfile", '"nowhere"', FILE_RULE),
    bad("dockerfile-folder", build(dockerfile="empty"), "build.dockerfile", '"empty"', FILE_RULE),
    bad("dockerfile-empty", build(dockerfile=""), "build.dockerfile", '""', FILE_RULE),
    bad("dockerfile-too-long", build(dockerfile="d" * 5000), "build.dockerfile", f'"{"d" * 76}...', FILE_RULE),
    bad("dockerfile-bool", build(context="empty", dockerfile=True), "build.dockerfile", "true", FILE_RULE),
    bad("tag-unknown-placeholder", build(tag="{commit}"), "build.tag", '"{commit}"', TAG_RULE),
    bad("tag-half-placeholder", build(tag="{content"), "build.tag", '"{content"', "{content} stands for 12 hex digits"),
    bad("tag-empty", build(tag=""), "build.tag", '""', TAG_RULE),
    bad("tag-leading-dash", build(tag="-v1"), "build.tag", '"-v1"', TAG_RULE),
    bad("tag-colon", build(tag="v1:2"), "build.tag", '"v1:2"', TAG_RULE),
    bad("tag-129-characters", build(tag="t" * 129), "build.tag", f'"{"t" * 76}...', TAG_RULE),
    bad("tag-129-with-content", build(tag="t" * 117 + "{content}"), "build.tag", f'"{"t" * 76}...', TAG_RULE),
    bad("tag-line-feed", build(tag="v1\n"), "build.tag", r'"v1\n"', TAG_RULE),
    bad("tag-number", build(tag=1.0), "build.tag", "1.0", TAG_RULE),
    bad("platform-unknown", build(platform="amd64"), "build.platform", '"amd64"', PLATFORM_RULE),
    bad("platform-two", build(platform="linux/amd64,linux/arm64"), "build.platform", '"linux/amd64,', PLATFORM_RULE),
    bad("platform-list", build(platform=["linux/amd64"]), "build.platform", '["linux/amd64"]', PLATFORM_RULE),
    bad("platform-empty", build(platform=""), "build.platform", '""', PLATFORM_RULE),
    bad("args-number", build(args={"PORT": 80}), "build.args.PORT", "80", ARGS_RULE),
    bad("args-value-list", build(args={"PORTS": ["80"]}), "build.args.PORTS", '["80"]', ARGS_RULE),
    bad("args-value-null", build(args={"PORT": None}), "build.args.PORT", "null", ARGS_RULE),
    bad("args-list", build(args=["PORT=80"]), "build.args", '["PORT=80"]', ARGS_RULE),
    bad("args-text", build(args="PORT=80"), "build.args", '"PORT=80"', ARGS_RULE),
    bad("args-dash", build(args={"MY-ARG": "1"}), "build.args", '"MY-ARG"', ARGS_RULE),
    bad("args-digit-first", build(args={"1A": "1"}), "build.args", '"1A"', ARGS_RULE),
    bad("args-empty-name", build(args={"": "1"}), "build.args", '""', ARGS_RULE),
    bad("args-line-feed", build(args={"A\n": "1"}), "build.args", r'"A\n"', ARGS_RULE),
    *(
        bad(f"args-{name}", build(args={name: "1"}), f"build.args.{name}", "is set by the program", "another name")
        for name in ("VERSION", "CONTENT_DIGEST", "PUSHED_AT")
    ),
]


@pytest.mark.parametrize(("values", "key", "seen", "allowed"), BAD)
def test_a_mistake_is_one_line_that_names_the_key_the_value_and_what_is_allowed(
    values: dict[str, object], key: str, seen: str, allowed: str, project: Path
) -> None:
    (line,) = mistakes(with_repository(values), project)
    assert line.startswith(f"container-registry:{key}: ")
    problem = line.removeprefix(f"container-registry:{key}: ")
    assert seen in problem.partition("accepted: ")[0]
    assert allowed in problem
    assert len(line) < 500


def test_the_bad_table_is_as_large_as_it_should_be() -> None:
    assert len(BAD) >= 80


def test_a_missing_repository_comes_with_the_command_that_sets_it(project: Path) -> None:
    (line,) = mistakes({}, project)
    assert line == (
        "container-registry:repository: is missing; accepted: 2 to 256 characters: lower-case letters and digits, "
        "joined by '.', '_', '__' or dashes, in parts divided by '/'. "
        "Run: pulumi config set --path repository dev/yoon-app"
    )


def test_a_missing_context_comes_with_the_command_that_sets_it(project: Path) -> None:
    (line,) = mistakes(with_repository({"build": {"tag": "v1"}}), project)
    assert line.endswith("Run: pulumi config set --path build.context images/nginx")


def test_a_misspelt_required_key_is_named_beside_the_missing_one(project: Path) -> None:
    first, second = mistakes({"repositry": "dev/yoon-app"}, project)
    assert first.startswith("container-registry:repository: is missing")
    assert second.startswith("container-registry:repositry: is not a known key")


def test_one_reading_finds_every_mistake(project: Path) -> None:
    values = {
        "repository": "Dev",
        "tagMutability": "x",
        "scanOnPush": "x",
        "encryption": {"type": "x"},
        "lifecycle": [{"keep": 0}, {"expireDays": "1"}],
        "tags": {"t": 1},
        "build": {"context": "nowhere", "tag": "-", "platform": "x", "args": {"A": 1}, "x": 1},
        "zone": "x",
    }
    assert [line.split(": ")[0].removeprefix("container-registry:") for line in mistakes(values, project)] == [
        "repository",
        "tagMutability",
        "scanOnPush",
        "encryption.type",
        "lifecycle[0].keep",
        "lifecycle[1].expireDays",
        "tags.t",
        "build.tag",
        "build.platform",
        "build.args.A",
        "build.x",
        "build.context",
        "zone",
    ]


def test_mistakes_end_with_the_exit_code_for_bad_input(project: Path) -> None:
    with pytest.raises(InputErrors) as raised:
        parse({}, project)
    assert raised.value.exit_code is ExitCode.BAD_INPUT


# ---------------------------------------------------------------------------------------------------------------------
# Secrets
# ---------------------------------------------------------------------------------------------------------------------

SECRETS = [
    pytest.param({"repository": f"{SECRET}!"}, "repository", id="text"),
    pytest.param({"tagMutability": SECRET}, "tagMutability", id="choice"),
    pytest.param({"scanOnPush": SECRET}, "scanOnPush", id="flag"),
    pytest.param(exclusions(f"{SECRET}!"), "mutabilityExclusions[0]", id="item-of-a-list"),
    pytest.param({"mutabilityExclusions": SECRET}, "mutabilityExclusions", id="list"),
    pytest.param({"encryption": SECRET}, "encryption", id="object"),
    pytest.param({"encryption": f'{{"{SECRET}'}, "encryption", id="broken-json"),
    pytest.param({"encryption": {"type": "KMS", "keyArn": SECRET}}, "encryption.keyArn", id="inside-an-object"),
    pytest.param({"tags": {"token": [SECRET]}}, "tags.token", id="value-of-a-map"),
    pytest.param({"tags": {"token": SECRET * 20}}, "tags.token", id="value-that-is-too-long"),
    pytest.param(rules({"keep": SECRET}), "lifecycle[0].keep", id="inside-an-object-in-a-list"),
    pytest.param(rules({"keep": 1, "tags": [f"{SECRET}*****"]}), "lifecycle[0].tags[0]", id="list-in-object-in-list"),
    pytest.param(rules(SECRET), "lifecycle[0]", id="no-object-in-a-list"),
    pytest.param(build(context=SECRET), "build.context", id="context"),
    pytest.param(build(dockerfile=SECRET), "build.dockerfile", id="dockerfile"),
    pytest.param(build(tag=f"-{SECRET}"), "build.tag", id="tag"),
    pytest.param(build(args={"TOKEN": [SECRET]}), "build.args.TOKEN", id="argument"),
    pytest.param({"unknownKey": SECRET}, "unknownKey", id="unknown-key"),
    pytest.param({"tags": {f"aws:{SECRET}": "x"}}, "tags", id="key-of-a-map"),
    pytest.param({"encryption": {SECRET: "x"}}, "encryption", id="key-of-an-object"),
]


@pytest.mark.parametrize(("values", "key"), SECRETS)
def test_an_encrypted_value_is_not_even_read(values: dict[str, object], key: str, project: Path) -> None:
    top_key = key.partition(".")[0].partition("[")[0]
    (line,) = mistakes(with_repository(values), project, secret_keys=frozenset({top_key}))
    assert line == (
        f"container-registry:{top_key}: is encrypted, but ends up where everybody can read it; "
        "take the secret out and store it plainly"
    )


@pytest.mark.parametrize(("values", "key"), SECRETS[:1])
def test_the_same_value_is_shown_when_it_is_no_secret(values: dict[str, object], key: str, project: Path) -> None:
    (line,) = mistakes(with_repository(values), project)
    assert line.startswith(f'container-registry:{key}: "{SECRET}!" is not accepted')


@pytest.mark.parametrize(
    ("key", "value"),
    [("build", build(args={"TOKEN": SECRET})["build"]), ("tags", {"token": SECRET}), ("repository", "dev/app")],
)
def test_an_encrypted_key_is_refused_because_everything_here_ends_up_readable(
    key: str, value: object, project: Path
) -> None:
    (line,) = mistakes(with_repository({key: value}), project, secret_keys=frozenset({key}))
    assert line == (
        f"container-registry:{key}: is encrypted, but ends up where everybody can read it; "
        "take the secret out and store it plainly"
    )


# ---------------------------------------------------------------------------------------------------------------------
# Anything at all
# ---------------------------------------------------------------------------------------------------------------------

texts = st.text(max_size=12) | st.just(SECRET) | st.sampled_from(["app", "KMS", "v*", "{content}", KEY_ARN, "true"])
leaves = texts | st.none() | st.booleans() | st.integers() | st.floats()
keys = st.sampled_from(
    [
        *("type", "keyArn", "keep", "expireDays", "tags", "untagged", "protect", "then", "selection", "rulePriority"),
        *("context", "dockerfile", "tag", "platform", "args"),
    ]
)  # fmt: skip
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=5
)
configurations = st.dictionaries(st.sampled_from(sorted(KNOWN_KEYS)), anything, min_size=1, max_size=4)


@settings(deadline=None, max_examples=50)
@given(values=configurations, encode=st.booleans())
@example(values={"build": {"context": SECRET}}, encode=False)
def test_whatever_is_configured_gives_settings_or_lines_without_secrets(
    values: dict[str, object], project: Path, *, encode: bool
) -> None:
    given_values = {key: as_pulumi_text(value) for key, value in values.items()} if encode else values
    errors: tuple[InputError, ...] = ()
    message = ""
    try:
        parse(given_values, project, secret_keys=frozenset(values))
    except InputErrors as refusal:
        errors, message = refusal.errors, str(refusal)
    lines = message.split("\n") if message else []
    assert len(lines) == len(errors)
    assert all(re.match(r"container-registry:[a-zA-Z]", line) for line in lines)
    assert all(line.isprintable() for line in lines)
    assert SECRET not in message
