"""`python -m ecr lifecycle`: commands that say what a lifecycle policy would do; none of them changes anything.

`sources` finds the policy and the images that a command is about; one module for each command.
"""

from __future__ import annotations

from ecr.cli import loading

_HELP = """Know what a lifecycle policy would delete before it does.

Nothing here changes anything. A policy is a JSON file in ECR's own form, that of a stack's file, or the live one of a
repository; images come from a file that `aws ecr describe-images` has written, or from a live repository.

\b
Example:
  python -m ecr lifecycle simulate --stack prod
"""

COMMANDS = {
    "validate": "Check that ECR accepts a policy, and that its rules can act.",
    "simulate": "Show which images a policy would expire or archive now.",
    "explain": "Say what a policy would do to one image, and why.",
    "forecast": "Show what a repository will hold, and what that costs.",
    "compare": "Show where AWS's own preview differs from our answer.",
}

app = loading.group("ecr.cli.lifecycle", _HELP, COMMANDS)
