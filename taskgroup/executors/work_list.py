"""Cohorts on their way through workers that may die.

A cohort is trained again when its worker dies. Somebody may have killed the worker, so that the cohort
first stays whole: its results are then the same to the last bit. One that has cost several workers is most
likely too large, or holds a run that kills; it is halved until that run stands alone, which fails, and the
others are kept. Kills that are known to come from outside are nobody's fault and hardly count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

from taskgroup.spec import RunResult, RunSpec

MAX_DEATHS = 3
MAX_OUTSIDE_KILLS = 100  # only keeps a search from going on for ever


@dataclass(frozen=True)
class Part:
    """Runs to train together.

    Attributes:
        cohort: The position of the cohort that they belong to.
        members: The runs.
        deaths: Workers that died over them, the whole cohort's included.
        outside_kills: Workers that somebody killed meanwhile.
    """

    cohort: int
    members: tuple[RunSpec, ...]
    deaths: int = 0
    outside_kills: int = 0


@final
class WorkList:
    """What is still to train, and what has come back of each cohort.

    Args:
        cohorts: To train, in this order.
    """

    def __init__(self, cohorts: Sequence[Sequence[RunSpec]]) -> None:
        self._cohorts = cohorts
        self._waiting = deque(Part(i, tuple(cohort)) for i, cohort in enumerate(cohorts))
        self._found: list[dict[RunSpec, RunResult]] = [{} for _ in cohorts]

    @property
    def waiting(self) -> int:
        """Parts that no worker has."""
        return len(self._waiting)

    def take(self) -> Part:
        """The next part to train."""
        return self._waiting.popleft()

    def put_back(self, part: Part) -> None:
        """Train it later: its worker did not get to it."""
        self._waiting.appendleft(part)

    def returned(self, part: Part, results: Sequence[RunResult]) -> list[RunResult] | None:
        """Note results, and give those of the whole cohort back where they were its last."""
        found = self._found[part.cohort]
        found |= {result.spec: result for result in results}
        cohort = self._cohorts[part.cohort]
        return [found[spec] for spec in cohort] if len(found) == len(cohort) else None

    def died(self, part: Part, *, from_outside: bool = False) -> list[RunResult] | None:
        """Note that a worker died over a part; as `returned` where nothing is left to try."""
        if from_outside and part.outside_kills < MAX_OUTSIDE_KILLS:
            self.put_back(replace(part, outside_kills=part.outside_kills + 1))
            return None
        deaths = part.deaths + 1
        if deaths < MAX_DEATHS:
            self.put_back(replace(part, deaths=deaths))
            return None
        if len(part.members) > 1:
            middle = (len(part.members) + 1) // 2
            for half in (part.members[middle:], part.members[:middle]):
                self.put_back(Part(part.cohort, half, deaths=MAX_DEATHS - 1))  # one more halves it again
            return None
        reason = f"its worker process died {deaths} times, the last time over this run alone (out of memory?)"
        return self.returned(part, [RunResult(part.members[0], "failed", reason=reason)])
