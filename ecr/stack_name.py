"""Names of stacks, which Pulumi takes as NAME, ORGANIZATION/NAME and ORGANIZATION/PROJECT/NAME."""

from __future__ import annotations


def short(stack: str) -> str:
    """The name without organization and project."""
    return stack.rpartition("/")[2]


def file_of(stack: str) -> str:
    """What the stack's file is called (pulumi/pulumi, sdk/go/common/workspace/paths.go, `ProjectStackPath`)."""
    return f"Pulumi.{short(stack)}.yaml"
