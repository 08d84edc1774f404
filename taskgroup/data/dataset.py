"""The data of a study as frozen values: one feature matrix and one target a task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from taskgroup.data.inputs import Inputs
from taskgroup.data.repeats import Repeats, find_repeats
from taskgroup.data.strata import stratify
from taskgroup.spec import Task

Rows = npt.NDArray[np.int64]


class Encoding(Protocol):
    """Makes the labels that networks learn of the values in the data."""

    def __call__(self, values: npt.NDArray[np.float64], train: Rows) -> npt.NDArray[np.float64]:
        """The labels ``[N]`` or ``[N, K]``, estimated from the training rows alone; NaN where missing."""


@dataclass(frozen=True, eq=False)
class Target:
    """The labels of one task.

    Attributes:
        task: The task that they belong to.
        values: float64, NaN where a label is missing. Shape ``[N]``: 0 or 1 (binary), class codes
            0 to K-1 (multiclass), the task's own units (regression); ``[N, K]`` of 0 and 1 (multilabel),
            of the units of several columns (a derived regression), or of the shares of soft classes.
        classes: The labels as they stand in the data, in the order of their codes; the column names for
            multilabel; empty for regression.
        weights: ``[N]`` float64, how much each labelled row counts, above 0; None where all count the same.
        taken_from: ``[N]`` int64, the row that each label was taken from, which must stand in the same part
            of a split for it to count; None where labels are the rows' own.
        encoding: Makes the labels of a seed; None where the values are the labels.
    """

    task: Task
    values: npt.NDArray[np.float64]
    classes: tuple[object, ...] = ()
    weights: npt.NDArray[np.float64] | None = None
    taken_from: Rows | None = None
    encoding: Encoding | None = None

    @property
    def n_outputs(self) -> int:
        """How many network outputs the task needs: K for classes and labels, else one a column."""
        if self.task.kind in ("multiclass", "multilabel"):
            return len(self.classes)
        return 1 if self.values.ndim == 1 else self.values.shape[1]

    @cached_property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """Which rows have a label ``[N]``; for multilabel, which have all of them."""
        return np.asarray(~np.isnan(self.values.reshape(len(self.values), -1)).any(axis=1))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Everything that a study learns from, checked.

    Attributes:
        features: ``[N, D]`` float32, finite, in the units of the data.
        feature_names: One name for each of the D columns.
        targets: The labels by task name, in the order of the task list.
        warnings: What was found that a careful user would want to know, one short sentence each.
        inputs: What a row of features is where it is an image or a text; None for a plain table.
        owner: ``[N]`` int64, the position of the one task that each row belongs to; None where all tasks
            share the rows.
        divided_by: ``[N]`` float64, what the split goes by: a code for each group, or times in ascending
            order; None where rows are drawn at random.
    """

    features: npt.NDArray[np.float32]
    feature_names: tuple[str, ...]
    targets: Mapping[str, Target]
    warnings: tuple[str, ...] = ()
    owner: npt.NDArray[np.int64] | None = None
    divided_by: npt.NDArray[np.float64] | None = None
    inputs: Inputs | None = None

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return len(self.features)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one network input: (D,), (channels, height, width) or (2, tokens)."""
        return (self.features.shape[1],) if self.inputs is None else self.inputs.shape

    @property
    def n_inputs(self) -> int | tuple[int, ...]:
        """D for a plain table, else the shape of one input: what serving costs are counted from."""
        return self.features.shape[1] if self.inputs is None else self.inputs.shape

    @property
    def n_tokens(self) -> int:
        """Different token numbers that networks see, where rows are texts; else 0."""
        return 0 if self.inputs is None else self.inputs.n_tokens

    @cached_property
    def repeats(self) -> Repeats:
        """Which rows have identical features."""
        return find_repeats(self.features)

    @cached_property
    def strata(self) -> npt.NDArray[np.int64]:
        """A stratum code for each row ``[N]``, from the labels of the classification tasks that are scored.

        An auxiliary task more or less so leaves every row in its part of the split.
        Where tasks have rows of their own, each task's rows have strata of their own.
        """
        if self.owner is not None:
            return self._strata_of_owners(self.owner)
        scored = [t for t in self.targets.values() if t.task.role == "main"]
        discrete = [t.values for t in scored if t.task.kind != "regression"]
        columns = [column for values in discrete for column in values.reshape(self.n_rows, -1).T]
        return stratify(columns, n_rows=self.n_rows)

    def _strata_of_owners(self, owner: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        codes = np.zeros(self.n_rows, dtype=np.int64)
        n_codes = 0
        for position, target in enumerate(self.targets.values()):
            rows = np.flatnonzero(owner == position)
            discrete = [] if target.task.kind == "regression" else [target.values[rows]]
            columns = [column for values in discrete for column in values.reshape(len(rows), -1).T]
            codes[rows] = n_codes + stratify(columns, n_rows=len(rows))
            n_codes = int(codes[rows].max(initial=n_codes)) + 1
        return codes

    def rows_of(self, task: str) -> npt.NDArray[np.int64]:
        """The rows that a task may have labels in: its own ones, or all."""
        if self.owner is None:
            return np.arange(self.n_rows)
        return np.flatnonzero(self.owner == list(self.targets).index(task))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of features, names, labels and classes, the same in every process and on every machine."""
        described = [[name, [repr(label) for label in t.classes]] for name, t in self.targets.items()]
        digest = hashlib.blake2b(digest_size=16)
        digest.update(json.dumps([self.feature_names, described, self.features.shape]).encode())
        if self.inputs is not None:
            digest.update(json.dumps(self.inputs.document()).encode())
        digest.update(np.ascontiguousarray(self.features, dtype="<f4").data)
        for target in self.targets.values():
            # A missing label has one bit pattern, wherever its NaN came from; -0.0 becomes 0.0.
            values = np.where(np.isnan(target.values), np.nan, target.values + 0.0)
            digest.update(np.ascontiguousarray(values, dtype="<f8").data)
        for place, extra in self._extras().items():
            digest.update(place.encode() + np.ascontiguousarray(extra, dtype="<f8").tobytes())
        return digest.hexdigest()

    def _extras(self) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]]:
        """What else decides results where it is given, by a name of its own."""
        given = {"owner": self.owner, "divided by": self.divided_by}
        given |= {f"weights of {name}": target.weights for name, target in self.targets.items()}
        given |= {f"rows of {name}": target.taken_from for name, target in self.targets.items()}
        return {place: values for place, values in given.items() if values is not None}
