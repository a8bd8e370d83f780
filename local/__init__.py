"""The whole project on one machine, without an AWS account: engine, emulator, Docker, base image, plugins.

`python -m local` is the way in. The product (`ecr/`, `components/`, `settings.py`, `__main__.py`) knows nothing of it.
"""
