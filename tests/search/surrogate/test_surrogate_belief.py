"""What the runs so far say: predictions, draws and the worth of a run, against dense formulas."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surrogate_cases import believed, conditioned, joint_subsets, names, prior_covariance

from taskgroup.search.arm import at_home
from taskgroup.search.surrogate import Belief, Floats, Networks, Noise
from taskgroup.search.surrogate.belief import WIDENED
from taskgroup.search.surrogate.components import COMPONENTS
from taskgroup.search.surrogate.covariance import Cells
from taskgroup.search.surrogate.posterior import condition
from taskgroup.spec import Subset

TASKS = names(4)
SUBSETS = joint_subsets(TASKS)
ENCODED = Networks.of(at_home(SUBSETS), TASKS)
IS_MEMBER = ENCODED.members > 0
Measured = dict[Subset, dict[str, float]]


def measured_values(
    seed: int = 0, *, tasks: Subset = TASKS, n_joint: int = 6, singles: bool = True
) -> Measured:
    """Random values of all single tasks, of all tasks together and of some other subsets."""
    rng = np.random.default_rng(seed)
    joint = joint_subsets(tasks)
    chosen = [joint[place] for place in rng.permutation(len(joint) - 1)[: n_joint - 1]]
    alone = [(task,) for task in tasks] if singles else []
    return {s: {task: float(rng.normal(0.5, 0.2)) for task in s} for s in [*alone, tasks, *chosen]}


def mapped(measured: Measured, change) -> Measured:
    """The same measurements with changed values."""
    return {s: {task: change(task, value) for task, value in of.items()} for s, of in measured.items()}


@given(st.integers(0, 1000))
def test_without_noise_measured_cells_are_reproduced(seed):
    measured = measured_values(seed)
    noise = dict.fromkeys(TASKS, 1e-9)
    belief = believed(TASKS, measured, noise=noise)
    joint = {s: of for s, of in measured.items() if len(s) > 1}
    assert expected(belief, list(joint)) == pytest.approx(flat(joint), abs=1e-3)


def test_noisy_cells_are_drawn_towards_what_the_others_say():
    """A lucky run must not decide a recommendation."""
    measured = measured_values(3)
    exact = believed(TASKS, measured, noise=dict.fromkeys(TASKS, 1e-9))
    noisy = believed(TASKS, measured, noise=dict.fromkeys(TASKS, 0.1))
    joint = {s: of for s, of in measured.items() if len(s) > 1}
    away = [np.abs(expected(b, list(joint)) - flat(joint)).mean() for b in (exact, noisy)]
    assert away[1] > 10 * away[0]


def test_the_posterior_is_the_textbook_one():
    belief = believed(TASKS, measured_values(1), noise=dict.fromkeys(TASKS, 0.01))
    mean, _ = dense_posterior(belief, measured_values(1))
    assert belief.mean.at(ENCODED)[0][IS_MEMBER] == pytest.approx(mean, abs=1e-4)


@pytest.mark.parametrize("noise", [{}, {"t00": 0.001, "t01": 0.02, "t02": 0.01, "t03": 0.01}])
def test_draws_have_the_mean_and_the_covariance_of_the_posterior(noise):
    """A draw decides what is worth a run: too narrow and groups are missed, too wide and runs are wasted."""
    measured = measured_values(2)
    belief = believed(TASKS, measured, noise=noise)
    drawn = np.concatenate(
        [belief.draw(400, np.random.default_rng(seed)).at(ENCODED)[:, IS_MEMBER] for seed in range(10)]
    )
    mean, covariance = dense_posterior(belief, measured)
    scale = np.sqrt(prior_covariance(COMPONENTS, belief.posterior.variance, every_cell()).max())
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=0.08 * scale)
    covariance *= WIDENED**2
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=0.12 * covariance.max())


def test_shifts_have_mean_zero_and_the_preposterior_variance():
    """The worth of a run is read off them."""
    measured = measured_values(4)
    belief = believed(TASKS, measured, noise=dict.fromkeys(TASKS, 0.01))
    considered = Networks.of(at_home([s for s in SUBSETS if s not in measured]), TASKS)
    sets = [[0], [1, 2]]
    n = 4000
    shifts = belief.shifts(sets, considered, n, np.random.default_rng(0)).at(ENCODED)[:, IS_MEMBER]
    _, covariance = dense_posterior(belief, measured)
    rows = [SUBSETS.index(s) for s in SUBSETS if s not in measured]
    place, target = np.nonzero(IS_MEMBER)
    for number, chosen in enumerate(sets):
        of_set = shifts[number * n : (number + 1) * n]
        new = np.flatnonzero(np.isin(place, [rows[i] for i in chosen]))
        gain = covariance[:, new] @ np.linalg.inv(
            covariance[np.ix_(new, new)] + np.diag(noise_of(belief)[target[new]])
        )
        exact = WIDENED**2 * gain @ covariance[new]
        assert of_set.mean(axis=0) == pytest.approx(0.0, abs=1e-9)
        assert np.cov(of_set.T) == pytest.approx(exact, abs=0.1 * exact.max())


@settings(max_examples=20)
@given(st.permutations(TASKS), st.integers(0, 100))
def test_renaming_tasks_renames_the_predictions(renamed, seed):
    measured = measured_values(seed)
    name = dict(zip(TASKS, renamed, strict=True))
    twin = {
        in_order(name[task] for task in s): {name[t]: v for t, v in of.items()} for s, of in measured.items()
    }
    first, second = believed(TASKS, measured), believed(TASKS, twin)
    ours = expected(first, SUBSETS)
    renamed_subsets = [in_order(name[task] for task in s) for s in SUBSETS]
    theirs = second.expected(Networks.of(at_home(renamed_subsets), TASKS))
    columns = [TASKS.index(name[task]) for task in TASKS]
    assert theirs[:, columns][IS_MEMBER] == pytest.approx(ours, abs=1e-3)


@pytest.mark.parametrize("factor", [2.0**-20, 1e-4, 3.0, 1e5])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_in_other_units_the_predictions_are_the_same(factor, noise):
    """Percent or shares, milliseconds or hours: the recommendation may not change."""
    measured = measured_values(5)
    before = believed(TASKS, measured, noise=dict.fromkeys(TASKS, noise) if noise else {})
    after = believed(
        TASKS,
        mapped(measured, lambda _, value: value * factor),
        noise=dict.fromkeys(TASKS, noise * factor**2) if noise else {},
    )
    assert expected(after, SUBSETS) / factor == pytest.approx(expected(before, SUBSETS), abs=1e-5)


@pytest.mark.parametrize("singles", [True, False])
def test_a_constant_added_to_a_task_is_added_to_its_predictions(singles):
    measured = measured_values(6, singles=singles)
    added = {"t00": 10.0, "t01": -3.0, "t02": 0.0, "t03": 0.5}
    before = expected(believed(TASKS, measured), SUBSETS)
    after = expected(believed(TASKS, mapped(measured, lambda t, v: v + added[t])), SUBSETS)
    shift = np.array([added[TASKS[target]] for target in np.nonzero(IS_MEMBER)[1]])
    assert after - shift == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("missing", [np.nan, None])
def test_a_value_that_is_missing_leaves_the_others(missing):
    """A run may have failed for one of its tasks."""
    measured = measured_values(7)
    whole = believed(TASKS, measured)
    measured[TASKS] = {"t01": measured[TASKS]["t01"], **({} if missing is None else {"t00": missing})}
    part = believed(TASKS, measured)
    assert len(part.posterior.cells) == len(whole.posterior.cells) - 3
    assert np.isfinite(expected(part, SUBSETS)).all()


@pytest.mark.parametrize("gone", [("t00",), ("t00", "t01", "t02", "t03")])
def test_a_task_without_a_run_of_its_own_is_predicted_all_the_same(gone):
    measured = {s: of for s, of in measured_values(8).items() if s not in [(task,) for task in gone]}
    belief = believed(TASKS, measured)
    found = expected(belief, SUBSETS)
    joint = [v for s, of in measured.items() if len(s) > 1 for v in of.values()]
    assert np.isfinite(found).all()
    assert min(joint) - 0.5 < found.min() <= found.max() < max(joint) + 0.5


def test_a_task_of_which_nothing_is_known_has_finite_predictions():
    measured = {
        ("t00", "t01"): {"t00": 0.2, "t01": 0.3},
        ("t00", "t01", "t02"): {"t00": 0.1, "t01": 0.4, "t02": 0.3},
    }
    belief = believed(TASKS, measured)
    assert np.isfinite(expected(belief, SUBSETS)).all()
    assert np.isfinite(belief.draw(3, np.random.default_rng(0)).at(ENCODED)).all()


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_equal_values_everywhere_are_expected_everywhere(value):
    measured = mapped(measured_values(9), lambda task, _: value)
    belief = believed(TASKS, measured)
    assert expected(belief, SUBSETS) == pytest.approx(value, abs=1e-9)


def test_tasks_that_have_not_moved_do_not_narrow_what_is_expected_of_others():
    """On a small validation split an accuracy often stays exactly the same."""
    measured = measured_values(11)
    still = {"t00", "t01", "t02"}
    measured = {s: {t: 0.5 if t in still else v for t, v in of.items()} for s, of in measured.items()}
    scale = believed(TASKS, measured).scale
    moved = [
        abs(of["t03"] - measured["t03",]["t03"]) for s, of in measured.items() if "t03" in s and len(s) > 1
    ]
    assert scale == pytest.approx(np.sqrt(np.mean(np.square(moved))))


def test_tasks_may_have_values_of_very_different_size():
    """A loss in thousands beside an accuracy: each task's predictions move on its own scale."""
    measured = measured_values(12)
    factor = dict(zip(TASKS, (1.0, 1e4, 1e-4, 1.0), strict=True))
    scale = believed(TASKS, mapped(measured, lambda task, value: factor[task] * value)).scale
    assert scale[1] > 20 * scale[0] > 400 * scale[2]


