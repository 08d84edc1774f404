"""A training command with placeholders, as words for a process; no shell ever reads it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from string import Formatter

from taskgroup.errors import nearest

PLACEHOLDERS: dict[str, str] = {
    "tasks": "the names joined by commas",
    "subset": "the names joined by +",
    "seed": "the repetition",
    "fidelity": "share of the full training length",
    "depth": "search.sharing.depth",
    "sharing": "search.sharing.kind",
    "weighting": "search.weighting",
    "out": "the JSON file to write the scores to",
    "python": "the Python that runs taskgroup",
}
"""What each placeholder stands for."""


def command_words(command: str) -> tuple[str, ...]:
    """Split a command as a shell would and check its placeholders; `{{` and `}}` stand for braces.

    Raises:
        ValueError: If quotes or braces do not match, a placeholder is unknown, or the command is not told
            the tasks or where to write.

    >>> command_words("python train.py --tasks '{tasks}' --out={out}")
    ('python', 'train.py', '--tasks', '{tasks}', '--out={out}')
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise ValueError(f"it cannot be split into words: {error}") from None
    used = placeholders_of(words)
    for name in used:
        if name not in PLACEHOLDERS:
            raise ValueError(f"unknown placeholder {{{name}}}; {nearest(name, PLACEHOLDERS)}")
    if not {"tasks", "subset"} & used:
        raise ValueError(
            f"it has neither {{tasks}} nor {{subset}}, one of which says what to train; {_KNOWN}"
        )
    if "out" not in used:
        raise ValueError(f"it has no {{out}}, the file that it must write its scores to; {_KNOWN}")
    return words


def placeholders_of(words: tuple[str, ...]) -> set[str]:
    """The names in braces.

    Raises:
        ValueError: If braces do not match.
    """
    return {name for word in words for name in _names_in(word)}


def filled_words(words: tuple[str, ...], values: Mapping[str, str]) -> list[str]:
    """Put values in the place of their names; each stays inside its word, whatever it holds.

    >>> filled_words(("train", "--tasks={tasks}"), {"tasks": "a b; rm"})
    ['train', '--tasks=a b; rm']
    """
    return [word.format_map(values) for word in words]


def _names_in(word: str) -> Iterator[str]:
    try:
        parts = list(Formatter().parse(word))
    except ValueError as error:
        raise ValueError(f"{word!r}: {str(error).lower()}; write {{{{ or }}}} for a brace itself") from None
    for _, name, form, conversion in parts:
        if name is not None:
            yield name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")


_KNOWN = f"Known: {', '.join(f'{{{name}}} ({meaning})' for name, meaning in PLACEHOLDERS.items())}"
