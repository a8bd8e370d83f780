"""The part that every stand-in shares: requests in, one resource type asked, answers out, errors in one line."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins import naming
from local.plugins.errors import StandInError, scrub
from local.plugins.schema import NOT_IMPLEMENTED, Change, Field, Problem, changes, check_fields
from local.plugins.values import Props, Wrapped, contains_unknown, plain_map, secret_at, secrets_in, wrap_map

Result = TypeVar("Result")
Tell = Callable[[str], None]


class DiffRequest(sdk.DiffRequest):
    """The SDK's request plus the old inputs, which the engine sends and the SDK (3.272.0) drops."""

    old_inputs: dict[str, PropertyValue]


@dataclass(frozen=True)
class Found:
    """What `read` saw: the outputs, and the inputs that would make them."""

    resource_id: str
    state: Props
    inputs: Props


class ResourceType(ABC):
    """One resource type. Its methods block, and run in a thread; `tell` shows a passing line of progress."""

    type_name: str
    fields: ClassVar[Mapping[str, Field]]
    derived: ClassVar[Mapping[str, str]] = {}  # output: path of the input whose text and secretness it has
    stables: Sequence[str] = ()
    longest_name = 0  # of a name that is made up where the program gives none; 0: none is
    name_key = "name"  # the property that the name is
    secret_outputs: Sequence[str] = ()  # secret whatever the program thinks of them, also when they are imported
    compares_inputs = False  # what `changes` holds against the wanted inputs: old inputs, or else the recorded state

    def check(self, given: Props) -> tuple[Props, list[Problem]]:
        """The inputs with defaults, and what is wrong with them."""
        return check_fields(self.fields, given)

    def changes(self, state: Props, inputs: Props, wanted: Props) -> list[Change]:  # noqa: ARG002 - for subclasses
        """What differs between the recorded resource and the wanted inputs."""
        return list(changes(self.fields, state, wanted))

    def delete_first(self, state: Props, wanted: Props) -> bool:  # noqa: ARG002 - for subclasses
        """Whether a replacement must wait until the old one is gone (both would have the same name)."""
        return False

    @abstractmethod
    def preview(self, state: Props, wanted: Props) -> Props:
        """The outputs as far as they are known before the update; `state` is empty for a new resource."""

    @abstractmethod
    def create(self, wanted: Props, tell: Tell) -> tuple[str, Props]:
        """Make it; its ID and outputs."""

    @abstractmethod
    def read(self, resource_id: str, state: Props, inputs: Props) -> Found | None:
        """What is there now; None when it is gone. `state` and `inputs` are empty for an import."""

    @abstractmethod
    def update(self, resource_id: str, state: Props, wanted: Props, tell: Tell) -> Props:
        """Change it in place; its outputs."""

    @abstractmethod
    def delete(self, resource_id: str, state: Props) -> None:
        """Remove it; one that is gone already is success."""


