"""Generated sets: what a study says of them must be so, and nobody may take them for measured data."""

from __future__ import annotations

import numpy as np
import pytest

from taskgroup.data.assays import ASSAY_GROUPS, assays_table
from taskgroup.data.generated import GENERATED, read_generated
from taskgroup.data.hospitals import N_HOSPITALS, hospitals_table
from taskgroup.data.reviews import film_reviews_table, hotel_reviews_table


@pytest.mark.parametrize("name", GENERATED)
def test_sets_are_the_same_every_time_and_say_that_they_are_generated(name):
    """A run's key holds for its data; reports name the source."""
    first, again = read_generated(name), read_generated(name)
    assert first.place == f"generated:{name}"
    for column, values in first.columns.items():
        np.testing.assert_array_equal(values, again.columns[column])


def test_reviews_share_words_of_judgement_only():
    """What one set can teach the other is the meaning of those words."""
    film, hotel = (
        {word for text in table().columns["text"] for word in text.split()}
        for table in (film_reviews_table, hotel_reviews_table)
    )
    common = film & hotel - {"the", "is", "and"}
    assert len(common) > 50
    assert all(word.endswith(("ful", "less")) for word in common)


def test_reviews_are_labelled_by_their_words():
    """Or there would be nothing to learn but noise."""
    for table, label, best in ((film_reviews_table(), "liked", 1), (hotel_reviews_table(), "stay", "good")):
        praise = np.array([text.count("ful") - text.count("less") for text in table.columns["text"]])
        labels = table.columns[label]
        assert np.mean((praise == 2) == (labels == best)) > 0.9


def test_assays_of_a_group_are_related():
    """The truth that a recommendation is held against."""
    columns = assays_table().columns
    names = [name for group in ASSAY_GROUPS for name in group]
    group_of = {name: i for i, group in enumerate(ASSAY_GROUPS) for name in group}

    def association(a: str, b: str) -> float:
        both = np.isfinite(columns[a]) & np.isfinite(columns[b])
        return float(np.corrcoef(columns[a][both], columns[b][both])[0, 1])

    related = [association(a, b) for a in names for b in names if a < b and group_of[a] == group_of[b]]
    others = [association(a, b) for a in names for b in names if a < b and group_of[a] != group_of[b]]
    assert min(related) > 0.2
    assert max(others) < 0.2


def test_hospitals_tell_who_is_ill_and_devices_tell_the_hospital():
    """The nuisance must be worth learning, or there were nothing to unlearn."""
    columns = hospitals_table().columns
    hospital = np.unique(columns["hospital"].astype(str), return_inverse=True)[1]
    assert len(set(hospital)) == N_HOSPITALS
    share_ill = np.bincount(hospital, columns["ill"]) / np.bincount(hospital)
    assert ((share_ill < 0.4) | (share_ill > 0.6)).all()
    device = np.stack([columns[f"device_{i}"] for i in range(3)], axis=1)
    means = np.stack([device[hospital == h].mean(axis=0) for h in range(N_HOSPITALS)])
    within = np.mean([device[hospital == h].std(axis=0) for h in range(N_HOSPITALS)])
    assert means.std(axis=0).min() > 3 * within
    assert abs(np.corrcoef(columns["biopsy"], columns["ill"])[0, 1]) > 0.9
    assert abs(np.corrcoef(columns["bed"], columns["ill"])[0, 1]) < 0.1
