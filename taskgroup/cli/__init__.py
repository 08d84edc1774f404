"""The command line: thin commands over the Python interface."""

from taskgroup.cli.main import main

__all__ = ["main"]
