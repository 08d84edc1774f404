"""Running estimators for a study: what they share, what is kept, and what cannot be used."""

from __future__ import annotations

import pandas as pd
import pytest
from planted import TASKS, make_study, planted_table

import taskgroup as tg
from taskgroup.affinity import ESTIMATORS, AffinityMatrix
from taskgroup.data import load_dataset
from taskgroup.search import Estimation, KeptEstimates
from taskgroup.storage import open_record


@pytest.fixture
def told() -> list[str]:
    return []


def test_one_joint_training_serves_all_that_look_at_gradients(tmp_path, told):
    estimation = Estimation.of_study(make_study(tmp_path), tell=told.append)
    made = estimation.all()
    assert len(told) == 1
    costs = {e.estimator.name: e.matrix.cost_flops for e in made if e.matrix}
    assert costs["gradient_cosine"] < costs["lookahead"]
    assert costs["static"] < costs["gradient_cosine"]


def test_estimates_are_the_same_before_and_after_the_search(tmp_path, finished):
    """A study's estimates are decided by the study and its recipe, so that they can be repeated."""
    before = Estimation.of_study(finished.result.outcome.study).matrix("lookahead").estimate
    after = finished.result.estimate_affinity("lookahead").estimate
    pd.testing.assert_frame_equal(before, after)


def test_agreement_is_with_the_measured_pairs(finished):
    found = finished.result.estimate_affinity("lookahead")
    values = [frame.to_numpy().ravel() for frame in (found.estimate, finished.result.affinity.estimate)]
    both = pd.DataFrame(dict(zip("em", values, strict=True))).dropna()
    if found.agreement is None:
        assert len(both) < 10
    else:
        assert found.agreement.correlation == pytest.approx(both["e"].corr(both["m"], method="spearman"))
        assert found.agreement.kind == "independent"


def test_what_was_kept_needs_no_data_again_unless_the_recipe_changes(tmp_path, told):
    study = make_study(tmp_path)
    with open_record(f"sqlite:///{tmp_path / 'r.db'}") as record:
        study_id = record.open_study(study, data_fingerprint=load_dataset(study).fingerprint)
        kept = KeptEstimates.of(record, record.study_named(study.name))
        first = Estimation.of_study(study, kept=kept, tell=told.append).matrix("gradient_projection")
        (tmp_path / "planted.csv").unlink()
        again = Estimation.of_study(study, kept=kept, tell=told.append).matrix("gradient_projection")
        pd.testing.assert_frame_equal(again.estimate, first.estimate)
        assert (again.cost_runs, again.cost_flops) == (first.cost_runs, first.cost_flops)
        assert len(told) == 1
        document = {**record.affinities(study_id)["gradient_projection"], "inputs": {}}
        record.save_affinity(study_id, "gradient_projection", document)
        with pytest.raises(tg.InputError, match=r"planted\.csv"):
            Estimation.of_study(study, kept=kept).matrix("gradient_projection")


def test_changed_data_are_refused(tmp_path):
    """Estimates of other rows than the measured ones would be compared with them."""
    study = make_study(tmp_path)
    with open_record("sqlite://") as record:
        record.open_study(study, data_fingerprint="another")
        kept = KeptEstimates.of(record, record.study_named(study.name))
        with pytest.raises(tg.InputError, match="have changed since"):
            Estimation.of_study(study, kept=kept).matrix("static")


def test_labels_may_be_missing(tmp_path):
    table = planted_table()
    table.loc[::2, "a"] = None
    table.loc[1::2, "b"] = None
    made = Estimation.of_study(make_study(tmp_path, table=table)).all()
    for estimated in made:
        if estimated.estimator.uses != "gains":
            assert estimated.matrix.estimate.notna().to_numpy().sum() == 12


def test_a_study_that_shares_nothing_says_so(tmp_path):
    study = make_study(tmp_path, search={"sharing": {"depth": [0]}})
    reasons = {e.estimator.name: e.reason for e in Estimation.of_study(study).all()}
    assert "shares no block" in reasons["lookahead"]
    assert reasons["static"] is None


def test_a_trainer_of_the_users_leaves_measured_gains(tmp_path):
    def train(request):
        return {task: len(request.subset) + 0.1 * TASKS.index(task) for task in request.subset}

    result = tg.search(list(TASKS), train=train, runs=20)
    assert isinstance(result.estimate_affinity("subset_regression"), AffinityMatrix)
    for name in ("lookahead", "static"):
        with pytest.raises(tg.InputError, match="trained by a function or command"):
            result.estimate_affinity(name)
    assert result.report(tmp_path / "report").is_file()


def test_a_report_waits_only_so_long(finished):
    estimation = Estimation.of_outcome(finished.result.outcome)
    made = {e.estimator.name: e for e in estimation.all(at_most_seconds=0)}
    assert "take a while" in made["lookahead"].reason
    assert made["static"].matrix is not None
    assert set(made) == set(ESTIMATORS)


def test_an_unknown_name_lists_the_nearest(finished):
    with pytest.raises(tg.InputError, match="did you mean 'linearised'"):
        finished.result.estimate_affinity("linearized")
