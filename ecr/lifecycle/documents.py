"""Lifecycle policies as ECR's JSON, read into typed rules; all that ECR would refuse in one is said at once.

Source: ECR user guide, "Lifecycle policy properties in Amazon ECR", with the template in "Examples of lifecycle
policies in Amazon ECR"; `ecr.lifecycle.validation` for what the values may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from ecr.errors import InputError, InputErrors
from ecr.lifecycle import validation
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.validation import Problem
from ecr.strict_json import brief, read_json, shown

# Far more than a policy may have, so that one which is a little too long is told everything else that is wrong, too.
MAX_POLICY_BYTES = 1 << 20
_MAX_SHOWN = 200

_DAYS = "days"
_RULE_KEYS = ("rulePriority", "description", "selection", "action")
_SELECTION_KEYS = (
    *("tagStatus", "tagPatternList", "tagPrefixList"),
    *("storageClass", "countType", "countUnit", "countNumber"),
)
_ACTION_KEYS = ("type", "targetStorageClass")

Choice = TypeVar("Choice", bound=StrEnum)


_ANSWER_KEY = "lifecyclePolicyText"


def parse_policy_text(text: str | bytes, name: str) -> LifecyclePolicy:
    """The policy that a text describes; see `parse_policy`. The length that counts is that of this text.

    Raises:
        InputError: it is no JSON that `read_json` accepts.
        InputErrors: with a line for each problem in the policy.
    """
    document = read_json(text, name, max_bytes=MAX_POLICY_BYTES)
    if isinstance(document, dict) and isinstance(inner := document.get(_ANSWER_KEY), str):
        # What `aws ecr get-lifecycle-policy` prints: the policy is text in it.
        return parse_policy_text(inner, f"{name}: {_ANSWER_KEY}")
    chars = len(text if isinstance(text, str) else text.decode())
    return _policy(document, name, tuple(validation.length_problems(chars)))


def parse_policy(document: object, name: str) -> LifecyclePolicy:
    """The policy that ECR's JSON describes.

    Args:
        document: the JSON, read.
        name: where it comes from, for messages.

    Raises:
        InputErrors: with a line for each problem: `NAME: rules[INDEX].FIELD: reason`. The index is the place in the
            document.
    """
    return _policy(document, name, None)


def parse_rules(items: object, name: str) -> LifecyclePolicy:
    """The policy of a list of rules in ECR's JSON; the problems are named `NAME[INDEX].FIELD`.

    Raises:
        InputErrors: with a line for each problem.
    """
    found: list[Problem] = []
    policy = _read_rules(items, None, found)
    _raise_for(found, name, name)
    return policy


def _policy(document: object, name: str, length: Sequence[Problem] | None) -> LifecyclePolicy:
    if not isinstance(document, dict):
        accepted = 'an object with the list "rules"'
        raise InputErrors((InputError(name, f"{shown(document)} is not accepted; accepted: {accepted}"),))
    found = [Problem(None, key, "is not a known key; known: rules") for key in _unknown(document, ("rules",))]
    policy = LifecyclePolicy(())
    if "rules" in document:
        policy = _read_rules(document["rules"], length, found)
    else:
        found += [*(length or ()), Problem(None, "rules", "is missing; accepted: a list of rules")]
    _raise_for(found, name, f"{name}: rules")
    return policy


def _read_rules(items: object, length: Sequence[Problem] | None, found: list[Problem]) -> LifecyclePolicy:
    """The policy, as far as it can be told. Notes all problems; those of the length, unless given, by its own text."""
    if not isinstance(items, list):
        found += [*(length or ()), Problem(None, "rules", f"{shown(items)} is not accepted; accepted: a list of rules")]
        return LifecyclePolicy(())
    drafts = [_draft(item, index, found) for index, item in enumerate(items)]
    found += validation.rule_problems(drafts)
    policy = LifecyclePolicy(tuple(rule for draft in drafts if (rule := draft.rule()) is not None))
    if length is None:
        # The text of a policy that is not known whole says nothing about its length.
        length = () if found else tuple(validation.length_problems(len(policy.text)))
    found += length
    return policy


def _raise_for(found: Iterable[Problem], name: str, rules: str) -> None:
    """Raise when there are problems. `rules` is what an index follows."""
    ordered = validation.sorted_problems(found)
    errors = [_error(problem, name, rules) for problem in ordered[:_MAX_SHOWN]]
    if len(ordered) > _MAX_SHOWN:
        errors.append(InputError(name, f"and {len(ordered) - _MAX_SHOWN} more problems"))
    if errors:
        raise InputErrors(tuple(errors))


def _error(problem: Problem, name: str, rules: str) -> InputError:
    if problem.index is not None:
        return InputError(f"{rules}[{problem.index}]{'.' * bool(problem.field)}{problem.field}", problem.reason)
    if problem.field in ("", "rules"):
        return InputError(rules if problem.field else name, problem.reason)
    return InputError(f"{name}: {problem.field}", problem.reason)


# ---------------------------------------------------------------------------------------------------------------------
# One rule
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A rule as far as it can be told: None for what is missing or wrong, which is noted already."""

    priority: int | None = None
    tag_status: TagStatus | None = None
    tag_patterns: tuple[str | None, ...] | None = None
    tag_prefixes: tuple[str | None, ...] | None = None
    storage_class: StorageClass | None = None
    count_type: CountType | None = None
    count: int | None = None
    action: Action | None = None
    description: str = ""

    def rule(self) -> PolicyRule | None:
        """The rule, when all of it is known."""
        if self.priority is None or self.tag_status is None or self.count_type is None or self.count is None:
            return None
        if self.tag_patterns is None or self.tag_prefixes is None or self.storage_class is None or self.action is None:
            return None
        return PolicyRule(
            priority=self.priority,
            tag_status=self.tag_status,
            tag_patterns=tuple(text for text in self.tag_patterns if text is not None),
            tag_prefixes=tuple(text for text in self.tag_prefixes if text is not None),
            storage_class=self.storage_class,
            count_type=self.count_type,
            count=self.count,
            action=self.action,
            description=self.description,
        )


