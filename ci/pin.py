"""Names the image that was approved in a copy of a stack file: `python -m ci.pin STACK IMAGE >COPY`, for ci/stack.

What a run promotes is settled by the file that it gives pulumi, and not by what the source has published by then.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

from ecr import config_reader, stack_file
from ecr.errors import InputError, InputErrors, printable
from ecr.protecting import pinned
from ecr.reference import is_digest, is_tag

KEY = f"{stack_file.NAMESPACE}:promote"
_IMAGE = re.compile(r"(?:(?P<tag>[^@]*)@)?(?P<digest>[^@]*)")


def approved(text: str) -> tuple[str | None, str]:
    """Tag, or None, and digest of `TAG@DIGEST` or `DIGEST`.

    Raises:
        InputError: it is neither; an empty one too, as whoever gives it means an image.
    """
    parts = _IMAGE.fullmatch(text)
    if parts is None or not is_digest(parts["digest"]) or not (parts["tag"] is None or is_tag(parts["tag"])):
        raise InputError(
            "image", f"{config_reader.shown(text)} is not what was approved; accepted: what ci/stack image prints"
        )
    return parts["tag"], parts["digest"]


def pin(project: Path, stack: str, image: str) -> tuple[str, str | None]:
    """A stack's file with the image under `promote`, and a word when the file pins another digest, which then stays.

    Whoever rolls back pins a digest in the file, so the file wins. A tag in it stays too. All else stays as it is
    written, secrets and numbers included, since nothing is read as a value and written anew.

    Args:
        project: the project's folder.
        stack: the stack's name.
        image: `TAG@DIGEST` or `DIGEST`.

    Raises:
        InputError: no such image, file or YAML, or the stack promotes nothing.
        InputErrors: what the file pins is no digest.
    """
    tag, digest = approved(image)
    config = stack_file.read(project, stack)
    path = stack_file.path(project, stack)
    name = path.relative_to(project)
    text = path.read_text(encoding="utf-8")
    promote = config.get(KEY)
    if isinstance(promote, str):
        raise InputError(KEY, f"is JSON text in {name}, which can't name an image as well; write it as YAML: a mapping")
    if not isinstance(promote, dict) or "from" not in promote:
        raise InputError(f"{KEY}.from", f"is missing in {name}: the stack promotes nothing, so not {image} either")
    held = pinned(config)
    if held is not None:
        return text, None if held == digest else f"{name} pins {held}, which wins over {image}"
    wanted = {"digest": digest, **({"tag": tag} if tag is not None and promote.get("tag") is None else {})}
    root = yaml.compose(text, yaml.SafeLoader)
    settings = _value(root, "config")
    section = _value(settings, KEY)
    # A node of its own: an alias's would change what else it stands for.
    own = yaml.MappingNode(
        section.tag,
        [
            *((key, value) for key, value in section.value if key.value not in wanted),
            *((_text(key), _text(value)) for key, value in wanted.items()),
        ],
        flow_style=section.flow_style,
    )
    settings.value = [(key, own if value is section and key.value == KEY else value) for key, value in settings.value]
    return yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=sys.maxsize), None


def _value(node: yaml.Node | None, wanted: str) -> yaml.MappingNode:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    found = next((value for key, value in pairs if key.value == wanted), None)
    if not isinstance(found, yaml.MappingNode):
        raise InputError(wanted, "has to be a mapping in the stack file itself, or the approved image can't be named")
    return found


def _text(value: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style='"')


def main(stack: str, image: str) -> int:
    """Print the file; the exit code."""
    try:
        text, word = pin(Path.cwd(), stack, image)
    except (InputError, InputErrors) as error:
        sys.stderr.writelines(f"error: {printable(line)}\n" for line in str(error).splitlines())
        return 2
    if word is not None:
        sys.stderr.write(f"{word}\n")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
