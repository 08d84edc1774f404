"""Affinity by depth: all pairs at every depth, trained once, and the tree that they recommend."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from planted import document, planted_table

import taskgroup as tg
from taskgroup.search import conclude_stored
from taskgroup.search.by_depth import affinity_by_depth_of
from taskgroup.spec import Study, parse_study
from taskgroup.storage import open_record


def shared_low_and_apart_high(n_rows: int = 600, n_features: int = 32) -> pd.DataFrame:
    """All tasks see the inputs in the same three directions; a, b and c, d bend them in ways of their own."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_rows, n_features))
    directions, _ = np.linalg.qr(rng.normal(size=(n_features, 3)))
    low = np.concatenate([np.maximum(x @ directions, 0), np.maximum(-x @ directions, 0)], axis=1)
    columns = {f"x{i}": x[:, i] for i in range(n_features)}
    for names in ("ab", "cd"):
        high = np.maximum(low @ rng.normal(size=(6, 3)) - 0.2, 0) @ np.array([1.0, -1.0, 1.0])
        high = (high - high.mean()) / high.std()
        for name in names:
            columns[name] = high + 0.5 * rng.normal(size=n_rows)
    return pd.DataFrame(columns)


def study(**sections: object) -> Study:
    small = {"model": {"widths": [8, 8]}, "training": {"epochs": 3}, **sections}
    return parse_study(document("memory", **small))


def test_the_planted_tree_is_recommended():
    """Groups that share low features and differ high must part at the block where they differ."""
    search = {"seeds": 8, "runs": 2000, "sharing": {"depth": [2, 3]}}
    training = {"epochs": 40, "learning_rate": 0.01}
    found = tg.affinity_by_depth(
        study(model={"widths": [16, 16, 4]}, training=training, search=search),
        data=shared_low_and_apart_high(),
    )
    assert found.depths == [2, 3]
    assert found.tree is not None
    assert found.tree.text == "sharing:\n  kind: [{tree: {branches: {2: [[a, b], [c, d]]}}}]"
    assert found.estimate[3].loc["a", "b"] > found.estimate[3].loc["a", ["c", "d"]].max()


def test_everything_is_measured_once(tmp_path):
    """Runs cost hours: what the record holds is not trained again, and a limit is kept."""
    url, table = f"sqlite:///{tmp_path}/t.db", planted_table()
    with pytest.raises(tg.InputError, match="8 single-task runs and 2 of a first pair"):
        tg.affinity_by_depth(study(), storage=url, data=table, runs=9)
    part = tg.affinity_by_depth(study(), storage=url, data=table, runs=15)
    assert part.tree is None
    assert "No tree yet" in part.words
    whole = tg.affinity_by_depth(study(), storage=url, data=table)
    assert whole.tree is not None
    assert (whole.table()["n_runs"] == 2).all()
    assert len(whole.table()) == 2 * 12
    with open_record(url) as record:
        stored = record.study_named("planted")
        assert stored.runs_finished == 2 * (4 + 2 * 6)
        again = tg.affinity_by_depth(study(), storage=url, data=table, runs=1)
        assert record.study_named("planted").runs_finished == stored.runs_finished
    pd.testing.assert_frame_equal(again.table(), whole.table())


def test_it_agrees_with_measure():
    """The same pairs at one depth must have the same gains, however they were asked for."""
    one_depth = study(search={"sharing": {"depth": [1]}})
    found = tg.affinity_by_depth(one_depth, data=planted_table())
    pairs = list(itertools.combinations("abcd", 2))
    measured = tg.measure(one_depth, pairs, seeds=2, data=planted_table()).transfer
    for row in measured.itertuples():
        source = row.subset.replace(row.target, "").strip("+")
        assert found.estimate[1].loc[row.target, source] == pytest.approx(row.gain, rel=1e-4, abs=1e-6)


def test_the_report_knows_it(tmp_path):
    """What was measured is shown without training anything."""
    url = f"sqlite:///{tmp_path}/t.db"
    whole = tg.affinity_by_depth(study(), storage=url, data=planted_table())
    with open_record(url) as record:
        outcome = conclude_stored(record, record.study_named("planted"))
    known = affinity_by_depth_of(outcome)
    assert known is not None
    pd.testing.assert_frame_equal(known.table(), whole.table())
    assert known.words == whole.words


def test_pairs_that_are_taught_count():
    """Pairs trained as the study says must not be thrown away after they were paid for."""
    taught = study(search={"sharing": {"depth": [1]}, "distillation": ["annealed"]})
    found = tg.affinity_by_depth(taught, data=planted_table())
    assert (found.table()["n_runs"] == 2).all()


def test_nothing_to_measure_is_said():
    with pytest.raises(tg.InputError, match="share nothing"):
        tg.affinity_by_depth(study(search={"sharing": {"depth": [0]}}), data=planted_table())


def test_what_will_be_trained_is_told(capsys):
    """A user must see what a command costs before it has cost it."""
    tg.affinity_by_depth(study(), data=planted_table(), progress=True)
    said = capsys.readouterr().err
    assert "6 pairs with 1, 2 blocks shared and 4 single tasks at 2 seeds: 32 runs" in said
    assert "24 runs of pairs may take about" in said
