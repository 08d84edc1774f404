"""Sets of the package river: an extra, so that its absence is said and its tables are read right."""

from __future__ import annotations

import sys
import types

import pytest

from taskgroup.data import load_dataset
from taskgroup.data.load import read_table
from taskgroup.errors import InputError, MissingExtraError


@pytest.fixture
def river(monkeypatch):
    """A stand-in for the package: one stored set with two labels, one with one, and one to download."""

    class FileDataset:
        rows: tuple = ()

        def __iter__(self):
            return iter(self.rows)

    class RemoteDataset(FileDataset):
        pass

    class Pair(FileDataset):
        rows = tuple(({"a": i / 20, "b": -i}, {"even": i % 2 == 0, "low": i < 9}) for i in range(20))

    class Single(FileDataset):
        rows = tuple(({"a": float(i)}, i % 3) for i in range(20))

    class Far(RemoteDataset):
        pass

    base = types.SimpleNamespace(FileDataset=FileDataset, RemoteDataset=RemoteDataset)
    datasets = types.ModuleType("river.datasets")
    vars(datasets).update(base=base, Pair=Pair, Single=Single, Far=Far)
    package = types.ModuleType("river")
    package.datasets = datasets
    monkeypatch.setitem(sys.modules, "river", package)
    monkeypatch.setitem(sys.modules, "river.datasets", datasets)


@pytest.mark.usefixtures("river")
def test_labels_are_no_features(study_of):
    """The labels that no task uses would give the others away."""
    dataset = load_dataset(study_of("river:Pair", even="binary"))
    assert dataset.feature_names == ("a", "b")
    assert dataset.targets["even"].values[:3].tolist() == [1.0, 0.0, 1.0]


@pytest.mark.usefixtures("river")
def test_a_single_label_is_the_target():
    assert read_table("river:Single").label_columns == ("target",)


@pytest.mark.usefixtures("river")
def test_sets_that_would_be_downloaded_are_not_known():
    """No study starts a download behind the user's back."""
    with pytest.raises(InputError, match="'river:Far' is unknown; Known: Pair, Single"):
        read_table("river:Far")


def test_a_missing_package_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'taskgroup\[river\]'"):
        read_table("river:Yeast")