def _draft(item: object, index: int, found: list[Problem]) -> _Draft:
    if not isinstance(item, dict):
        accepted = 'an object with "rulePriority", "selection" and "action"'
        found.append(Problem(index, "", f"{shown(item)} is not accepted; accepted: {accepted}"))
        return _Draft()
    rule = _Fields(item, "", index, found)
    rule.refuse_unknown(_RULE_KEYS)
    priority, description = rule.whole_number("rulePriority"), rule.text("description")
    selection, action = rule.fields("selection", _SELECTION_KEYS), rule.fields("action", _ACTION_KEYS)
    drafted = _selected(selection) if selection else _Draft()
    kind = action.choice("type", Action) if action else None
    if selection:
        _check_unit(selection, drafted.count_type)
    if action:
        _check_target(action, kind)
    return replace(drafted, priority=priority, description=description, action=kind)


def _selected(selection: _Fields) -> _Draft:
    return _Draft(
        tag_status=selection.choice("tagStatus", TagStatus),
        tag_patterns=selection.texts("tagPatternList"),
        tag_prefixes=selection.texts("tagPrefixList"),
        storage_class=selection.choice("storageClass", StorageClass, default=StorageClass.STANDARD),
        count_type=selection.choice("countType", CountType),
        count=selection.whole_number("countNumber"),
    )


def _check_unit(selection: _Fields, count_type: CountType | None) -> None:
    if count_type is None:
        return
    if count_type is CountType.IMAGES:
        if selection.has("countUnit"):
            selection.wrong("countUnit", f"is not accepted with countType {shown(count_type.value)}; leave it out")
    elif not selection.has("countUnit"):
        selection.wrong("countUnit", f'is missing; with countType {shown(count_type.value)} it must be "{_DAYS}"')
    elif selection.value("countUnit") != _DAYS:
        selection.refuse("countUnit", f'"{_DAYS}"')


