"""`python -m ecr completion`: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ecr.cli import console
from ecr.cli.completing import VARIABLE

HELP = """Print a script that lets a shell complete what you type.

The script defines the command `ecr`, which is `python -m ecr` of this folder and this interpreter, wherever you are,
and completes commands, options, and the names of stacks, repositories and Regions. Have your shell read it when it
starts. FOLDER is this one:

\b
~/.bashrc:                   eval "$(cd FOLDER && .venv/bin/python -m ecr completion bash)"
~/.zshrc:                    eval "$(cd FOLDER && .venv/bin/python -m ecr completion zsh)"
~/.config/fish/config.fish:  cd FOLDER && .venv/bin/python -m ecr completion fish | source; cd -

\b
Examples:
  python -m ecr completion bash
  python -m ecr completion fish
"""


class Shell(StrEnum):
    """A shell that is known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


ShellName = Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)]

_ROOT = Path(__file__).resolve().parents[2]

# bash inserts a word as it is, for itself to read: hence %q. The other two quote what they insert.
# -P: the folder that one happens to be in may hold other modules with our names.
_BASH = """\
ecr() {{
    PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}} {python} -P -m ecr "$@"
}}
_ecr_completion() {{
    local line word
    COMPREPLY=()
    while IFS= read -r line; do
        printf -v word %q "${{line%%$'\\t'*}}"
        COMPREPLY+=("$word")
    done < <({variable}=1 ecr "${{COMP_WORDS[@]:1:COMP_CWORD}}" 2>/dev/null)
}}
complete -o default -F _ecr_completion ecr
"""
_ZSH = """\
ecr() {{
    PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}} {python} -P -m ecr "$@"
}}
_ecr_completion() {{
    local -a found
    local line about
    {variable}=1 ecr "${{(@)words[2,CURRENT]}}" 2>/dev/null | while IFS= read -r line; do
        about="${{line#*$'\\t'}}"
        found+=("${{${{line%%$'\\t'*}}//:/\\\\:}}${{about:+:$about}}")
    done
    if (( $#found )); then
        _describe -V ecr found
    else
        _files
    fi
}}
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit }}
compdef _ecr_completion ecr
"""
_FISH = """\
function ecr
    set -lx PYTHONPATH {root} $PYTHONPATH
    {python} -P -m ecr $argv
end
function __ecr_completion
    set -lx {variable} 1
    set -l found (ecr (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command ecr --no-files --keep-order --arguments '(__ecr_completion)'
"""


def run(shell: ShellName) -> int:
    """Print the script for `shell`."""
    console.result(script(shell, root=str(_ROOT), python=sys.executable).splitlines())
    return 0


def script(shell: Shell, *, root: str, python: str) -> str:
    """The script for a shell.

    Args:
        shell: which one.
        root: the folder that the program is in.
        python: the interpreter that runs it.
    """
    if shell is Shell.FISH:
        return _FISH.format(root=_fish_quoted(root), python=_fish_quoted(python), variable=VARIABLE)
    text = _BASH if shell is Shell.BASH else _ZSH
    return text.format(root=shlex.quote(root), python=shlex.quote(python), variable=VARIABLE)


def _fish_quoted(text: str) -> str:
    """Backslash and quote alone have a meaning between single quotes (fish documentation, "Quotes")."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