def test_noise_counts_by_task():
    """A noisy task's outlier says less than a precise task's."""
    measured = measured_values(10)
    first = believed(TASKS, measured, noise={"t00": 1.0, "t01": 1e-6, "t02": 1e-6, "t03": 1e-6})
    joint = {s: of for s, of in measured.items() if len(s) > 1}
    away = np.abs(expected(first, list(joint)) - flat(joint))
    target = np.concatenate([[TASKS.index(task) for task in s] for s in joint])
    assert away[target == 0].mean() > 20 * away[target != 0].mean()


def test_without_a_joint_subset_there_is_nothing_to_believe():
    with pytest.raises(ValueError, match="measure a subset of two or more"):
        believed(TASKS, {(task,): {task: 0.0} for task in TASKS})


def test_the_variances_that_made_the_values_are_found():
    """With many runs the surrogate must see that only pair averages matter."""
    tasks = names(7)
    rng = np.random.default_rng(0)
    effect = rng.normal(size=(7, 7))
    subsets = joint_subsets(tasks)
    encoded = Networks.of(at_home(subsets), tasks)
    row, target = np.nonzero(encoded.members)
    cells = Cells(encoded, row, target)
    sources = encoded.members @ effect.T - np.diag(effect)
    values = (sources / encoded.partners[:, None])[row, target]
    posterior = condition(COMPONENTS, cells, values / values.std(), noise=Noise(), seed=0)
    of_means = sum(v for c, v in zip(COMPONENTS, posterior.variance, strict=True) if c.feature == "mean")
    assert of_means > 0.8 * posterior.variance.sum()


