"""Drawing the rows of a seed in the way that the study asks for."""

from __future__ import annotations

from taskgroup.data.dataset import Dataset
from taskgroup.data.split import Split, draw_at_random
from taskgroup.data.split_by_group import draw_by_group
from taskgroup.data.split_by_time import draw_by_time
from taskgroup.data.split_own_rows import draw_own_rows
from taskgroup.spec import SplitSpec


def draw_split(dataset: Dataset, spec: SplitSpec, *, study_seed: int, seed: int) -> Split:
    """Draw the rows that a run with ``seed`` trains on, is compared on, and is finally reported on.

    The parts are drawn at random, by group or by time, see `SplitSpec`. Where tasks have rows of their own,
    each task has its share of rows in every part.

    Args:
        dataset: The rows.
        spec: The shares of the parts, and how they are drawn.
        study_seed: Decides the test rows, alone.
        seed: Decides, with ``study_seed``, which other rows validate and train.

    Raises:
        InputError: If a part would be empty.
    """
    if spec.by == "group":
        return draw_by_group(dataset, spec, study_seed=study_seed, seed=seed)
    if spec.by == "time":
        return draw_by_time(dataset, spec, study_seed=study_seed, seed=seed)
    if dataset.owner is not None:
        return draw_own_rows(dataset, dataset.owner, spec, study_seed=study_seed, seed=seed)
    return draw_at_random(dataset, spec, study_seed=study_seed, seed=seed)
