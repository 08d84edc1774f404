"""Errors that a caller can act on.

Every message states the rule, the value that broke it and the fix. Each class also inherits the
natural builtin, so that ``except ValueError`` keeps working for people who never import this module.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TaskgroupError(Exception):
    """Base of every error that taskgroup raises on purpose."""


class InputError(TaskgroupError, ValueError):
    """The user's study, data or arguments are wrong; nothing was run or written."""


class InfeasibleError(InputError):
    """No choice among the given networks serves every task within the limit."""


class StudyChangedError(InputError):
    """The stored study of that name differs from the one given."""


class NotFoundError(TaskgroupError, LookupError):
    """A study, run or file that was asked for does not exist."""


class RunFailedError(TaskgroupError, RuntimeError):
    """The search cannot go on, because the runs that it needs have failed."""


class MissingExtraError(TaskgroupError, ImportError):
    """An optional dependency is needed; the message names the command that installs it."""


def nearest(name: object, known: Iterable[str]) -> str:
    """Say which known names are meant, nearest first, as the tail of an error message.

    >>> nearest("digti", ["digit", "odd"])
    "did you mean 'digit'? Known: digit, odd"
    >>> nearest("ODD", ["digit", "odd"])
    "did you mean 'odd'? Known: digit, odd"
    >>> nearest("xyz", ["digit", "odd"])
    'Known: digit, odd'
    >>> nearest("xyz", [])
    'there is none'
    """
    names = list(known)
    if not names:
        return "there is none"
    listed = ", ".join(names[:30]) + (f", … ({len(names)} in all)" if len(names) > 30 else "")
    spelled = {known_name.lower(): known_name for known_name in names}
    close = difflib.get_close_matches(str(name).lower(), spelled, n=3, cutoff=0.6)
    if not close:
        return f"Known: {listed}"
    return f"did you mean {' or '.join(repr(spelled[match]) for match in close)}? Known: {listed}"
