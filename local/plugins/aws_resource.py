"""A resource type over an AWS API: made, read back and compared, so that nothing asked for is lost silently."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from botocore.exceptions import ClientError
from typing_extensions import override

from local.plugins.aws_cloud import Cloud, code_of
from local.plugins.errors import StandInError
from local.plugins.resource import Found, ResourceType, Tell
from local.plugins.schema import Change, Field, Kind, Problem, changes, normal_form
from local.plugins.values import UNKNOWN, Plain, Props, text_of, texts_of

REGION = Field(kind=Kind.TEXT, cloud_decides=True, replaces=True)


class CloudResource(ResourceType):
    """Subclasses make, look, change and remove; the rest (read-back, drift, import, previews) is here."""

    computed: Sequence[str] = ()  # outputs that only the cloud knows
    write_only: Sequence[str] = ()  # inputs that the cloud does not give back
    # Inputs that AWS always describes, but an emulator may leave out of its descriptions: then what is known stands.
    untold: Sequence[str] = ()
    absent: Sequence[str] = ()  # AWS's error codes that mean that it is gone

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    @abstractmethod
    def make(self, wanted: Props) -> str:
        """Creates it; its ID."""

    @abstractmethod
    def look(self, resource_id: str) -> Props | None:
        """What the cloud has, in the resource's own property names; None, or an `absent` code, when it is gone."""

    @abstractmethod
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Applies the difference."""

    @abstractmethod
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes it; absence, told by one of the `absent` codes or by nothing, is success."""

    @override
    def check(self, given: Props) -> tuple[Props, list[Problem]]:
        """Also refuses a Region of the resource's own: the stand-in serves one."""
        checked, problems = super().check(given)
        region = text_of(checked.get("region"))
        if region and region != self.cloud.region:
            reason = f"region {region} {_OTHER_REGION} {self.cloud.region}; install the official plugin"
            problems.append(Problem("region", reason))
        return checked, problems

    @override
    def changes(self, state: Props, inputs: Props, wanted: Props) -> list[Change]:
        """Also refuses a stack whose Region was changed under it."""
        self._stays_here(state)
        return super().changes(state, inputs, wanted)

    @override
    def preview(self, state: Props, wanted: Props) -> Props:
        """The wanted inputs, and what a previous update has learnt; everything else is unknown."""
        known = {key: value for key, value in state.items() if key not in self.fields or self.fields[key].cloud_decides}
        outputs: Props = dict.fromkeys(self.computed, UNKNOWN)
        if not state:
            outputs |= {key: UNKNOWN for key, spec in self.fields.items() if spec.cloud_decides}
        return outputs | known | wanted | self.tags_all(wanted)

    @override
    def create(self, wanted: Props, tell: Tell) -> tuple[str, Props]:
        """Makes it and proves it; what fails the proof is removed again, or the next attempt would find it existing."""
        resource_id = self.make(wanted)
        try:
            return resource_id, self._proved(resource_id, wanted)
        except Exception:  # whatever it is: what was made is undone, and the error goes on
            with contextlib.suppress(Exception):  # the first error is the one to tell
                self.remove(resource_id, wanted)
            raise

    @override
    def update(self, resource_id: str, state: Props, wanted: Props, tell: Tell) -> Props:
        """Applies the difference, and proves the result; what fails the proof is undone again."""
        self.change(resource_id, state, wanted)
        try:
            return self._proved(resource_id, wanted)
        except StandInError:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                self.change(resource_id, state | wanted, state)
            raise

    @override
    def read(self, resource_id: str, state: Props, inputs: Props) -> Found | None:
        """What the cloud has; recorded inputs change only where they no longer describe it."""
        self._stays_here(state)
        seen = self._seen(resource_id, state)
        if seen is None:
            return None
        if not inputs:  # an import
            for key in self.write_only:
                seen.setdefault(key, self.fields[key].default)
            found = {
                key: seen[key] for key, spec in self.fields.items() if normal_form(spec, seen.get(key)) is not None
            }
            found.pop("region", None)
            return Found(resource_id, seen, found)
        drifted = {change.top for change in changes(self.fields, seen, inputs)}
        kept = {key: seen.get(key) if key in drifted else value for key, value in inputs.items()}
        return Found(resource_id, seen, {key: value for key, value in kept.items() if value is not None})

    @override
    def delete(self, resource_id: str, state: Props) -> None:
        """Removes it."""
        self._stays_here(state)
        with absent_is_fine(*self.absent):
            self.remove(resource_id, state)

    def _stays_here(self, state: Props) -> None:
        """Raise for a resource of another Region: looked for in this one, it would be taken for gone."""
        deployed = text_of(state.get("region"))
        if deployed and deployed != self.cloud.region:
            raise StandInError(
                f"the stack was deployed in {deployed}, and aws:region is now {self.cloud.region}; "
                "destroy it there first"
            )

    def tags_all(self, props: Props) -> Props:
        """`tagsAll` for a type that has tags: without provider-wide default tags it equals them."""
        return {"tagsAll": props.get("tags") or {}} if "tags" in self.fields else {}

    def _proved(self, resource_id: str, wanted: Props) -> Props:
        seen = self._seen(resource_id, wanted)
        if seen is None:
            raise StandInError(f"{resource_id} was accepted, but is not there when it is read back")
        lost = [
            one.path if one.secret else f"{one.path} (asked {_shown(one.new)}, got {_shown(one.old)})"
            for one in changes(self.fields, seen, wanted)
        ]
        if lost:
            where = "the endpoint accepted the request but did not keep"
            raise StandInError(f"{resource_id}: {where} {', '.join(lost)}; it does not support this: leave it out here")
        return seen

    def _seen(self, resource_id: str, known: Props) -> Props | None:
        """The cloud's view; write-only inputs and the wording of equal JSON come from what is known."""
        seen: Props | None = None
        with absent_is_fine(*self.absent):
            seen = self.look(resource_id)
        if seen is None:
            return None
        seen |= {key: known[key] for key in self.write_only if key in known}
        seen |= {key: known[key] for key in self.untold if key in known and seen.get(key) is None}
        for key, spec in self.fields.items():
            if (
                spec.kind is Kind.JSON
                and key in known
                and normal_form(spec, known[key]) == normal_form(spec, seen.get(key))
            ):
                seen[key] = known[key]
        if "region" in self.fields:  # a global type has none
            seen["region"] = self.cloud.region
        return {key: value for key, value in (seen | self.tags_all(seen)).items() if value is not None}


@contextlib.contextmanager
def absent_is_fine(*codes: str) -> Iterator[None]:
    """Within it, AWS's word that something is not there is no error."""
    try:
        yield
    except ClientError as exc:
        if code_of(exc) not in codes:
            raise


_OTHER_REGION = "is not implemented by the stand-in, which serves only the provider's Region"


def tag_changes(state: Props, wanted: Props) -> tuple[Mapping[str, str], Sequence[str]]:
    """The tags to set and the keys to remove."""
    old, new = texts_of(state.get("tags")), texts_of(wanted.get("tags"))
    return {key: value for key, value in new.items() if old.get(key) != value}, sorted(old.keys() - new.keys())


def own_tags(pairs: Mapping[str, str]) -> Plain:
    """The tags that are the user's: AWS manages those that start with `aws:`. None when there are none."""
    return {key: value for key, value in pairs.items() if not key.startswith("aws:")} or None


def _shown(value: Plain) -> str:
    return "nothing" if value is None else repr(value)
