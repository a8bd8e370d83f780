"""Policies of a repository compared by what they mean: what the state holds beside what ECR holds.

As equal counts what AWS may hand back for the same: members in another order, a single value for a list of one, an
account for its root, `"*"` for `{"AWS": "*"}`, and actions in another case. Sources: IAM user guide, "IAM JSON policy
elements: Principal", "... Action" and "... Version"; hashicorp/awspolicyequivalence, by which the provider compares.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecr.drift import NONE, Difference, Remedy
from ecr.errors import InputError
from ecr.strict_json import read_json
from ecr.tables import plural

_LIFECYCLE, _REPOSITORY = "lifecycle policy", "repository policy"
_MAX_BYTES = 1 << 20  # ECR takes 30,720 characters (API reference, PutLifecyclePolicy)
_OLDEST = "2008-10-17"  # what IAM takes a policy without a version for
# ECR user guide, "Lifecycle policy properties in Amazon ECR": what a rule without a storage class looks at.
_STORAGE_CLASS, _STANDARD = "selection.storageClass", '"standard"'

_ROOT = re.compile(r"arn:[a-z0-9-]+:iam::([0-9]{12}):root")
# IAM user guide, "IAM identifiers", "Understanding unique ID prefixes". AWS hands one back in place of the ARN once the
# role or user is deleted ("IAM JSON policy elements: Principal").
_DELETED = re.compile(r"\b(AROA|AIDA)[A-Z0-9]{12,}\b")
_KINDS = {"AROA": "a deleted role", "AIDA": "a deleted user"}


@dataclass(frozen=True)
class _Part:
    """One rule or statement, or what stands beside them.

    Attributes:
        name: what tells it from the others; empty for a statement without a Sid.
        values: path -> value, both in the one form that all equal parts share.
    """

    name: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class _Policy:
    """A policy, read: its head, such as the version, and its rules or statements."""

    head: _Part
    parts: tuple[_Part, ...]


def lifecycle(expected: str | None, found: str | None) -> tuple[Difference, ...]:
    """The lifecycle policy, rule by rule; None for none, any text for a policy."""
    said, there = _read(expected), _read(found)
    if said is None or there is None:
        return _whole(_LIFECYCLE, expected, found, Remedy.DELETE_LIFECYCLE)
    return _compared(_LIFECYCLE, _rules(said), _rules(there))


def repository(expected: str | None, found: str | None) -> tuple[Difference, ...]:
    """The repository policy, statement by statement; None for none, any text for a policy."""
    said, there = _read(expected), _read(found)
    if said is None or there is None:
        return _whole(_REPOSITORY, expected, found, Remedy.DELETE_POLICY)
    return _compared(_REPOSITORY, _statements(said), _statements(there))


def _read(text: str | None) -> Mapping[str, object] | None:
    """None for no text, and for text that is no JSON object."""
    try:
        document = None if text is None else read_json(text, "policy", max_bytes=_MAX_BYTES)
    except InputError:
        return None
    return document if isinstance(document, dict) else None


# ---------------------------------------------------------------------------------------------------------------------
# Comparing
# ---------------------------------------------------------------------------------------------------------------------


def _whole(what: str, expected: str | None, found: str | None, added: Remedy) -> tuple[Difference, ...]:
    """A policy that is on one side alone, or is no JSON."""
    if expected == found:
        return ()
    remedy = added if expected is None else Remedy.PUT_BACK
    return (Difference(what=what, expected=_summary(expected), found=_summary(found), remedy=remedy),)


def _summary(text: str | None) -> str:
    if text is None:
        return NONE
    document = _read(text)
    if document is None:
        return text
    if "rules" in document:
        return plural(len(_list(document["rules"])), "rule")
    return plural(len(_list(document.get("Statement"))), "statement")


def _compared(what: str, said: _Policy, there: _Policy) -> tuple[Difference, ...]:
    found = [_changed(what, said.head, there.head)] if said.head != there.head else []
    old, new = _without(said.parts, there.parts), _without(there.parts, said.parts)
    pairs = _named_once(old) & _named_once(new)
    for part in old:
        other = next((each for each in new if each.name == part.name), None) if part.name in pairs else None
        found.append(_changed(_title(what, part), part, other))
    found += [_changed(_title(what, part), None, part) for part in new if part.name not in pairs]
    return tuple(found)


def _without(parts: Sequence[_Part], others: Sequence[_Part]) -> list[_Part]:
    """The parts that are not among the others; of equal ones, as many as the others lack."""
    left, kept = list(others), []
    for part in parts:
        if part in left:
            left.remove(part)
        else:
            kept.append(part)
    return kept


def _named_once(parts: Iterable[_Part]) -> set[str]:
    counts = Counter(part.name for part in parts)
    return {name for name, count in counts.items() if name and count == 1}


def _title(what: str, part: _Part) -> str:
    return f"{what}, {part.name or 'a statement without a Sid'}"


def _changed(what: str, said: _Part | None, there: _Part | None) -> Difference:
    """What differs between two parts alone; all of a part that has no other."""
    old, new = said.values if said else {}, there.values if there else {}
    paths = [path for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path)]
    deleted = {path for path in paths if _DELETED.search(new.get(path, ""))}
    return Difference(
        what=what,
        expected=_text(old, paths) if said else NONE,
        found=_text(new, paths) if there else NONE,
        remedy=Remedy.MAKE_ROLE if said and deleted else Remedy.PUT_BACK,
    )


def _text(values: Mapping[str, str], paths: Sequence[str]) -> str:
    shown = (f"{path} {values[path]}" if path in values else f"no {path}" for path in paths)
    return _DELETED.sub(lambda match: f"{match[0]} ({_KINDS[match[1]]})", ", ".join(shown))


# ---------------------------------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------------------------------


def _rules(document: Mapping[str, object]) -> _Policy:
    head = {key: value for key, value in document.items() if key != "rules"}
    parts = []
    for rule in _list(document.get("rules")):
        values = _flat(rule)
        if values.get(_STORAGE_CLASS) == _STANDARD:
            del values[_STORAGE_CLASS]
        parts.append(_Part(f"rule {values.pop('rulePriority', '')}".rstrip(), values))
    return _Policy(_Part("", _flat(head)), tuple(parts))


def _statements(document: Mapping[str, object]) -> _Policy:
    head = {"Version": _OLDEST} | {key: value for key, value in document.items() if key != "Statement"}
    parts = []
    for statement in _list(document.get("Statement")):
        values = _flat(_normal_statement(statement))
        sid = values.pop("Sid", "")
        parts.append(_Part(f"statement {json.loads(sid)}" if sid else "", values))
    return _Policy(_Part("", _flat(head)), tuple(parts))


def _normal_statement(statement: object) -> object:
    if not isinstance(statement, dict):
        return statement
    normal = dict(statement)
    for key in ("Principal", "NotPrincipal"):
        if key in normal:
            normal[key] = _principals(normal[key])
    for key in ("Action", "NotAction"):
        if key in normal:
            normal[key] = [each.lower() if isinstance(each, str) else each for each in _list(normal[key])]
    if isinstance(condition := normal.get("Condition"), dict):
        normal["Condition"] = {operator: _condition(block) for operator, block in condition.items()}
    return normal


def _principals(value: object) -> object:
    if not isinstance(value, dict):
        value = {"AWS": value}
    return {kind: [_account(each) for each in _list(names)] for kind, names in value.items()}


def _account(principal: object) -> object:
    match = _ROOT.fullmatch(principal) if isinstance(principal, str) else None
    return match[1] if match else principal


def _condition(block: object) -> object:
    """Names of keys are the same in any case; values are text to IAM, whatever they are in JSON."""
    if not isinstance(block, dict):
        return block
    return {
        key.lower(): [each if isinstance(each, str) else json.dumps(each) for each in _list(values)]
        for key, values in block.items()
    }


def _flat(value: object, path: str = "") -> dict[str, str]:
    """Path -> value as JSON; lists as sets, since order means nothing in either kind of policy."""
    if isinstance(value, dict):
        flat: dict[str, str] = {}
        for key in sorted(value):
            flat |= _flat(value[key], f"{path}.{key}" if path else key)
        return flat
    if isinstance(value, list):
        items = sorted({_json(each) for each in value})
        return {path: items[0] if len(items) == 1 else f"[{', '.join(items)}]"}
    return {path: _json(value)}


def _json(value: object) -> str:
    # 10 and 10.0 are one number to ECR, which hands back the shorter one.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _list(value: object) -> list[object]:
    """A single value stands for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
