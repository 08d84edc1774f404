"""Map-style data sets, such as those of `torch.utils.data`, as tables: every item is read once.

An item is `(x, targets)`. `x` is a vector of features [D] or an image ([H, W], [C, H, W] or [H, W, C]).
`targets` is a dict from task names to labels, None where one is missing; or one number a target column, in
task order, NaN where one is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeGuard

import numpy as np
import numpy.typing as npt

from taskgroup.data.images import DEFAULT_COLUMN
from taskgroup.data.table import Table, table_from_arrays
from taskgroup.errors import InputError, nearest
from taskgroup.spec import Study, Task

PLACE = "the data set"
_FEATURES = "x"
_CHANNELS = (1, 3, 4)


class Items(Protocol):
    """What `torch.utils.data.Dataset` is to a reader: a length, and items by number."""

    def __len__(self) -> int:
        """How many items there are."""

    def __getitem__(self, number: int, /) -> Any:
        """One of them."""


def is_map_style(data: object) -> TypeGuard[Items]:
    """Whether something has a length and items by number, and is no table."""
    has_items = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    return has_items and not isinstance(data, Mapping | str) and not hasattr(data, "columns")


def table_from_items(items: Items, study: Study) -> Table:
    """Read all items of a data set into a table with a column for each feature and target.

    Raises:
        InputError: If an item has another form, or one that does not suit the study; the message names it.
    """
    inputs: list[npt.NDArray[np.generic]] = []
    with_labels = [task for task in study.tasks if task.derive is None]
    labels: dict[str, list[Any]] = {column: [] for task in with_labels for column in task.columns}
    for number, x, targets in _pairs(items):
        inputs.append(_input(x, number, like=inputs[0] if inputs else None))
        for column, value in _labels(targets, with_labels, place=f"{PLACE}, item {number}"):
            labels[column].append(value)
    if not inputs:
        raise InputError(f"{PLACE} has no items; check that it is the right one")
    columns = {name: np.array(values, dtype=object) for name, values in labels.items()}
    return table_from_arrays(PLACE, {**_input_columns(np.stack(inputs), study), **columns})


def _pairs(items: Items) -> Iterator[tuple[int, Any, Any]]:
    """Number, x and targets of every item; data sets need not end by themselves when they are iterated."""
    for number in range(len(items)):
        item = items[number]
        if not isinstance(item, Sequence) or isinstance(item, str) or len(item) != 2:
            raise InputError(
                f"{PLACE}, item {number} is {_described(item)}; give (x, targets), with targets a dict from "
                "task names to labels or one number a task"
            )
        yield number, item[0], item[1]


def _input(x: object, number: int, *, like: npt.NDArray[np.generic] | None) -> npt.NDArray[np.generic]:
    """One x as an array, of the shape of the first one."""
    array = _array(x, place=f"x of {PLACE}, item {number}")
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2, 3):
        raise InputError(
            f"x of {PLACE}, item {number} is {_described(x)}; give numbers, of the shape [features], "
            "[H, W] or [C, H, W]"
        )
    if like is not None and array.shape != like.shape:
        raise InputError(
            f"x of {PLACE}, item {number} has the shape {list(array.shape)}, but that of item 0 has "
            f"{list(like.shape)}; give all items one shape"
        )
    return array


def _input_columns(inputs: npt.NDArray[np.generic], study: Study) -> dict[str, Any]:
    """The features [N, D] as columns, or the images [N, ...] as one column."""
    image = study.data.image
    if inputs.ndim == 2:
        if image is not None and image.column is not None:
            raise InputError(
                f"x of {PLACE} is a vector, but data.image.column names images; give images [C, H, W], or "
                "drop data.image.column to read the vector as pixels"
            )
        return {_FEATURES: inputs}
    if image is None:
        raise InputError(
            f"x of {PLACE} has the shape {list(inputs.shape[1:])}, which is an image; add `image: {{}}` to "
            "the study's data, and an encoder such as cnn, or give vectors [features]"
        )
    if inputs.ndim == 4 and inputs.shape[1] in _CHANNELS:  # said here, since [3, 4, 4] could be either
        inputs = inputs.transpose(0, 2, 3, 1)
    return {image.column or DEFAULT_COLUMN: inputs}


def _labels(targets: object, tasks: Sequence[Task], *, place: str) -> Iterator[tuple[str, Any]]:
    """Every target column with its label, None where there is none."""
    if not isinstance(targets, Mapping):
        yield from _labels_in_order(targets, tasks, place=place)
        return
    known = [task.name for task in tasks]
    unknown = next((name for name in targets if name not in known), None)
    if unknown is not None:
        raise InputError(
            f"{place}: the targets name {unknown!r}, which is no task; {nearest(unknown, known)}"
        )
    for task in tasks:
        value = targets.get(task.name)
        if isinstance(task.target, str):
            yield task.columns[0], _label(value, place=f"{place}, task {task.name!r}")
            continue
        values = (
            [None] * len(task.columns) if value is None else list(np.atleast_1d(_array(value, place=place)))
        )
        if len(values) != len(task.columns):
            raise InputError(f"{place}: task {task.name!r} has {len(values)} labels, not {len(task.columns)}")
        yield from zip(task.columns, (_label(v, place=place) for v in values), strict=True)


def _labels_in_order(targets: object, tasks: Sequence[Task], *, place: str) -> Iterator[tuple[str, Any]]:
    columns = [column for task in tasks for column in task.columns]
    row = _array(targets, place=f"the targets of {place}")
    if row.shape != (len(columns),):
        raise InputError(
            f"the targets of {place} have the shape {list(row.shape)}, but the tasks have {len(columns)} "
            f"target columns; give one number for each of {', '.join(columns)}, or a dict from task names "
            "to labels"
        )
    yield from zip(columns, row.tolist(), strict=True)


def _label(value: object, *, place: str) -> object:
    """A label as a plain value."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    array = _array(value, place=place)
    if array.size != 1:
        raise InputError(f"{place} has the label {_described(value)}; give one value, or None")
    return array.item()


def _array(value: object, *, place: str) -> npt.NDArray[np.generic]:
    detach = getattr(value, "detach", None)  # tensors that require gradients, or lie on a device
    try:
        return np.asarray(detach().cpu() if callable(detach) else value)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"{place} is {_described(value)}, which is no array of numbers") from None


def _described(value: object) -> str:
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + ("" if shape is None else f" of the shape {list(shape)}")
