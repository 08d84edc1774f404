"""The distillations: how single-task networks teach a network, and with what settings.

Only facts stand here, so that a study is checked without torch; `taskgroup.training` mixes the targets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taskgroup.spec.method import Method, Option, Options, number, one_of, read_methods
from taskgroup.spec.run import RunSpec, Sharing
from taskgroup.spec.weighting_facts import TUNED

NO_DISTILLATION = "none"
"""How a study file calls a run that nobody teaches; its text is empty."""


@dataclass(frozen=True)
class DistillationFacts:
    """What is known of a distillation before a network is trained.

    Attributes:
        summary: In a few words, for lists and reports.
        options: Its settings.
    """

    summary: str
    options: Options


def _or_tuned(refuse: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """Accept `TUNED` besides."""

    def refuse_neither(value: Any) -> str | None:
        problem = None if value == TUNED else refuse(value)
        return problem and f"{problem}, or '{TUNED}'"

    return refuse_neither


_ALL: Options = {
    "unlabelled": Option(False, one_of(False, True)),
    "teacher_learning_rate": Option(TUNED, _or_tuned(number(0, 10, above=True))),
    "teacher_weight_decay": Option(TUNED, _or_tuned(number(0, 10))),
}
"""Whether teachers also teach on rows whose label is missing, and what they were trained with."""

DISTILLATION_FACTS: dict[str, DistillationFacts] = {
    "annealed": DistillationFacts(
        "teachers first, labels in the end",
        {"start": Option(0.0, number(0, 1)), "end": Option(1.0, number(0, 1)), **_ALL},
    ),
    "fixed": DistillationFacts(
        "labels mixed with what teachers say", {"weight": Option(0.5, number(0, 1)), **_ALL}
    ),
}


@dataclass(frozen=True)
class Distillation:
    """One distillation, with all its settings.

    Attributes:
        start: What a label counts for in the first epoch; the teacher counts for the rest of 1.
        end: What it counts for in the last one.
        unlabelled: Whether the teacher also teaches where the label is missing.
        learning_rate: Of the teachers; `TUNED` as long as a search has not filled it in.
        weight_decay: Of the teachers, in the same way.
    """

    start: float
    end: float
    unlabelled: bool
    learning_rate: float | str
    weight_decay: float | str

    @classmethod
    def of(cls, text: str) -> Distillation:
        """Read a method's text."""
        method = Method.parse(text)
        settings = method.filled(DISTILLATION_FACTS[method.name].options)
        first, last = ("weight", "weight") if method.name == "fixed" else ("start", "end")
        return cls(
            settings[first],
            settings[last],
            settings["unlabelled"],
            settings["teacher_learning_rate"],
            settings["teacher_weight_decay"],
        )

    @property
    def is_settled(self) -> bool:
        """Whether the teachers are known."""
        return TUNED not in (self.learning_rate, self.weight_decay)

    def label_share(self, progress: float) -> float:
        """What a label counts for, with 0 <= progress <= 1 from the first to the last epoch.

        >>> Distillation.of("annealed").label_share(0.25)
        0.25
        """
        return (1.0 - progress) * self.start + progress * self.end


def read_distillations(value: Any) -> list[str]:
    """The texts of all distillations that one entry or a list of them stands for; that of none is empty.

    Raises:
        ValueError: If a name, a setting or a value is not one that is known.

    >>> read_distillations(["none", {"fixed": {"weight": [0.25, 0.5]}}])
    ['', 'fixed {"weight": 0.25}', 'fixed']
    """
    options = {name: facts.options for name, facts in DISTILLATION_FACTS.items()} | {NO_DISTILLATION: {}}
    listed = value if isinstance(value, list) else [value]
    entries = [NO_DISTILLATION if entry == "" else entry for entry in listed]
    methods = [method for entry in entries for method in read_methods(entry, options, what="distillation")]
    return list(dict.fromkeys("" if m.name == NO_DISTILLATION else m.text for m in methods))


def settled(text: str, *, learning_rate: float, weight_decay: float) -> str:
    """A distillation's text with what its teachers are trained with, where that was left to tuning.

    >>> settled("annealed", learning_rate=0.01, weight_decay=0.0)
    'annealed {"teacher_learning_rate": 0.01, "teacher_weight_decay": 0.0}'
    """
    if not text:
        return text
    method = Method.parse(text)
    of_teacher = {"teacher_learning_rate": learning_rate, "teacher_weight_decay": weight_decay}
    given = {key: value for key, value in method.settings.items() if value != TUNED}
    rates = {key: float(given.get(key, value)) for key, value in of_teacher.items()}
    return Method(method.name, {**given, **rates}).text


def unsettled(text: str) -> str:
    """A distillation's text without what its teachers are trained with.

    >>> unsettled('annealed {"teacher_learning_rate": 0.01, "teacher_weight_decay": 0.0}')
    'annealed'
    """
    method = Method.parse(text)
    own = {k: v for k, v in method.settings.items() if not k.startswith("teacher_")}
    return Method(method.name, own).text


def teachers_of(run: RunSpec, *, n_blocks: int) -> Mapping[str, RunSpec]:
    """The single-task runs that teach a run, by task; none where nobody does.

    They are the baselines of the same seed at full length and size, whatever length and size the run has.

    Args:
        run: Whose distillation is settled.
        n_blocks: Encoder blocks.
    """
    if not run.distillation:
        return {}
    teaching = Distillation.of(run.distillation)
    return {
        task: RunSpec(
            subset=(task,),
            sharing=Sharing("hard", n_blocks),
            weighting="equal",
            learning_rate=float(teaching.learning_rate),
            weight_decay=float(teaching.weight_decay),
            seed=run.seed,
        )
        for task in run.subset
    }
