"""What other stacks have exported, read while the program runs."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from ecr.errors import RemoteError
from ecr.promotion import whole_stack_name

_READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
# What every backend says of a stack that was never made; the engine passes on the text alone (pulumi/pulumi,
# pkg/backend/backend_client.go, GetStackOutputs).
_UNKNOWN_STACK = "unknown stack"


def read(stack: str) -> Mapping[str, object]:
    """A stack's outputs; none when there is no such stack.

    Raises:
        RemoteError: when the engine can't read them.
    """
    name = whole_stack_name(stack, pulumi.get_organization(), pulumi.get_project())
    try:
        # The engine reads outputs for StackReference by this function, too, but hands those out only later on.
        answer = pulumi.runtime.invoke(_READ_OUTPUTS, {"name": name}).value
    except Exception as error:  # the SDK raises nothing narrower
        if _UNKNOWN_STACK in str(error):
            return {}
        raise RemoteError(
            f"the outputs of stack {name} can't be read: {error}",
            service="pulumi",
            operation=_READ_OUTPUTS,
            code="Invoke",
        ) from error
    outputs = answer.get("outputs") if isinstance(answer, Mapping) else None
    return outputs if isinstance(outputs, Mapping) else {}
