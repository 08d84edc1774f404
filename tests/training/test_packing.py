"""Packing: a run left out would never finish, and another packing after a crash would change results."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from taskgroup.spec import RunSpec, Sharing
from taskgroup.training import pack, run_bytes

SHAPE = {"n_inputs": 8, "widths": (16, 16), "n_outputs": {"a": 1, "b": 10, "c": 2}, "batch_size": 32}

specs = st.builds(
    RunSpec,
    subset=st.sampled_from([("a",), ("b",), ("a", "b"), ("a", "c"), ("a", "b", "c")]),
    sharing=st.builds(Sharing, st.just("hard"), st.integers(0, 2)),
    weighting=st.sampled_from(["equal", "uncertainty"]),
    learning_rate=st.sampled_from([0.001, 0.01]),
    weight_decay=st.just(0.01),
    seed=st.integers(0, 5),
    fidelity=st.sampled_from([0.5, 1.0]),
)
lists = st.lists(specs, max_size=60, unique=True)
caches = st.sampled_from([1, 1 << 16, 1 << 30])


@given(lists, caches)
def test_every_run_is_in_one_cohort(runs, cache):
    cohorts = pack(runs, **SHAPE, cache_bytes=cache)
    packed = list(itertools.chain.from_iterable(cohorts))
    assert len(packed) == len(runs)
    assert set(packed) == set(runs)
    assert all(cohorts)


@given(lists, caches)
def test_the_same_list_gives_the_same_cohorts(runs, cache):
    assert pack(list(runs), **SHAPE, cache_bytes=cache) == pack(list(runs), **SHAPE, cache_bytes=cache)


@given(lists, caches)
def test_cohorts_are_of_one_fidelity_and_seeds_stand_together(runs, cache):
    """What the stacked layers rely on: all members train equally long, each seed's batch is read once."""
    for cohort in pack(runs, **SHAPE, cache_bytes=cache):
        assert len({run.fidelity for run in cohort}) == 1
        in_order = [seed for seed, _ in itertools.groupby(run.seed for run in cohort)]
        assert len(in_order) == len(set(in_order))


@given(lists)
def test_a_small_cache_makes_small_cohorts(runs):
    sizes = [len(cohort) for cohort in pack(runs, **SHAPE, cache_bytes=1)]
    assert max(sizes, default=0) <= 8


def test_a_large_cache_takes_all_runs_of_a_shape_at_once():
    runs = [RunSpec(("a",), Sharing("hard", 2), "equal", 0.01, 0.01, seed) for seed in range(100)]
    assert [len(cohort) for cohort in pack(runs, **SHAPE, cache_bytes=1 << 30)] == [100]


def test_bytes_of_a_run_by_hand():
    """9·16 and 17·16 weights, 17·11 in the heads; 16 + 16 + 11 outputs of 32 examples; 4 bytes each."""
    run = RunSpec(("a", "b"), Sharing("hard", 2), "equal", 0.01, 0.01, 0)
    parameters, activations = 9 * 16 + 17 * 16 + 17 * 11, (16 + 16 + 11) * 32
    assert run_bytes(run, **SHAPE) == 4 * (4 * parameters + 2 * activations)
    branched = RunSpec(("a", "b"), Sharing("hard", 1), "equal", 0.01, 0.01, 0)
    extra = 4 * (4 * 17 * 16 + 2 * 16 * 32)
    assert run_bytes(branched, **SHAPE) - run_bytes(run, **SHAPE) == extra


@given(lists)
def test_every_run_is_packed_for_a_device_too(runs):
    cohorts = pack(runs, **SHAPE, device_bytes=1 << 20)
    assert sorted(map(hash, itertools.chain.from_iterable(cohorts))) == sorted(map(hash, runs))


def test_cohorts_on_a_device_grow_with_its_free_memory():
    """A CUDA device is idle with cohorts that suit a processor's cache, and out of memory with any size."""
    runs = [RunSpec(("a",), Sharing("hard", 2), "equal", 0.01, 0.01, seed) for seed in range(600)]
    one = run_bytes(runs[0], **SHAPE)
    largest = {free: max(map(len, pack(runs, **SHAPE, device_bytes=free))) for free in (1, 40 * one, 1 << 34)}
    assert largest == {1: 1, 40 * one: 10, 1 << 34: 300}
