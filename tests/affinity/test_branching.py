"""Where to branch: a wrong tree shares blocks that hurt, or pays for blocks that could be shared."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.affinity import best_branching, branching, recommended_tree
from taskgroup.spec import Sharing

GROUPS = ((0, 1), (2, 3))


def planted(
    n_seeds: int = 3, *, groups: tuple[tuple[int, ...], ...] = GROUPS, noise: float = 0.01
) -> np.ndarray:
    """All help each other with one block shared; with two, only those of a group do; [S, 2, T, T]."""
    n = sum(map(len, groups))
    low, high = np.full((n, n), 0.05), np.full((n, n), -0.1)
    for group in groups:
        high[np.ix_(group, group)] = 0.08
    return np.stack([low, high])[None] + noise * np.random.default_rng(0).normal(size=(n_seeds, 2, n, n))


def test_groups_that_differ_above_are_parted_there():
    tree = best_branching(planted(), np.ones(4))
    assert tree.parts == (((0, 1, 2, 3),), GROUPS)
    assert tree.gains.mean() == pytest.approx(0.08, abs=0.01)
    assert tree.uniform.mean(axis=1) == pytest.approx([0.05, -0.04], abs=0.01)


def test_many_tasks_are_parted_by_merging():
    """Fifteen tasks have more divisions than can be looked at."""
    groups = (tuple(range(5)), tuple(range(5, 9)), tuple(range(9, 15)))
    tree = best_branching(planted(groups=groups), np.ones(15))
    assert tree.parts == ((tuple(range(15)),), groups)


def test_what_noise_explains_is_no_reason_to_part():
    """Each block that is shared for nothing less would be served twice."""
    kept = [
        best_branching(0.05 + 0.02 * np.random.default_rng(seed).normal(size=(3, 2, 8, 8)), np.ones(8))
        for seed in range(20)
    ]
    assert sum(tree.parts[0] == (tuple(range(8)),) for tree in kept) >= 18


def test_hurt_everywhere_means_apart():
    assert best_branching(-np.ones((3, 2, 3, 3)), np.ones(3)).parts[0] == ((0,), (1,), (2,))


def test_importance_decides_whose_gain_counts():
    """A task that does not count must not drive others apart."""
    gains = np.full((3, 1, 3, 3), 0.1)
    gains[:, :, 2, :] = -1.0
    assert best_branching(gains, np.array([1.0, 1.0, 0.0])).parts == (((0, 1, 2),),)
    assert best_branching(gains, np.ones(3)).parts[0] == ((0, 1), (2,))


def partitions(items: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    for n in range(len(rest) + 1):
        for others in itertools.combinations(rest, n):
            left = tuple(i for i in rest if i not in others)
            for parts in partitions(left):
                yield ((first, *others), *parts)


def nested(parts: tuple[tuple[int, ...], ...], n_steps: int) -> Iterator[list[tuple[tuple[int, ...], ...]]]:
    """All ways to divide parts further, step by step."""
    if n_steps == 0:
        yield []
        return
    for chosen in itertools.product(*(list(partitions(part)) for part in parts)):
        own = tuple(itertools.chain(*chosen))
        for rest in nested(own, n_steps - 1):
            yield [own, *rest]


def expected_gain(gains: np.ndarray, tree: list[tuple[tuple[int, ...], ...]]) -> float:
    """The mean over tasks of what each block adds, by the definition."""
    n = gains.shape[-1]
    total = 0.0
    for step, parts in enumerate(tree):
        for part in parts:
            for i, j in itertools.permutations(part, 2):
                before = gains[step - 1, i, j] if step else 0.0
                total += (gains[step, i, j] - before) / (len(part) - 1)
    return total / n


@given(st.integers(0, 10_000), st.integers(1, 2))
def test_no_tree_is_better(seed, n_depths):
    """With one seed, nothing but the expected gain decides: an exhaustive search finds no better tree."""
    gains = np.random.default_rng(seed).normal(size=(1, n_depths, 4, 4))
    found = best_branching(gains, np.ones(4))
    best = max(expected_gain(gains[0], tree) for tree in nested(((0, 1, 2, 3),), n_depths))
    assert found.gains[0] == pytest.approx(expected_gain(gains[0], list(found.parts)))
    assert found.gains[0] == pytest.approx(best)


@given(st.permutations(range(4)))
def test_other_names_give_the_same_tree(order):
    gains = planted()[:, :, order][:, :, :, order]
    parts = best_branching(gains, np.ones(4)).parts
    assert [{frozenset(order[i] for i in part) for part in of_step} for of_step in parts] == [
        {frozenset(range(4))},
        set(map(frozenset, GROUPS)),
    ]


def test_merging_finds_the_planted_tree_too(monkeypatch):
    monkeypatch.setattr(branching, "EXACT_TASKS", 2)
    assert best_branching(planted(), np.ones(4)).parts == (((0, 1, 2, 3),), GROUPS)


class TestInWords:
    NAMES = ("a", "b", "c", "d")

    def tree(self, gains: np.ndarray, depths: tuple[int, ...] = (1, 2), n_blocks: int = 2):
        return recommended_tree(best_branching(gains, np.ones(4)), self.NAMES, depths, n_blocks)

    def test_a_tree_is_ready_for_the_study_file(self):
        tree = self.tree(planted())
        assert tree.text == "sharing:\n  kind: [{tree: {branches: {1: [[a, b], [c, d]]}}}]"
        assert tree.sharing == Sharing('tree {"branches": {"1": [["a", "b"], ["c", "d"]]}}', 2)
        assert "+3." in tree.sentence
        assert "likely too good" in tree.sentence

    def test_above_the_deepest_measured_depth_nothing_is_shared(self):
        """That it is worth sharing there was not measured."""
        tree = self.tree(planted(), n_blocks=3)
        assert "1: [[a, b], [c, d]], 2: [[a], [b], [c], [d]]" in tree.text

    @pytest.mark.parametrize(
        ("gains", "depth"),
        [
            (planted(groups=((0, 1, 2, 3),)), 2),
            (planted(groups=((0,), (1,), (2,), (3,))), 1),
            (-planted() - 1, 0),
        ],
    )
    def test_what_is_hard_sharing_is_called_so(self, gains, depth):
        """A tree that is none would be a second name for the same runs."""
        tree = self.tree(gains)
        assert tree.sharing == Sharing("hard", depth)
        assert tree.text == f"sharing: {{kind: [hard], depth: [{depth}]}}"

    def test_one_seed_says_that_it_tells_nothing_of_noise(self):
        assert "tells nothing of noise" in self.tree(planted(1)).sentence

    def test_an_interval_around_zero_is_said(self):
        assert "may not help" in self.tree(planted(noise=0.3)).sentence

    def test_harm_is_not_called_a_gain(self):
        """Sharing may be recommended for want of anything surely better; that is no promise."""
        gains = planted(groups=((0, 1, 2, 3),), noise=0.3)
        sentence = self.tree(gains - gains.mean() - 0.02).sentence
        assert "Expected to gain" not in sentence
        assert "expected at −" in sentence
