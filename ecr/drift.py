"""What a stack's state says of its repository beside what is there: one difference for each thing changed by hand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecr import stack_name
from ecr.errors import printable
from ecr.reference import RepositoryArn
from ecr.repository import Mutability, TagMutability
from ecr.status import Live, Published

NONE = "none"
_TAG = "tag "

# A statement of a policy may be as long as ten kilobytes; `--json` has all of it.
_MAX_SHOWN = 240


class Remedy(StrEnum):
    """What to do about a difference. `pulumi up` alone trusts the state, and so changes nothing."""

    PUT_BACK = (
        "`pulumi up -s {stack} --refresh` puts it back; to keep it, write it into {file} and run "
        "`pulumi refresh -s {stack}`"
    )
    BRING_BACK = "`pulumi up -s {stack} --refresh` brings it back"
    FREE_TAG = (
        "the tag is immutable and can't be moved back: `aws ecr batch-delete-image --repository-name {name} --region "
        "{region} --image-ids imageTag={tag}` takes it from the other image, which goes if that was its only tag; then "
        "`pulumi up -s {stack} --refresh`"
    )
    REPLACE = (
        "`pulumi up -s {stack} --refresh` replaces the repository and its images; to keep it, write it into {file} and "
        "run `pulumi refresh -s {stack}`"
    )
    DELETE_LIFECYCLE = (
        "`aws ecr delete-lifecycle-policy --repository-name {name} --region {region}` takes it away; to keep it, write "
        "it into {file} and run `pulumi up -s {stack}`"
    )
    DELETE_POLICY = (
        "`aws ecr delete-repository-policy --repository-name {name} --region {region}` takes it away; to keep it, "
        "write it into {file} and run `pulumi up -s {stack}`"
    )
    MAKE_ROLE = (
        "make the role again or take it out of {file}, then `pulumi up -s {stack} --refresh`: a new role of the same "
        "name is another principal"
    )


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not as the state says.

    Attributes:
        what: such as `tag v1.0.0`, `scan on push` or `lifecycle policy, rule 2`.
        expected: what the state says; `none` where it knows of no such thing.
        found: what is there; `none` likewise.
        remedy: what to do about it.
    """

    what: str
    expected: str
    found: str
    remedy: Remedy = Remedy.PUT_BACK

    def __str__(self) -> str:
        return printable(f"{self.what}: the state says {_brief(self.expected)}, ECR has {_brief(self.found)}")

    def advice(self, stack: str, repository: RepositoryArn) -> str:
        """What to do about it, in a stack that deploys this repository."""
        text = self.remedy.value.format(
            stack=shlex.quote(stack),
            file=stack_name.file_of(stack),
            name=repository.name,
            region=repository.region,
            tag=self.what.removeprefix(_TAG),
        )
        return printable(text)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a repository, in a state or in ECR; None for what is not said, which is not compared.

    Attributes:
        tag_mutability: ECR's `imageTagMutability`.
        exclusions: the patterns of its exclusion filters, sorted.
        scan_on_push: whether ECR scans an image when it arrives.
        encryption: ECR's `encryptionType`.
        key: the ARN of the KMS key; empty without one.
    """

    tag_mutability: str | None = None
    exclusions: tuple[str, ...] = ()
    scan_on_push: bool | None = None
    encryption: str | None = None
    key: str = ""

    def is_immutable(self, tag: str) -> bool:
        """Whether ECR refuses to move `tag`; not where nothing is said, or nothing that ECR knows."""
        if self.tag_mutability is None:
            return False
        try:
            return TagMutability(Mutability(self.tag_mutability), self.exclusions).is_immutable(tag)
        except ValueError:
            return False


def image(said: Published, live: Live, expected: Settings) -> tuple[Difference, ...]:
    """The repository itself, and the image and tag that a stack has published.

    Args:
        said: the stack's outputs.
        live: what is there.
        expected: the settings that the stack gives its repository: whether the tag can be moved back.
    """
    if said.repository is not None and not live.repository:
        what = f"repository {said.repository.name}"
        return (Difference(what=what, expected="that it exists", found=NONE, remedy=Remedy.BRING_BACK),)
    if said.digest is None or said.tag is None:
        return ()
    found = []
    if not live.image:
        found.append(Difference(what="image", expected=said.digest, found=NONE, remedy=Remedy.BRING_BACK))
    if live.tag_digest not in (None, said.digest):
        remedy = Remedy.FREE_TAG if expected.is_immutable(said.tag) else Remedy.BRING_BACK
        found.append(
            Difference(what=f"{_TAG}{said.tag}", expected=said.digest, found=str(live.tag_digest), remedy=remedy)
        )
    elif live.tag_digest is None and live.image:
        found.append(Difference(what=f"{_TAG}{said.tag}", expected=said.digest, found=NONE, remedy=Remedy.BRING_BACK))
    return tuple(found)


def settings(expected: Settings, found: Settings) -> tuple[Difference, ...]:
    """Tag mutability with its exclusions, scan on push, and encryption with its key."""
    compared = (
        ("tag mutability", _mutability(expected), _mutability(found), Remedy.PUT_BACK),
        ("scan on push", _on_off(expected.scan_on_push), _on_off(found.scan_on_push), Remedy.PUT_BACK),
        # ECR can't change the encryption of a repository (API reference, CreateRepository): this is another one.
        ("encryption", _encryption(expected), _encryption(found), Remedy.REPLACE),
    )
    return tuple(
        Difference(what=what, expected=said, found=there, remedy=remedy)
        for what, said, there, remedy in compared
        if said is not None and there is not None and said != there
    )


def tags(expected: Mapping[str, str], found: Mapping[str, str]) -> tuple[Difference, ...]:
    """AWS tags. Those of AWS itself (`aws:...`) are nobody's change (AWS General Reference, "Tag naming limits")."""
    names = sorted(name for name in {*expected, *found} if not name.startswith("aws:"))
    return tuple(
        Difference(what=f"AWS tag {name}", expected=_value(expected, name), found=_value(found, name))
        for name in names
        if expected.get(name) != found.get(name)
    )


def _mutability(which: Settings) -> str | None:
    if which.tag_mutability is None or not which.exclusions:
        return which.tag_mutability
    return f"{which.tag_mutability} {', '.join(which.exclusions)}"


def _on_off(value: bool | None) -> str | None:  # noqa: FBT001 - a value, not a switch
    return None if value is None else ("on" if value else "off")


def _encryption(which: Settings) -> str | None:
    return f"{which.encryption} with {which.key}" if which.encryption and which.key else which.encryption


def _value(tags_of: Mapping[str, str], name: str) -> str:
    return repr(tags_of[name]) if name in tags_of else NONE


def _brief(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
