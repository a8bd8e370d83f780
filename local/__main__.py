"""`python -m local`: see `local/cli.py`."""

import sys

try:
    from local.cli import main

    code = main(sys.argv[1:])
except ImportError as error:  # some packages are imported late, where they are needed
    if (error.name or "local").partition(".")[0] == "local":
        raise
    sys.stderr.write(
        "error: the program's packages are not installed for this Python: "
        "run `make up`, or use .venv/bin/python -m local\n"
    )
    code = 3
sys.exit(code)
