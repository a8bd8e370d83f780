"""Runs a project's program for the stand-in language host, in the project's own virtual environment.

A script that needs the Pulumi SDK and nothing else: the environment it runs in is the project's. The first argument is
JSON (`language_python.program_arguments`); the rest are the program's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import pulumi
import pulumi.runtime

TOLD_THE_USER = 32


def main(argv: list[str]) -> int:
    """Run the program; 0, or 32 when the user has been told why not."""
    given = json.loads(argv[1])
    pulumi.runtime.set_all_config(given["config"], given["secret_keys"])
    pulumi.runtime.configure(pulumi.runtime.Settings(**given["settings"]))
    sys.argv = [given["program"], *argv[2:]]
    # A program that fails leaves work that nobody waits for any more. asyncio would tell its users of each piece.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # As many calls of the SDK at a time as the official host allows.
    executor = ThreadPoolExecutor(max_workers=max(given["settings"]["parallel"], 1) * 4)
    loop.set_default_executor(executor)

    def program() -> None:
        runpy.run_path(given["program"], run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return TOLD_THE_USER
    except Exception:  # noqa: BLE001 - whatever a program raises is shown to its author
        pulumi.log.error(f"the program failed:\n{traceback.format_exc()}")
        return TOLD_THE_USER
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
