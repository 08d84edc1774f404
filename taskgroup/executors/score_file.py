"""The scores that a training command writes: from code that is not ours, so nothing is taken on trust."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from taskgroup.errors import nearest
from taskgroup.spec import SPLITS, Score, Split, Subset

_LARGEST_FILE = 2**20
_LARGEST = 1e100  # larger scores overflow when they are squared


class BadScoresError(ValueError):
    """What a command wrote cannot be taken as its scores; the message says why."""


def read_scores(path: Path, subset: Subset, metrics: Mapping[str, str]) -> tuple[Score, ...]:
    """Read `{task: score}`, taken as validation scores, or `{"validation": {...}, "test": {...}}`.

    Args:
        path: What the command was told to write.
        subset: The tasks that it trained; no others may have a score.
        metrics: The name of each main task's metric: those that it trained need a score on each split; what
            stands there for auxiliary tasks is left out.

    Raises:
        BadScoresError: If the file is missing or holds anything else.
    """
    return tuple(
        Score(task, split, metrics[task], value)
        for split, of_tasks in _by_split(_document(path)).items()
        for task, value in _checked(of_tasks, split, subset, metrics).items()
    )


def _document(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BadScoresError("it wrote no scores to {out}")
    if path.stat().st_size > _LARGEST_FILE:
        raise BadScoresError(f"it wrote more than {_LARGEST_FILE:,} bytes to {{out}}")
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadScoresError(f"what it wrote to {{out}} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadScoresError(f"it wrote {document!r:.80} to {{out}}, not {{task: score}}")
    return document


def _by_split(document: dict[str, Any]) -> dict[Split, dict[str, Any]]:
    if not any(isinstance(value, dict) for value in document.values()):
        return {"validation": document}
    for name, of_tasks in document.items():
        if name not in SPLITS or not isinstance(of_tasks, dict):
            raise BadScoresError(
                f"scores by split are for validation and test, but it wrote {name!r} to {{out}}"
            )
    if "validation" not in document:
        raise BadScoresError("it wrote no validation scores to {out}, which subsets are compared by")
    return {split: document[split] for split in SPLITS if split in document}


def _checked(
    of_tasks: dict[str, Any], split: Split, subset: Subset, scored: Container[str]
) -> dict[str, float]:
    for task in of_tasks:
        if task not in subset:
            raise BadScoresError(
                f"it wrote a {split} score for {task!r:.80}, which it was not told to train; "
                f"{nearest(task, subset)}"
            )
    served = [task for task in subset if task in scored]
    for task in served:
        if task not in of_tasks:
            raise BadScoresError(f"it wrote no {split} score for task {task!r}")
        if not _is_score(of_tasks[task]):
            raise BadScoresError(
                f"its {split} score of task {task!r} is {of_tasks[task]!r:.50}, no finite number"
            )
    return {task: float(of_tasks[task]) for task in served}


def _is_score(value: object) -> bool:
    """Whether it is a number that can be reckoned with; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
