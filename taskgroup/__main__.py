"""`python -m taskgroup`, where the command is not on the path."""

from __future__ import annotations

from taskgroup.cli import main

if __name__ == "__main__":  # doctest imports every module
    main()
