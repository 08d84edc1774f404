"""The `grouping` section of a study: the serving limit and the rules of every grouping."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from taskgroup.errors import nearest
from taskgroup.spec.section import SECTION
from taskgroup.spec.task import Subset

LinkedTasks = Annotated[list[str], Field(min_length=2)]


class GroupingSpec(BaseModel):
    """The serving limit and the rules that every grouping keeps to.

    Attributes:
        max_groups: At most this many networks; or
        budget: at most this much serving cost, in network equivalents.
        must_link: Lists of tasks that one network serves.
        cannot_link: Lists of tasks of which no two train together.
        min_size: The fewest tasks that train in a network; from 2 on no task stands alone.
        max_size: The most tasks that train in a network.
        overlap: Whether a task may train in several networks of the grouping.
        risk: How many standard errors each measured gain counts as worse than it is, so that sure gains
            are preferred.
    """

    model_config = SECTION

    max_groups: Annotated[int, Field(ge=1)] | None = None
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    must_link: list[LinkedTasks] = []
    cannot_link: list[LinkedTasks] = []
    min_size: Annotated[int, Field(ge=1)] | None = None
    max_size: Annotated[int, Field(ge=1)] | None = None
    overlap: bool = True
    risk: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _fits_together(self) -> GroupingSpec:
        if self.max_groups is not None and self.budget is not None:
            raise ValueError("give max_groups or budget, not both")
        if self.min_size is not None and self.max_size is not None and self.min_size > self.max_size:
            raise ValueError(f"min_size {self.min_size} exceeds max_size {self.max_size}; lower min_size")
        return self

    def check_tasks(self, tasks: Subset, *, served: Subset) -> None:
        """Refuse linked names that are no tasks, or are never served and so cannot be served together.

        Raises:
            ValueError: If there is one; the message gives the nearest names.
        """
        for key in ("must_link", "cannot_link"):
            for place, names in enumerate(getattr(self, key)):
                for name in names:
                    if name not in tasks:
                        raise ValueError(f"grouping.{key}[{place}] names {name!r}; {nearest(name, tasks)}")
                    if key == "must_link" and name not in served:
                        raise ValueError(
                            f"grouping.must_link[{place}] names {name!r}, an auxiliary task, which no "
                            "network serves; drop it"
                        )