class StandInProvider(sdk.Provider):
    """Serves resource types by token. Subclasses add configuration, invokes and the wording of foreign errors."""

    package: str

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self.types = {one.type_name: one for one in types}
        self.tell: Callable[[str, str], None] = lambda _urn, _line: None  # the server connects it to the engine

    def explain(self, exc: Exception) -> str | None:  # noqa: ARG002 - for subclasses
        """A foreign error in words, or None for one that this provider does not know."""
        return None

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:  # noqa: ARG002 - for subclasses
        """No output values: the SDK's unmarshal fails on an unknown one. Unknowns come as plain markers instead."""
        return sdk.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuses what is wrong or not implemented, property by property; fills in defaults."""
        token = type_of(request.urn)
        kind = self.types.get(token)
        if kind is None:
            return sdk.CheckResponse(failures=[sdk.CheckFailure("", f"resource type {token} {NOT_IMPLEMENTED}")])
        given = request.new_inputs
        checked, problems = await self.ask(
            f"{label(request.urn)}: check", [given], lambda: kind.check(_named(kind, request))
        )
        hidden = secrets_in(given)
        # No property name: the engine would print the property's value with it, secrets inside included (v3.256.0).
        failures = [sdk.CheckFailure("", scrub(problem.reason, hidden)) for problem in problems]
        return sdk.CheckResponse(inputs=wrap_map(checked, given), failures=failures)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Says which properties differ, and whether that takes an update or a replacement."""
        kind = self._type(request.urn)
        old_inputs = request.old_inputs if isinstance(request, DiffRequest) else {}
        state, inputs, wanted = plain_map(request.old_state), plain_map(old_inputs), plain_map(request.new_inputs)
        found = [one for one in kind.changes(state, inputs, wanted) if not _ignored(one.path, request.ignore_changes)]
        replaces = [one.path for one in found if one.replaces]
        return sdk.DiffResponse(
            changes=bool(found),
            replaces=replaces,
            stables=list(kind.stables),
            delete_before_replace=bool(replaces) and kind.delete_first(state, wanted),
            diffs=sorted({one.top for one in found}),
            detailed_diff={
                one.path: sdk.PropertyDiff(_diff_kind(one), input_diff=kind.compares_inputs) for one in found
            },
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Makes the resource, or in a preview says what is known of it."""
        kind, given = self._type(request.urn), request.properties
        wanted = plain_map(given)
        if request.preview:
            return sdk.CreateResponse(resource_id="", properties=self._outputs(kind, kind.preview({}, wanted), given))
        self._refuse_unknown(request.urn, wanted)
        new_id, state = await self.ask(
            f"{label(request.urn)}: create", [given], lambda: kind.create(wanted, self._teller(request.urn, given))
        )
        return sdk.CreateResponse(resource_id=new_id, properties=self._outputs(kind, state, given))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Changes the resource in place, or in a preview says what is known of the result."""
        kind, given, olds = self._type(request.urn), request.news, request.olds
        state, wanted = plain_map(olds), plain_map(given)
        if request.preview:
            return sdk.UpdateResponse(properties=self._outputs(kind, kind.preview(state, wanted), given, olds))
        self._refuse_unknown(request.urn, wanted)
        teller = self._teller(request.urn, given)
        new_state = await self.ask(
            f"{label(request.urn)}: update",
            [given, olds],
            lambda: kind.update(request.resource_id, state, wanted, teller),
        )
        return sdk.UpdateResponse(properties=self._outputs(kind, new_state, given, olds))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """What is there now; an empty ID makes the engine drop a resource that is gone."""
        kind, olds, inputs = self._type(request.urn), request.properties, request.inputs
        found = await self.ask(
            f"{label(request.urn)}: read",
            [olds, inputs],
            lambda: kind.read(request.resource_id, plain_map(olds), plain_map(inputs)),
        )
        if found is None:
            return sdk.ReadResponse(resource_id="")
        outputs = self._outputs(kind, found.state, inputs, olds)
        return sdk.ReadResponse(found.resource_id, outputs, wrap_map(found.inputs, inputs, olds, outputs))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Removes the resource."""
        kind, olds = self._type(request.urn), request.properties
        await self.ask(
            f"{label(request.urn)}: delete", [olds], lambda: kind.delete(request.resource_id, plain_map(olds))
        )

    def _type(self, urn: str) -> ResourceType:
        token = type_of(urn)
        if token not in self.types:
            raise StandInError(f"resource type {token} {NOT_IMPLEMENTED}")
        return self.types[token]

    def _outputs(self, kind: ResourceType, state: Props, *likes: Wrapped) -> dict[str, PropertyValue]:
        outputs = wrap_map(state, *likes)
        for name, source in kind.derived.items():
            if name in outputs and any(secret_at(like, source) for like in likes):
                outputs[name] = outputs[name].with_secret(is_secret=True)
        hidden = [name for name in kind.secret_outputs if name in outputs]
        return outputs | {name: outputs[name].with_secret(is_secret=True) for name in hidden}

    def _refuse_unknown(self, urn: str, wanted: Props) -> None:
        unknown = sorted(key for key, value in wanted.items() if contains_unknown(value))
        if unknown:
            raise StandInError(f"{label(urn)}: {', '.join(unknown)} still unknown when the resource is to be changed")

    def _teller(self, urn: str, given: Wrapped) -> Tell:
        hidden = secrets_in(given)
        return lambda line: self.tell(urn, scrub(line, hidden))

    async def ask(self, what: str, shown: Sequence[Wrapped], call: Callable[[], Result]) -> Result:
        """Runs the blocking call in a thread, so that resources go in parallel, and words its errors."""
        try:
            return await asyncio.to_thread(call)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the user gets one line
            raise StandInError(self.message(what, exc, shown)) from None

    def message(self, what: str, exc: Exception, shown: Sequence[Wrapped]) -> str:
        """One line for any error: ours, a foreign one that we can explain, or a defect of the stand-in itself."""
        hidden = {text for values in shown for text in secrets_in(values)}
        if os.environ.get("PULUMI_STAND_IN_DEBUG"):
            sys.stderr.writelines(scrub(line, hidden) + "\n" for line in traceback.format_exception(exc))
        known = str(exc) if isinstance(exc, StandInError) else self.explain(exc)
        defect = f"defect of the stand-in, {type(exc).__name__}: {exc} (PULUMI_STAND_IN_DEBUG=1 prints more)"
        return scrub(f"{what}: {known or defect}", hidden)


def _named(kind: ResourceType, request: sdk.CheckRequest) -> Props:
    """The inputs, with a name that is made up where the type has that."""
    given = plain_map(request.new_inputs)
    if kind.longest_name and kind.name_key not in given:
        old = plain_map(request.old_inputs).get(kind.name_key)
        given[kind.name_key] = naming.made_up(request.urn.rpartition("::")[2], old, kind.longest_name)
    return given


def label(urn: str) -> str:
    """The resource's type and name, as in `aws:ecr/repository:Repository app`."""
    return f"{type_of(urn)} {urn.split('::', 3)[-1]}"


def type_of(urn: str) -> str:
    """The resource's own type: in a URN the parents' types come before it, split by `$`.

    The SDK's `request.type` keeps them, so a component's child has an unknown type there (pulumi 3.272.0).
    """
    _, _, types = urn.partition("::")[2].partition("::")
    return types.partition("::")[0].rpartition("$")[2]


def _ignored(path: str, ignore: Iterable[str]) -> bool:
    return any(one in ("*", path) or path.startswith((one + ".", one + "[")) for one in ignore)


def _diff_kind(change: Change) -> sdk.PropertyDiffKind:
    kinds = sdk.PropertyDiffKind
    if change.old is None:
        return kinds.ADD_REPLACE if change.replaces else kinds.ADD
    if change.new is None:
        return kinds.DELETE_REPLACE if change.replaces else kinds.DELETE
    return kinds.UPDATE_REPLACE if change.replaces else kinds.UPDATE
