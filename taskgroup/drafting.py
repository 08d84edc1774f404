"""A first study file for a table: what its columns probably are, with comments where people know better."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from taskgroup.data import ColumnUse, Dataset, Table, guess_kind, guess_uses, read_table, target_like
from taskgroup.errors import InputError, nearest
from taskgroup.loading import load_checked
from taskgroup.search import make_plan
from taskgroup.spec import Kind, Study, parse_study

_KIND_COMMENTS = {
    "binary": "two values",
    "multiclass": "classes; kind regression if they are amounts",
    "regression": "a number",
}


@dataclass(frozen=True)
class DraftTask:
    """A target column as a task.

    Attributes:
        name: Of the task.
        target: The column.
        kind: What its values look like.
        n_labelled: Rows with a label.
    """

    name: str
    target: str
    kind: Kind
    n_labelled: int


@dataclass(frozen=True)
class Draft:
    """A study file before it is written.

    Attributes:
        text: Its YAML.
        study: The study that it describes.
        dataset: The checked data.
        tasks: The targets that were found.
        columns: What the other columns are for.
    """

    text: str
    study: Study
    dataset: Dataset
    tasks: tuple[DraftTask, ...]
    columns: tuple[ColumnUse, ...]


def draft_study(table_file: str | Path, output: Path, *, targets: Sequence[str] = ()) -> Draft:
    """Describe a table as a study, and check that it can be searched as it stands.

    Args:
        table_file: CSV, TSV or Parquet.
        output: Where the study file will be; the table's path in it is relative to its folder.
        targets: Target columns; found by their names by default.

    Raises:
        InputError: If the table cannot be read, the targets cannot be told, or the draft would not pass
            `taskgroup check`; the message says which columns there are and what to give.
    """
    source = Path(table_file).resolve()
    table = read_table(str(source))
    tasks = [_task(table, name) for name in _targets(table, targets)]
    columns = guess_uses(table, [task.target for task in tasks])
    if not any(column.use == "feature" for column in columns):
        why = "; ".join(f"{column.name!r}: {column.why}" for column in columns) or "all are targets"
        raise InputError(
            f"no column of '{table_file}' can be learned from ({why}); for images and texts see "
            "data.image and data.text in the README"
        )
    folder = output.resolve().parent
    text = _text(os.path.relpath(source, folder), _study_name(source), table, tasks, columns)
    study = _read(text, source)
    plan = make_plan(study)
    try:
        dataset = load_checked(study, (*plan.seeds, *plan.fresh_seeds))
    except InputError as error:
        raise InputError(
            f"{error} (while drafting; name the targets that are fit by --target, or mend the table)"
        ) from None
    return Draft(text, study, dataset, tuple(tasks), tuple(columns))


def _targets(table: Table, given: Sequence[str]) -> list[str]:
    """The target columns, at least two."""
    for name in given:
        table.column(name, wanted_by="--target")
    found = list(dict.fromkeys(given)) or target_like(list(table.columns))
    if len(found) >= 2:
        return found
    which = (
        f"one column looks like a target, {found[0]!r}"
        if found
        else "no column's name says that it is a target"
    )
    if given:
        which = f"one target was given, {found[0]!r}"
    raise InputError(
        f"{which}, and a study needs at least two; name them, as in --target {_example(table)}. "
        f"{nearest('', table.columns)}. Where one column says which task a row belongs to, write the study "
        "with data.task_column"
    )


def _example(table: Table) -> str:
    return " --target ".join(list(table.columns)[-2:])


def _task(table: Table, column: str) -> DraftTask:
    values = table.columns[column]
    kind = guess_kind(column, values)
    missing = sum(value is None for value in values) if values.dtype.kind == "O" else np.isnan(values).sum()
    return DraftTask(_task_name(column), column, kind, len(values) - int(missing))


def _task_name(column: str) -> str:
    """The column's name, as far as a task may be called so."""
    name = "".join(c for c in column.replace("+", "_") if c.isprintable()).strip()
    return name or "task"


def _study_name(source: Path) -> str:
    name = re.sub(r"[^\w.-]+", "_", source.name.partition(".")[0], flags=re.ASCII)
    return name.lstrip("_.-")[:100] or "study"


def _read(text: str, source: Path) -> Study:
    document = yaml.safe_load(text)
    document["data"]["source"] = str(source)
    return parse_study(document, place="the draft")


def _text(
    source: str, name: str, table: Table, tasks: Sequence[DraftTask], columns: Sequence[ColumnUse]
) -> str:
    """The study file with its comments."""
    n_features = sum(column.use == "feature" for column in columns)
    lines = [
        f"# Drafted from {_comment(Path(source).name)}: {table.n_rows:,} rows, {n_features} feature columns, "
        f"{len(tasks)} tasks.",
        "# Look through it, then: taskgroup check, taskgroup search.",
        f"name: {_scalar(name)}",
        "data:",
        f"  source: {_scalar(source)}",
        *_exclude_lines(columns),
        *_group_lines(columns),
        "tasks:",
        *(_task_line(task, table.n_rows) for task in tasks),
        "model: {encoder: mlp, widths: [64, 64]}",
        *_search_lines(len(tasks)),
    ]
    return "\n".join(lines) + "\n"


def _exclude_lines(columns: Sequence[ColumnUse]) -> list[str]:
    left_out = [column for column in columns if column.use != "feature"]
    if not left_out:
        return ["  # exclude: [COLUMN]  # names and dates, from which nothing should be learned"]
    lines = [f"    - {_scalar(column.name)}  # {_comment(column.why)}" for column in left_out]
    return ["  exclude:  # not learned from", *lines]


def _group_lines(columns: Sequence[ColumnUse]) -> list[str]:
    groups = [column.name for column in columns if column.use == "group"]
    return [
        f"  # split: {_flow({'by': 'group', 'column': name})}  # keeps rows of one value in one part"
        for name in groups
    ]


def _task_line(task: DraftTask, n_rows: int) -> str:
    document = {"name": task.name, "kind": task.kind}
    if task.target != task.name:
        document = {"name": task.name, "target": task.target, "kind": task.kind}
    missing = n_rows - task.n_labelled
    notes = _KIND_COMMENTS[task.kind] + (f"; {missing:,} labels missing" if missing else "")
    return f"  - {_flow(document)}  # {notes}"


def _search_lines(n_tasks: int) -> list[str]:
    """Enough runs for the single tasks and about as many subsets as there are pairs, at three seeds."""
    n_pairs = n_tasks * (n_tasks - 1) // 2
    runs = max(120, min(2000, 100 * ((60 + 8 * n_tasks + 4 * n_pairs + 99) // 100)))
    return [
        "search:",
        "  sharing: {depth: [1, 2]}  # blocks of the encoder that tasks share",
        "  # More to try, as lists of which the search takes what serves best:",
        "  # sharing: {kind: [hard, cross_stitch, mmoe, ple], depth: [1, 2]}  # in place of the line above",
        "  # weighting: [equal, static, uncertainty]  # static: fixed weights, tuned by the search",
        "  # distillation: [none, annealed]           # single-task networks teach",
        f"  runs: {runs}  # at most; time: 10m is the other limit",
        "  seeds: 3",
        f"grouping: {{max_groups: {min(n_tasks, 2 if n_tasks <= 3 else 3)}}}  # the most networks to serve",
    ]


def _flow(document: dict[str, Any]) -> str:
    dumped = yaml.safe_dump(
        document, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    )
    return str(dumped).strip()


def _scalar(value: str) -> str:
    return _flow({"_": value})[len("{_: ") : -1]


def _comment(text: str) -> str:
    """Text for a comment, which ends at a line break."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
