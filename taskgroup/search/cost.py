"""Serving cost of a network in network equivalents: 1.0 = one standard network with all blocks shared.

Reference:
    Standley 2020, sec. 3 (inference-time budget), extended to networks that branch early.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from taskgroup.errors import InputError
from taskgroup.spec import SHARING_KINDS, InputShape, Sharing, Study, Subset, block_products


def serving_cost(
    n_inputs: int, widths: Sequence[int], sharing: Sharing, trained: Subset, served: Subset | None = None
) -> float:
    """Multiply-adds of the encoder blocks relative to one encoder; heads, gates and mixing are not counted.

    >>> serving_cost(10, [20, 20], Sharing("hard", 2), ("a", "b", "c"))
    1.0
    >>> serving_cost(10, [20, 20], Sharing("hard", 0), ("a", "b", "c"))
    3.0
    """
    return cost_of_blocks(
        [a * b for a, b in itertools.pairwise([n_inputs, *widths])], sharing, trained, served
    )


def cost_of_blocks(
    blocks: Sequence[float], sharing: Sharing, trained: Subset, served: Subset | None = None
) -> float:
    """The same from the multiply-adds of each block."""
    served = trained if served is None else served
    facts, settings = SHARING_KINDS[sharing.method.name], sharing.settings
    sizes = {"depth": sharing.depth, "n_blocks": len(blocks)}
    copies = [
        facts.copies_at(settings, level, **sizes, trained=trained, served=served)
        for level in range(len(blocks))
    ]
    return sum(n * block for n, block in zip(copies, blocks, strict=True)) / sum(blocks)


def study_cost(
    study: Study, n_inputs: InputShape, sharing: Sharing, trained: Subset, served: Subset | None = None
) -> float:
    """The same for the encoder of a study; 1.0 where a trainer of the user's has one that is not known.

    Args:
        study: Its encoder.
        n_inputs: Input features, or the shape of an image or text.
        sharing: How the tasks share it.
        trained: The tasks of the network.
        served: Those that are served from it; all by default.
    """
    if study.trainer is not None:
        return 1.0
    if study.model.encoder == "mlp":
        n_features = n_inputs if isinstance(n_inputs, int) else math.prod(n_inputs)
        return serving_cost(n_features, study.model.widths, sharing, trained, served)
    return cost_of_blocks(block_products(study.model, n_inputs), sharing, trained, served)


def affordable_sharings(study: Study, n_inputs: InputShape) -> Study:
    """Leave out kinds of sharing and depths at which no network for all tasks fits the serving budget.

    Raises:
        InputError: If nothing is left.
    """
    budget = study.grouping.budget
    if budget is None:
        return study
    costs = {way: study_cost(study, n_inputs, way, study.main_names) for way in study.sharings}
    fitting = [way for way, cost in costs.items() if cost <= budget * (1 + 1e-9)]
    if not fitting:
        raise InputError(
            f"grouping.budget is {budget:g}, but serving all {len(study.main_names)} tasks costs at least "
            f"{min(costs.values()):.3g} network equivalents; raise it, or allow a larger "
            "search.sharing.depth or a cheaper search.sharing.kind"
        )
    depths = [depth for depth in study.depths if any(way.depth == depth for way in fitting)]
    kinds = list(dict.fromkeys(way.kind for way in fitting))
    sharing = study.search.sharing.model_copy(update={"kind": kinds, "depth": depths or None})
    search = study.search.model_copy(update={"sharing": sharing})
    return study.model_copy(update={"search": search})