def test_many_cells_are_fitted_to_a_sample_and_all_are_conditioned_on():
    """Hundreds of runs may not make each further proposal take minutes, nor be forgotten."""
    tasks = names(8)
    subsets = joint_subsets(tasks)
    values = {s: {task: 0.1 * (("t00" in s) + (task == "t01")) for task in s} for s in subsets[::2]}
    values |= {(task,): {task: 0.0} for task in tasks}
    belief = believed(tasks, values, seed=1)
    assert len(belief.posterior.cells) > 400
    found = belief.expected(Networks.of(at_home(subsets), tasks))[
        np.nonzero(Networks.of(at_home(subsets), tasks).members)
    ]
    truth = np.concatenate([[0.1 * (("t00" in s) + (task == "t01")) for task in s] for s in subsets])
    assert np.abs(found - truth).mean() < 0.01


def expected(belief: Belief, subsets: list[Subset]) -> Floats:
    """Predictions of all members of some subsets, in one row."""
    encoded = Networks.of(at_home(subsets), belief.tasks)
    return belief.expected(encoded)[encoded.members > 0]


def flat(values: Mapping[Subset, Mapping[str, float]]) -> Floats:
    return np.array([of_tasks[task] for s, of_tasks in values.items() for task in TASKS if task in s])


def in_order(subset) -> Subset:
    return tuple(sorted(subset))


def every_cell() -> Cells:
    return Cells(ENCODED, *np.nonzero(IS_MEMBER))


def noise_of(belief: Belief) -> Floats:
    """Noise variance of each task in standard units."""
    return belief.posterior.noise * belief.relative_noise


def dense_posterior(belief: Belief, measured: Measured) -> tuple[Floats, Floats]:
    """Mean and covariance of all members of all joint subsets, in standard units."""
    joint = prior_covariance(COMPONENTS, belief.posterior.variance, every_cell())
    place, target = np.nonzero(IS_MEMBER)
    known = np.flatnonzero([SUBSETS[row] in measured for row in place])
    values = np.array([measured[SUBSETS[place[i]]][TASKS[target[i]]] for i in known])
    standard = (values - belief.reference[target[known]]) / belief.scale[target[known]]
    return conditioned(joint, known, noise_of(belief)[target[known]], standard)
