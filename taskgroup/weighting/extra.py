"""Weightings that a package outside the dependencies computes: TorchJD and its solvers."""

from __future__ import annotations

from importlib.util import find_spec

from taskgroup.errors import MissingExtraError
from taskgroup.spec import WEIGHTING_FACTS


def require_packages(name: str) -> None:
    """Check that what a weighting needs is installed, without importing it.

    Args:
        name: Of the weighting.

    Raises:
        MissingExtraError: If not; the message names the command that installs it.
    """
    missing = [package for package in WEIGHTING_FACTS[name].packages if find_spec(package) is None]
    if missing:
        raise MissingExtraError(
            f"weighting {name!r} needs {', '.join(missing)}; install by: pip install 'taskgroup[gradients]', "
            "or use another weighting such as 'pcgrad' or 'aligned_mtl'"
        )
