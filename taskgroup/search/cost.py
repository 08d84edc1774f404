"""Serving cost of a network in network equivalents: 1.0 = one standard network with all blocks shared.

Reference:
    Standley 2020, sec. 3 (inference-time budget), extended to networks that branch early.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from taskgroup.errors import InputError
from taskgroup.spec import InputShape, Sharing, Study, block_products


def serving_cost(n_inputs: int, widths: Sequence[int], sharing: Sharing, n_tasks: int) -> float:
    """Multiply-adds of the encoder blocks relative to one encoder; heads are not counted.

    >>> serving_cost(10, [20, 20], Sharing("hard", 2), n_tasks=5)
    1.0
    >>> serving_cost(10, [20, 20], Sharing("hard", 0), n_tasks=5)
    5.0
    """
    blocks = [a * b for a, b in itertools.pairwise([n_inputs, *widths])]
    return cost_of_blocks(blocks, sharing, n_tasks)


def cost_of_blocks(blocks: Sequence[float], sharing: Sharing, n_tasks: int) -> float:
    """The same from the multiply-adds of each block."""
    shared, private = sum(blocks[: sharing.depth]), sum(blocks[sharing.depth :])
    return (shared + n_tasks * private) / sum(blocks)


def study_cost(study: Study, n_inputs: InputShape, sharing: Sharing, n_tasks: int) -> float:
    """The same for the encoder of a study; 1.0 where a trainer of the user's has one that is not known.

    Args:
        study: Its encoder.
        n_inputs: Input features, or the shape of an image or text.
        sharing: How the tasks share it.
        n_tasks: How many there are.
    """
    if study.trainer is not None:
        return 1.0
    if study.model.encoder == "mlp":
        n_features = n_inputs if isinstance(n_inputs, int) else math.prod(n_inputs)
        return serving_cost(n_features, study.model.widths, sharing, n_tasks)
    return cost_of_blocks(block_products(study.model, n_inputs), sharing, n_tasks)


def affordable_depths(study: Study, n_inputs: InputShape) -> Study:
    """Leave out the sharing depths at which not even one network for all tasks fits the serving budget.

    At a given depth that network is the cheapest way to serve all tasks.

    Raises:
        InputError: If no depth is left.
    """
    budget = study.grouping.budget
    if budget is None:
        return study
    n_tasks = len(study.main_names)
    costs = {d: study_cost(study, n_inputs, Sharing("hard", d), n_tasks) for d in study.depths}
    fitting = [depth for depth, cost in costs.items() if cost <= budget * (1 + 1e-9)]
    if not fitting:
        raise InputError(
            f"grouping.budget is {budget:g}, but serving all {n_tasks} tasks costs at least "
            f"{min(costs.values()):.3g} network equivalents; raise it, or allow a larger search.sharing.depth"
        )
    sharing = study.search.sharing.model_copy(update={"depth": fitting})
    search = study.search.model_copy(update={"sharing": sharing})
    return study.model_copy(update={"search": search})
