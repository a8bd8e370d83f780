"""The command line, `python -m ecr`: arguments in, calls on the domain, the result on stdout, all else on stderr.

`app` knows the commands and turns errors into lines and exit codes; `console` writes; one module for each command.
Nothing here is imported by the program that Pulumi runs.
"""