def _check_target(action: _Fields, kind: Action | None) -> None:
    if kind is Action.EXPIRE and action.has("targetStorageClass"):
        action.wrong("targetStorageClass", f"is not accepted with type {shown(kind.value)}; leave it out")
    if kind is Action.ARCHIVE:
        if not action.has("targetStorageClass"):
            action.wrong("targetStorageClass", f'is missing; with type {shown(kind.value)} it must be "archive"')
        elif action.value("targetStorageClass") != StorageClass.ARCHIVE:
            action.refuse("targetStorageClass", '"archive"')


class _Fields:
    """An object in a rule. Values are asked for by key and type; what is missing or wrong is noted, and None given."""

    def __init__(self, values: Mapping[str, object], path: str, index: int, found: list[Problem]) -> None:
        self._values = values
        self._path = path
        self._index = index
        self._found = found

    def wrong(self, key: str, reason: str) -> None:
        self._found.append(Problem(self._index, f"{self._path}{key}", reason))

    def refuse(self, key: str, accepted: str) -> None:
        """Note that the value under `key` is not accepted."""
        self.wrong(key, f"{shown(self._values[key])} is not accepted; accepted: {accepted}")

    def refuse_unknown(self, known: Sequence[str]) -> None:
        for key in _unknown(self._values, known):
            self.wrong(key, f"is not a known key; known: {', '.join(known)}")

    def has(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str) -> object:
        return self._values[key]

    def fields(self, key: str, known: Sequence[str]) -> _Fields | None:
        if not self._wanted(key, f"an object with {', '.join(known)}"):
            return None
        value = self._values[key]
        if not isinstance(value, dict):
            self.refuse(key, f"an object with {', '.join(known)}")
            return None
        inner = _Fields(value, f"{self._path}{key}.", self._index, self._found)
        inner.refuse_unknown(known)
        return inner

    def whole_number(self, key: str) -> int | None:
        accepted = "a whole number, 1 or more"
        if not self._wanted(key, accepted):
            return None
        value = self._values[key]
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.refuse(key, accepted)
        return None

    def choice(self, key: str, kind: type[Choice], default: Choice | None = None) -> Choice | None:
        accepted = ", ".join(shown(one.value) for one in kind)
        if default is not None and key not in self._values:
            return default
        if not self._wanted(key, accepted):
            return None
        value = self._values[key]
        if isinstance(value, str) and value in set(kind):
            return kind(value)
        self.refuse(key, accepted)
        return None

    def text(self, key: str) -> str:
        value = self._values.get(key, "")
        if isinstance(value, str):
            return value
        self.refuse(key, "text")
        return ""

    def texts(self, key: str) -> tuple[str | None, ...] | None:
        """The texts of a list, each at its place; none when there is no list."""
        if key not in self._values:
            return ()
        items = self._values[key]
        if not isinstance(items, list) or not items:
            given = "an empty list" if isinstance(items, list) else shown(items)
            self.wrong(key, f"{given} is not accepted; accepted: a list of texts, or no such key")
            return None
        for at, item in enumerate(items):
            if not isinstance(item, str):
                self.wrong(f"{key}[{at}]", f"{shown(item)} is not accepted; accepted: text")
        return tuple(item if isinstance(item, str) else None for item in items)

    def _wanted(self, key: str, accepted: str) -> bool:
        if key not in self._values:
            self.wrong(key, f"is missing; accepted: {accepted}")
        return key in self._values


def _unknown(values: Mapping[str, object], known: Sequence[str]) -> list[str]:
    """The keys that are not known. From YAML they need not be texts."""
    return sorted(brief(str(key)) for key in values if key not in known)
