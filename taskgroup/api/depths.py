"""Affinity at every sharing depth, for Python."""

from __future__ import annotations

from numbers import Integral

from taskgroup.affinity import AffinityByDepth
from taskgroup.api.inputs import Data, listener_of
from taskgroup.errors import InputError
from taskgroup.search import (
    Progress,
    measure_by_depth,
    search_seeds,
)
from taskgroup.session import open_session
from taskgroup.spec import Study


def affinity_by_depth(
    study: Study,
    *,
    storage: str | None = None,
    runs: int | None = None,
    progress: bool | Progress = False,
    workers: int = 1,
    device: str = "cpu",
    data: Data | None = None,
) -> AffinityByDepth:
    """Measure all pairs at every sharing depth, and recommend where the encoder should branch.

    Sharing may help in low blocks and hurt in high ones. Runs that the storage holds are not trained again.
    Pairs are trained as a search of the study found best for joint training, else by the defaults.

    Args:
        study: Its `search.sharing.depth` and `search.seeds` say what is measured; every depth by default.
        storage: SQLAlchemy URL of the record; in memory by default.
        runs: At most so many trainings, the single-task baselines first.
        progress: True shows progress on stderr.
        workers: Processes to train in.
        device: `cpu`, `cuda` or `auto`.
        data: As for `search`.

    Returns:
        `.estimate[depth]`, `.low[depth]` and `.high[depth]` are frames [target, source]; `.tree` is the
        recommended sharing, whose `.text` goes into the study file.

    Raises:
        InputError: If the study, the data or an argument is wrong.
        RunFailedError: If no pair gave a gain.
    """
    if not isinstance(study, Study):
        raise InputError(f"study is {study!r:.80}; give what load_study() returns")
    if runs is not None and (not isinstance(runs, Integral) or runs < 1):
        raise InputError(f"runs is {runs!r}; give a whole number, at least 1, or leave it out")
    listener = listener_of(progress)
    opened = open_session(
        study,
        search_seeds(study),
        storage=storage,
        workers=workers,
        device=device,
        data=data,
        progress=listener,
    )
    with opened as session:
        return measure_by_depth(
            study, session.record, session.study_id, session.lab, runs=runs, progress=listener
        )
