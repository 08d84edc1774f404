"""From a study's data source to a checked `Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from taskgroup.data.bundled import read_bundled
from taskgroup.data.dataset import Dataset, Target
from taskgroup.data.derived import DERIVATIONS, Sources
from taskgroup.data.divided_by import read_division
from taskgroup.data.features import Features
from taskgroup.data.files import read_file
from taskgroup.data.folders import read_image_folder
from taskgroup.data.function import as_table, call_function
from taskgroup.data.generated import read_generated
from taskgroup.data.items import is_map_style, table_from_items
from taskgroup.data.labels import build_target, label_warnings
from taskgroup.data.own_rows import OwnRows, join_tables, own_target, split_by_task
from taskgroup.data.reading import read_features
from taskgroup.data.river_sets import read_river
from taskgroup.data.roles import reserved_columns
from taskgroup.data.row_weights import with_weights
from taskgroup.data.table import Table
from taskgroup.errors import InputError
from taskgroup.spec import IN_MEMORY, DataSpec, Study

if TYPE_CHECKING:
    import pandas as pd

MIN_ROWS = 10


def load_dataset(study: Study) -> Dataset:
    """Read and check the data of a study.

    The source is a path (CSV, TSV, Parquet, NPZ), a folder of images, `sklearn:NAME`, `generated:NAME`,
    `river:NAME` or `python:module:function`, or one of these for each task. Without ``data.features``, every
    column is a feature that serves no other purpose and, in the built-in sets, is no label. With
    ``data.image`` or ``data.text`` each row is one image or text.

    Raises:
        InputError: If the source cannot be read, or a column is not fit for its use.
    """
    source = study.data.source
    if source == IN_MEMORY:
        raise InputError(
            f"data.source {IN_MEMORY!r} is data that Python hands over; give them, as in "
            "tg.search(study, data=table), or name a file"
        )
    if not isinstance(source, str):
        tables = {path: read_table(path) for path in dict.fromkeys(source.values())}
        joined = join_tables({task: tables[path] for task, path in source.items()}, study)
        return _assemble(joined, study, folder=Path(next(iter(source.values()))).parent)
    folder = Path(source)
    if study.data.image is not None and folder.is_dir():
        return _assemble(read_image_folder(folder), study, folder=folder)
    return _assemble(read_table(source), study, folder=folder.parent)


def dataset_from_table(table: pd.DataFrame | Mapping[str, object], study: Study) -> Dataset:
    """Check data that is already in memory; the study's ``data.source`` is not read.

    Raises:
        InputError: As for `load_dataset`.
    """
    if not isinstance(study.data.source, str):
        raise InputError("data.source names a source for each task, but one table was given; give its name")
    return _assemble(as_table("the table", table), study)


def dataset_from_memory(data: object, study: Study) -> Dataset:
    """Check data that the user hands over: a table, or a map-style data set of `(x, targets)`.

    Raises:
        InputError: As for `load_dataset`, if the study names another source, or if an item has another form.
    """
    if study.data.source != IN_MEMORY:
        raise InputError(
            f"data= was given, but data.source of study '{study.name}' is '{study.data.source_name}'; write "
            f"`source: {IN_MEMORY}` there, or drop data="
        )
    if is_map_style(data):
        return _assemble(table_from_items(data, study), study)
    return _assemble(as_table("data=", data), study)


def read_table(source: str) -> Table:
    """Read a data source without looking at any task.

    Raises:
        InputError: If the source is unknown or cannot be read.
    """
    scheme, _, rest = source.partition(":")
    if scheme == "sklearn":
        return read_bundled(rest)
    if scheme == "generated":
        return read_generated(rest)
    if scheme == "river":
        return read_river(rest)
    return call_function(rest) if scheme == "python" else read_file(Path(source))


def _assemble(given: Table | OwnRows, study: Study, *, folder: Path = Path()) -> Dataset:
    owned = split_by_task(given, study) if isinstance(given, Table) and study.data.task_column else given
    table = owned.table if isinstance(owned, OwnRows) else owned
    if table.n_rows < MIN_ROWS:
        raise InputError(
            f"{table.place} has {table.n_rows} rows, but training, validation and test need at least "
            f"{MIN_ROWS}; add rows"
        )
    targets = _targets(owned, study)
    used = frozenset(name for task in study.tasks for name in task.columns)
    not_read = used | reserved_columns(table, study)
    data, not_read = _without_removed(study, not_read)
    features = read_features(table, data, targets=not_read, folder=folder)
    targets = _with_derived(targets, table, features, study)
    dataset = Dataset(
        features.matrix,
        features.names,
        targets,
        owner=owned.owner if isinstance(owned, OwnRows) else None,
        divided_by=read_division(table, study.data.split),
        inputs=features.inputs,
    )
    warnings = [*table.warnings, *features.warnings, *_target_warnings(targets)]
    warnings += _repeat_warnings(dataset, study)
    return replace(dataset, warnings=tuple(warnings))


def _without_removed(study: Study, not_read: frozenset[str]) -> tuple[DataSpec, frozenset[str]]:
    """What to read, without the inputs that serve as outputs, and the columns that are no features."""
    removed = frozenset().union(*(task.derive.removed for task in study.tasks if task.derive))
    listed = study.data.features
    if listed is None or not removed:
        return study.data, not_read | removed
    kept = [name for name in listed if name not in removed]
    return study.data.model_copy(update={"features": kept}), not_read


def _with_derived(
    targets: Mapping[str, Target], table: Table, features: Features, study: Study
) -> dict[str, Target]:
    """All targets in the order of the task list, those that are made of other columns among them."""
    sources = Sources(table, features, targets, study.tasks)
    return {
        task.name: targets[task.name]
        if task.derive is None
        else DERIVATIONS[task.derive.way](task, task.derive, sources, place=f"tasks[{i}].derive")
        for i, task in enumerate(study.tasks)
    }


def _targets(owned: Table | OwnRows, study: Study) -> dict[str, Target]:
    """The targets with columns of their own."""
    targets = {}
    for i, task in enumerate(study.tasks):
        if task.derive is not None:
            continue
        if isinstance(owned, OwnRows):
            target, table = own_target(owned, task, position=i), owned.table
        else:
            target, table = build_target(owned, task, position=i), owned
        targets[task.name] = with_weights(target, table, study, position=i)
    return targets


def _target_warnings(given: Mapping[str, Target]) -> list[str]:
    targets = {name: target for name, target in given.items() if target.task.derive is None}
    warnings = [warning for target in targets.values() for warning in label_warnings(target)]
    first_with: dict[bytes, str] = {}
    for name, target in targets.items():
        twin = first_with.setdefault(target.values.tobytes(), name)
        if twin != name:
            warnings.append(f"tasks {twin!r} and {name!r} have identical targets")
    return warnings


def _repeat_warnings(dataset: Dataset, study: Study) -> list[str]:
    n_repeated = dataset.repeats.n_repeated_rows
    if not n_repeated:
        return []
    found = f"{n_repeated:,} of {dataset.n_rows:,} rows have the same features as another row; "
    if study.data.split.by == "time":
        return [found + "where their times differ, they may stand in different parts of the split"]
    return [found + "each such group stays in one part of the split"]
