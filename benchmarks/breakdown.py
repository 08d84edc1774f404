"""Where a cohort's time goes, and how near its products come to the machine's best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from torch import Tensor
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.case import Case, Workload
from benchmarks.machine import large_product_rates, machine_facts
from benchmarks.report import Report, Table
from taskgroup.models import Product
from taskgroup.spec import RunSpec

_WHOLE = "cohort"
_KINDS = {
    "optimiser": "_fused_adamw_",
    "element-wise": (
        "add_ add relu_ clamp_min_ threshold_backward sub mul_ mul div_ div sum sigmoid _softmax _log_softmax "
        "where square_ pow softplus addcmul_ isfinite abs"
    ),
    "indexing and copies": (
        "index index_select index_add_ _index_put_impl_ cat stack copy_ _to_copy clone empty empty_strided "
        "fill_ zero_"
    ),
    "views": "view as_strided slice transpose select unsqueeze detach",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}


@dataclass
class Profile:
    """Processor seconds of one cohort's training.

    Attributes:
        by_kind: Seconds of each kind of work; all of them together are the whole.
        products: Seconds of the products of each shape.
        calls: How often each shape was multiplied.
        flops: Floating-point operations of one product of each shape.
    """

    by_kind: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    products: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    flops: dict[str, float] = field(default_factory=dict)

    def recorded(self, product: Product) -> Product:
        """The same product, visible to the profiler by its shape."""

        def multiply(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
            n, rows, inner = a.shape
            turned = [" transposed" if t.stride(-1) != 1 else "" for t in (a, b)]
            name = f"{n} × [{rows}, {inner}]{turned[0]} · [{inner}, {b.shape[2]}]{turned[1]}"
            self.flops[name] = 2.0 * n * rows * inner * b.shape[2]
            with record_function(name):
                return product(a, b, out)

        return multiply


def breakdown(rounds: int, case: Case | None = None, n_runs: int = 16, n_tasks: int = 2) -> Report:
    """Profile one cohort.

    Args:
        rounds: Profiles to take the median of.
        case: What to train.
        n_runs: Runs at once.
        n_tasks: Tasks of each.
    """
    workload = Workload(case or Case())
    runs = workload.runs(n_runs, n_tasks)
    workload.train(runs)
    profiles = [_profile(workload, runs) for _ in range(rounds)]
    rates = [large_product_rates() for _ in range(rounds)]
    best = {library: median(rate[library] for rate in rates) for library in ("torch", "NumPy")}
    by_kind = {kind: median(p.by_kind[kind] for p in profiles) for kind in profiles[0].by_kind}
    total = sum(by_kind.values())
    achieved = workload.case.flops(n_tasks) * n_runs / by_kind["products"] / 1e9
    text = [
        f"{n_runs} runs of {n_tasks} tasks in one cohort, {workload.case.n_steps} steps; medians of {rounds} "
        "profiles. The profiler's own time falls on whatever is called often, so that views and Python are "
        "overstated.",
        f"Products take {by_kind['products'] / total:.0%} of the time and reach {achieved:.0f} GFLOP/s. One large "
        f"float32 product reaches {best['torch']:.0f} GFLOP/s with torch and {best['NumPy']:.0f} with NumPy, on "
        "one thread in the same minutes.",
    ]
    kinds = sorted(by_kind.items(), key=lambda item: -item[1])
    tables = [
        Table("By kind", ("", "ms a run", "share"), [(k, 1e3 * s / n_runs, s / total) for k, s in kinds]),
        Table("Products by shape", ("", "calls", "share", "GFLOP/s"), _products(profiles, total)),
    ]
    raw = {"profiles": [vars(p) for p in profiles], "large_products": rates, "achieved_gflops": achieved}
    return Report("breakdown", "Where a cohort's time goes", text, tables, machine_facts(), raw)


def _profile(workload: Workload, runs: Sequence[RunSpec]) -> Profile:
    found = Profile()
    shapes = replace(workload.shapes, product=found.recorded(workload.shapes.product))
    with profile(activities=[ProfilerActivity.CPU]) as profiler, record_function(_WHOLE):
        workload.train(runs, shapes=shapes)
    for event in profiler.key_averages():
        name, own = event.key.removeprefix("aten::"), event.self_cpu_time_total / 1e6
        if name in found.flops:
            found.products[name], found.calls[name] = event.cpu_time_total / 1e6, event.count
            found.by_kind["products"] += own
        elif name == "bmm":  # torch's own product, inside a recorded one
            found.by_kind["products"] += own
        elif name == _WHOLE:
            found.by_kind["Python between operations"] += own
        else:
            found.by_kind[_KIND_OF.get(name, "other operations")] += own
    return found


def _products(profiles: Sequence[Profile], total: float) -> list[tuple[str, int, float, float]]:
    """Shape, calls, share and GFLOP/s of the products, dearest first."""
    first, rows = profiles[0], []
    for name, calls in first.calls.items():
        seconds = median(p.products[name] for p in profiles)
        rows.append((name, calls, seconds / total, calls * first.flops[name] / seconds / 1e9))
    return sorted(rows, key=lambda row: -row[2])
