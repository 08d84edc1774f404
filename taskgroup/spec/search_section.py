"""The `search` section of a study: what may be tried, and what that may cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from taskgroup.spec.duration import Seconds
from taskgroup.spec.section import SECTION, Fraction


class SharingSpec(BaseModel):
    """Which ways of sharing the search may try; depth defaults to the whole encoder."""

    model_config = SECTION

    kind: list[Literal["hard"]] = ["hard"]
    depth: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None


Hint = Literal["static", "lookahead", "gradient_cosine", "gradient_projection", "linearised"]


class SearchSpec(BaseModel):
    """What the search may try and how much it may spend.

    Attributes:
        sharing: Sharing kinds and depths.
        weighting: Loss weightings.
        strategy: How subsets are chosen: `active`, `hoa`, `pairs`, `random` or `exhaustive`.
        per_network: Whether each network may get a depth and weighting of its own; else all have those that
            tuning found best for all tasks together.
        runs: At most this many network trainings.
        time: At most this long.
        hints: Affinity estimators whose guesses `active` takes for what the runs show them to be worth. All
            but `static` look at three joint trainings, which count in `runs`.
        seeds: Paired repetitions of each measured subset.
        fidelity: Shorter trainings that may stand in for full ones as far as they are found to tell of them,
            as shares of the epochs, such as `[0.25]`; each counts by its share in `runs`.
        confirm_seeds: Fresh seeds for the finalists; as many as `seeds`, at least 5, by default.
        baseline: What gains are over: `full` single-task networks, or `matched` for narrower ones besides,
            which together cost as much as the joint network; they take a part of `runs`, and nothing is
            decided by them.
        linear: Whether linear models of all tasks are fitted in the end, where that takes moments, to tell
            whether a network is needed; nothing is decided by them.
    """

    model_config = SECTION

    sharing: SharingSpec = SharingSpec()
    weighting: Annotated[list[str], Field(min_length=1)] = ["equal"]
    strategy: Literal["active", "hoa", "pairs", "random", "exhaustive"] = "active"
    per_network: bool = True
    runs: Annotated[int, Field(ge=1)] = 200
    time: Seconds | None = None
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    hints: list[Hint] = ["static"]
    fidelity: list[Fraction] = []
    confirm_seeds: Annotated[int, Field(ge=2, le=1000)] | None = None
    baseline: Literal["full", "matched"] = "full"
    linear: bool = True
