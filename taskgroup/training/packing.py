"""Packing runs into cohorts: which train together, and how many at once.

A cohort pays Python's dispatch once a step for all its runs, so that more of them are cheaper, until weights,
optimiser state and activations outgrow the caches. On the CPU packing is a function of the list alone, so
that a search that was interrupted packs the same cohorts again and gets the same results to the last bit. A
CUDA device is the faster the more runs it trains at once, so that cohorts there fill its free memory; that
differs from start to start, and with it the company of a run, which changes results by rounding.
"""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskgroup.models import run_forest
from taskgroup.spec import SHARING_KINDS, WEIGHTING_FACTS, Method, RunSpec, scaled_widths

_CACHE_FALLBACK = 1 << 20
_CACHE_SHARE = 8.0  # measured: within 5% of the best from 6 to 10 times the second-level cache
_MEMORY_SHARE = 0.1
_MIN_RUNS = 8  # below that, dispatch costs more than cache misses
_MAX_RUNS = 128
_DEVICE_SHARE = 0.5  # the rest is for the rows of the seeds, and for what the libraries allocate
_MAX_RUNS_ON_DEVICE = 512
_NETWORKS_OF_A_RUN = 2  # early stopping keeps the weights of the best epoch
_FREE_PADDING = 4  # heads up to a quarter of the last block's width cost less to pad than to train apart


@dataclass(frozen=True)
class RowsOfRun:
    """What packing must know of the rows that a run reads.

    Attributes:
        shape: Runs train together only where this is equal: their steps an epoch, say.
        n_bytes: What the run adds to a cohort in rows of its own.
    """

    shape: tuple[int, ...] = ()
    n_bytes: int = 0


def _like_all_others(spec: RunSpec) -> RowsOfRun:
    return RowsOfRun()


def pack(
    specs: Sequence[RunSpec],
    *,
    n_inputs: int,
    widths: Sequence[int],
    n_outputs: Mapping[str, int],
    batch_size: int,
    cache_bytes: int | None = None,
    device_bytes: int | None = None,
    rows_of: Callable[[RunSpec], RowsOfRun] = _like_all_others,
) -> list[list[RunSpec]]:
    """Divide runs into cohorts of like shape.

    Runs of one cohort have the same fidelity and capacity, rows of one shape (`rows_of`; by default all
    have), and heads of like width, so that little padding is needed. They stand together by seed, so that
    they read the same batches, and within it by settings and size, so that few products and optimiser steps
    serve them all.

    Args:
        specs: The runs, which may all keep company (`companies`).
        n_inputs: Input features.
        widths: Encoder widths at full capacity.
        n_outputs: Output columns of every task.
        batch_size: Rows a step.
        cache_bytes: Size of the cache to pack for; this processor's by default.
        device_bytes: Free memory of the CUDA device to pack for, in place of the cache.
        rows_of: What each run reads.
    """
    shape = {"n_inputs": n_inputs, "widths": widths, "n_outputs": n_outputs, "batch_size": batch_size}
    limit = cache_bytes or cache_size()
    groups: dict[tuple[Hashable, ...], list[RunSpec]] = {}
    for spec in specs:
        columns = _head_columns(spec, n_outputs, len(widths))
        padded = max(columns, widths[-1] // _FREE_PADDING)
        key = (spec.fidelity, spec.capacity, padded.bit_length(), *rows_of(spec).shape)
        groups.setdefault(key, []).append(spec)
    cohorts = []
    for group in groups.values():
        group.sort(key=_place)
        largest = max(run_bytes(spec, **shape) for spec in group)  # type: ignore[arg-type]
        rows = max(rows_of(spec).n_bytes for spec in group)
        if device_bytes is None:
            in_memory = _memory_limit(largest + rows)
            fitting = min(max(_MIN_RUNS, int(_CACHE_SHARE * limit / largest)), _MAX_RUNS, in_memory)
        else:
            fitting = _fitting_on_device(device_bytes, _NETWORKS_OF_A_RUN * largest + rows)
        n_cohorts = math.ceil(len(group) / fitting)
        bounds = [round(i * len(group) / n_cohorts) for i in range(n_cohorts + 1)]
        cohorts += [group[a:b] for a, b in itertools.pairwise(bounds)]
    return cohorts


def _fitting_on_device(device_bytes: int, run_size: int) -> int:
    return min(max(1, int(_DEVICE_SHARE * device_bytes / run_size)), _MAX_RUNS_ON_DEVICE)


_WIRED = ("hard", "low_supervision", "tree")
"""Kinds of sharing that are forests of blocks, in which runs of all of them can stand side by side."""


def companies(specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
    """Part runs whose networks or weightings cannot be computed together, in the order of first appearance.

    Networks of other kinds than forests of blocks are stacked by kind, depth and number of tasks. Weightings
    that look at gradients take a backward pass a task, which no other run should wait for.
    """
    parts: dict[Hashable, list[RunSpec]] = {}
    for spec in specs:
        parts.setdefault(_company(spec), []).append(spec)
    return list(parts.values())


def _company(spec: RunSpec) -> Hashable:
    facts = WEIGHTING_FACTS.get(Method.parse(spec.weighting).name)
    if facts is not None and facts.one_by_one:
        return spec
    n_tasks = len(spec.subset)
    sharing = None if spec.sharing.method.name in _WIRED else (spec.sharing, n_tasks)
    return sharing, n_tasks if facts is not None and facts.looks_at == "gradients" else None


def run_bytes(
    spec: RunSpec, *, n_inputs: int, widths: Sequence[int], n_outputs: Mapping[str, int], batch_size: int
) -> int:
    """Bytes that a step of one run touches: four of each parameter, two of each activation, in float32."""
    sizes = [n_inputs, *scaled_widths(widths, spec.capacity)]
    parameters, activations = 0, 0
    facts, settings = SHARING_KINDS[spec.sharing.method.name], spec.sharing.settings
    for level, (a, b) in enumerate(itertools.pairwise(sizes)):
        tied = level < spec.sharing.depth
        copies = facts.copies(settings, level, spec.subset, spec.subset) if tied else len(spec.subset)
        parameters += copies * (a + 1) * b
        activations += copies * b * batch_size
    paths = run_forest(spec.sharing, spec.subset, len(widths)).paths
    for task, path in zip(spec.subset, paths, strict=True):
        parameters += (sizes[len(path)] + 1) * n_outputs[task]
        activations += n_outputs[task] * batch_size
    return 4 * (4 * parameters + 2 * activations)


def cache_size() -> int:
    """Bytes of one core's second-level cache."""
    path = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
    try:
        text = path.read_text().strip()
        return int(text.rstrip("KM")) << {"K": 10, "M": 20}.get(text[-1], 0)
    except (OSError, ValueError):
        return _CACHE_FALLBACK


def _place(spec: RunSpec) -> tuple[int, str, int, str, float, float, int]:
    way = spec.sharing.depth, spec.sharing.kind
    return spec.seed, spec.sampling, *way, spec.learning_rate, spec.weight_decay, len(spec.subset)


def _head_columns(spec: RunSpec, n_outputs: Mapping[str, int], n_blocks: int) -> int:
    """Output columns of the widest node: tasks that end in the same block have theirs side by side."""
    columns: Counter[tuple[int, ...]] = Counter()
    paths = run_forest(spec.sharing, spec.subset, n_blocks).paths
    for task, path in zip(spec.subset, paths, strict=True):
        columns[path] += n_outputs[task]
    return max(columns.values())


def _memory_limit(run_size: int) -> int:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        total = 4 << 30
    return max(1, int(_MEMORY_SHARE * total / run_size))
