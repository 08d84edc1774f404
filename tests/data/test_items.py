"""Map-style data sets, as PyTorch users have them: the same data as a table of the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset as TorchDataset

from taskgroup.data import dataset_from_memory
from taskgroup.errors import InputError
from taskgroup.spec import Study, parse_study

N_ROWS = 30
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4)).astype(np.float32)
SIZE, FLAG = RNG.normal(size=N_ROWS), np.arange(N_ROWS) % 2
TASKS = [{"name": "size", "target": "y_size", "kind": "regression"}, {"name": "flag", "kind": "binary"}]


class Items(TorchDataset):
    """What somebody trains with already."""

    def __init__(self, x: Any, targets: Any) -> None:
        self.x, self.targets = x, targets

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, number: int) -> tuple[Any, Any]:
        return self.x[number], self.targets[number]


def study(*, tasks: Any = TASKS, **data: Any) -> Study:
    model = {"encoder": "cnn", "widths": [4]} if "image" in data else {"widths": [4]}
    return parse_study(
        {"name": "items", "data": {"source": "memory", **data}, "tasks": tasks, "model": model}
    )


def dicts(**changed: Any) -> list[dict[str, Any]]:
    labels = [{"size": torch.tensor(s), "flag": int(f)} for s, f in zip(SIZE, FLAG, strict=True)]
    labels[3] |= changed
    return labels


def test_a_data_set_is_the_table_of_its_numbers():
    """Dicts, rows in task order and a table have one fingerprint, so that runs are shared."""
    columns = {f"x_{i}": X[:, i] for i in range(4)} | {"y_size": SIZE, "flag": FLAG}
    rows = torch.tensor(np.stack([SIZE, FLAG], axis=1))
    found = {
        dataset_from_memory(data, study()).fingerprint
        for data in (columns, Items(torch.tensor(X), dicts()), Items(X, rows))
    }
    assert len(found) == 1


def test_missing_labels_are_none_or_nan():
    rows = torch.tensor(np.stack([SIZE, FLAG], axis=1))
    rows[3, 1] = torch.nan
    for targets in (dicts(flag=None), rows):
        dataset = dataset_from_memory(Items(X, targets), study())
        assert np.flatnonzero(~dataset.targets["flag"].labelled).tolist() == [3]


def test_classes_may_have_names():
    tasks = [{"name": "colour", "kind": "multiclass"}, {"name": "flag", "kind": "binary"}]
    targets = [{"colour": ["red", "blue", "green"][i % 3], "flag": bool(i % 2)} for i in range(N_ROWS)]
    dataset = dataset_from_memory(Items(X, targets), study(tasks=tasks))
    assert dataset.targets["colour"].classes == ("blue", "green", "red")


def test_several_columns_of_one_task():
    tasks = [
        {"name": "tags", "target": ["t1", "t2"], "kind": "multilabel"},
        {"name": "flag", "kind": "binary"},
    ]
    targets = [{"tags": torch.tensor([i % 2, i % 3 == 0]), "flag": i % 2} for i in range(N_ROWS)]
    targets[4]["tags"] = None
    dataset = dataset_from_memory(Items(X, targets), study(tasks=tasks))
    assert dataset.targets["tags"].values[3].tolist() == [1.0, 1.0]
    assert not dataset.targets["tags"].labelled[4]


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 5, 6), (5, 6, 3), (5, 6)])
def test_images_keep_their_channels(shape):
    """[3, 4, 4] is three channels, as everywhere in PyTorch."""
    images = RNG.random((N_ROWS, *shape)).astype(np.float32)
    dataset = dataset_from_memory(Items(torch.tensor(images), dicts()), study(image={}))
    channels_first = {(5, 6, 3): (3, 5, 6), (5, 6): (1, 5, 6)}.get(shape, shape)
    assert dataset.input_shape == channels_first
    if shape == channels_first:
        np.testing.assert_array_equal(dataset.features.reshape(images.shape), images)


def ragged() -> Items:
    return Items([*X[:5], X[5, :2], *X[6:]], dicts())


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        (
            Items(X, dicts(sise=1.0)),
            r"item 3: the targets name 'sise', which is no task; did you mean 'size'",
        ),
        (
            Items(X, dicts(size=torch.zeros(2))),
            r"item 3, task 'size' has the label a Tensor of the shape \[2\]",
        ),
        (Items(X, np.zeros((N_ROWS, 3))), r"have the shape \[3\], but the tasks have 2 target columns"),
        (ragged(), r"item 5 has the shape \[2\], but that of item 0 has \[4\]"),
        (Items(np.zeros((N_ROWS, 2, 2, 2, 2)), dicts()), r"item 0 is a ndarray of the shape \[2, 2, 2, 2\]"),
        (Items(["a"] * N_ROWS, dicts()), "item 0 is a str"),
        (Items(np.zeros((N_ROWS, 5, 5)), dicts()), r"is an image; add `image: \{\}`"),
        (Items(X[:0], []), "no items"),
        (list(X), r"item 0 is a ndarray of the shape \[4\]; give \(x, targets\)"),
        (3, "not a table"),
    ],
)
def test_items_of_another_form_are_refused(items, complaint):
    """One message names the item and the form that is wanted."""
    with pytest.raises(InputError, match=complaint):
        dataset_from_memory(items, study())


def test_data_beside_another_source_are_refused():
    """Else nobody knows which of both was searched."""
    described = parse_study({"name": "s", "data": {"source": "a.csv"}, "tasks": TASKS})
    with pytest.raises(InputError, match="write `source: memory`"):
        dataset_from_memory(Items(X, dicts()), described)
