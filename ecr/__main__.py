"""`python -m ecr`: see `ecr/cli/app.py`."""

import sys

try:
    from ecr.cli.app import main

    code = main(sys.argv[1:])
except ImportError as error:  # some packages are imported late, where they are needed
    if (error.name or "ecr").partition(".")[0] == "ecr":
        raise
    sys.stderr.write(
        "error: the program's packages are not installed for this Python: "
        "run `make up`, or use .venv/bin/python -m ecr\n"
    )
    code = 2
except KeyboardInterrupt:  # while the commands are being imported; later on `ecr.cli.app` sees to it
    sys.stderr.write("interrupted\n")
    code = 130
sys.exit(code)
