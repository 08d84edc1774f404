"""Measuring all pairs at every sharing depth: which runs that takes, and training the missing ones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from taskgroup.affinity import AffinityByDepth
from taskgroup.errors import InputError, RunFailedError
from taskgroup.search.analysis import runs_with_gains
from taskgroup.search.by_depth import pairs_at_depths
from taskgroup.search.fixed import balanced_pairs
from taskgroup.search.lab import Lab
from taskgroup.search.plan import search_seeds
from taskgroup.search.progress import Progress
from taskgroup.search.recipe import Recipe, Recipes
from taskgroup.search.recorded_recipes import recorded_recipes
from taskgroup.spec import RunSpec, Sharing, Study, subset_name
from taskgroup.storage import Record

_STAGE = "affinity by depth"


def depths_to_measure(study: Study) -> tuple[int, ...]:
    """The depths that the study names, or all of the encoder's; at depth 0 nothing can be transferred.

    Raises:
        InputError: If there is no depth, or the networks are a trainer's of the user's.
    """
    if study.trainer is not None:
        raise InputError("affinity by depth needs an encoder of known blocks, which a trainer's is not")
    if len(study.main_names) < 2:
        raise InputError("affinity by depth is between main tasks, but the study has one; add another")
    named = study.search.sharing.depth or range(1, study.model.n_blocks + 1)
    depths = tuple(sorted({depth for depth in named if depth > 0}))
    if not depths:
        raise InputError("search.sharing.depth is [0], where tasks share nothing; allow a larger depth")
    return depths


@dataclass(frozen=True)
class DepthPlan:
    """What has to be trained, all runs of one seed first, and within it all depths of one pair.

    Attributes:
        recipes: How; pairs are trained as joint networks are, at every depth.
        depths: The sharing depths, ascending.
        singles: The baselines.
        pairs: The runs of pairs.
    """

    recipes: Recipes
    depths: tuple[int, ...]
    singles: tuple[RunSpec, ...]
    pairs: tuple[RunSpec, ...]

    @classmethod
    def of(cls, study: Study, recipes: Recipes) -> DepthPlan:
        """Plan for a study.

        Args:
            study: Its main tasks, depths and seeds.
            recipes: As tuned by its search, or the defaults.
        """
        names, depths, seeds = study.main_names, depths_to_measure(study), search_seeds(study)
        singles = [recipes.single.spec((name,), seed) for seed in seeds for name in names]
        pairs = [
            _at_depth(recipes, depth).spec(pair, seed)
            for seed, pair, depth in itertools.product(seeds, balanced_pairs(names), depths)
        ]
        return cls(recipes, depths, tuple(singles), tuple(pairs))


def measure_by_depth(
    study: Study, record: Record, study_id: int, lab: Lab, *, runs: int | None = None, progress: Progress
) -> AffinityByDepth:
    """Train what is missing of all pairs at every depth, and estimate.

    Args:
        study: What to measure.
        record: Keeps the runs; those of a search are not trained again.
        study_id: The study in it.
        lab: Trains.
        runs: At most so many trainings; the baselines first, then the pairs seed by seed.
        progress: Hears what will be trained and how long that may take.

    Raises:
        InputError: If there is nothing to measure, or `runs` does not cover the baselines and a pair.
        RunFailedError: If no pair gave a gain.
    """
    plan = DepthPlan.of(study, recorded_recipes(study, record, study_id))
    singles, pairs = (_missing(lab, specs) for specs in (plan.singles, plan.pairs))
    progress.note(_announced(study, plan, len(singles) + len(pairs)))
    if runs is not None and len(singles) + len(plan.depths) > runs and pairs:
        raise InputError(
            f"--runs is {runs}, but {len(singles)} single-task runs and {len(plan.depths)} of a first pair "
            f"are missing; give at least {len(singles) + len(plan.depths)}"
        )
    lab.run(_STAGE, plan.singles)
    open_runs = pairs if runs is None else pairs[: runs - len(singles)]
    if len(open_runs) < len(pairs):
        progress.note(f"--runs {runs}: {len(pairs) - len(open_runs)} runs of pairs are left for another time")
    if open_runs:
        progress.note(_time_needed(lab, plan, len(open_runs)))
    left = set(pairs) - set(open_runs)
    lab.run(_STAGE, [spec for spec in plan.pairs if spec not in left])
    frame = runs_with_gains(record.runs_frame(study_id), plan.recipes, study)
    main = {subset_name(pair) for pair in itertools.combinations(study.main_names, 2)}
    frame = frame[(frame["n_tasks"] != 2) | frame["subset"].isin(main)]
    found = pairs_at_depths(frame, plan.recipes.joint, search_seeds(study))
    if found["gain"].notna().sum() == 0:
        raise RunFailedError("no pair of tasks gave a gain: their runs or the single-task runs failed")
    return AffinityByDepth.of_runs(found, study.main_tasks, n_blocks=study.model.n_blocks)


def _at_depth(recipes: Recipes, depth: int) -> Recipe:
    return replace(recipes.joint, sharing=Sharing("hard", depth), fidelity=1.0)


def _missing(lab: Lab, specs: Sequence[RunSpec]) -> list[RunSpec]:
    return [spec for spec in specs if lab.known(spec) is None]


def _announced(study: Study, plan: DepthPlan, n_missing: int) -> str:
    n_tasks, n_seeds = len(study.main_names), len(search_seeds(study))
    total = len(plan.singles) + len(plan.pairs)
    depths = ", ".join(map(str, plan.depths))
    return (
        f"{math.comb(n_tasks, 2)} pairs with {depths} blocks shared and {n_tasks} single tasks at {n_seeds} "
        f"seeds: {total} runs, of which {total - n_missing} are recorded and {n_missing} will be trained"
    )


def _time_needed(lab: Lab, plan: DepthPlan, n_runs: int) -> str:
    """How long pairs may take, judged by those that were trained before, else by single tasks."""
    for specs, of_what in ((plan.pairs, "pairs"), (plan.singles, "single tasks")):
        results = [result for spec in specs if (result := lab.known(spec)) is not None and result.ok]
        if results:
            seconds = n_runs * sum(result.seconds for result in results) / len(results)
            about = f"about {max(1.0, seconds):.0f} s of one worker"
            return f"{n_runs} runs of pairs may take {about}, judged by {of_what}"
    return f"{n_runs} runs of pairs; how long they take is not known yet"
