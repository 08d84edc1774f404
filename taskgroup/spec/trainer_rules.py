"""What the other sections of a study may say beside a trainer of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a study checks itself with this
    from taskgroup.spec.study import Study
    from taskgroup.spec.trainer import TrainerSpec

OF_THE_ENGINE = ("data", "model", "training")
"""The sections that describe networks trained here."""


def check_trainer_rules(study: Study, trainer: TrainerSpec) -> None:
    """Refuse settings that the trainer would not hear of, rather than ignore them.

    Raises:
        ValueError: If there is one; the message names its key.
    """
    for section in OF_THE_ENGINE:
        if section in study.model_fields_set:
            raise ValueError(f"'{section}' is not read beside 'trainer', which has its own; drop one of both")
    if study.search.baseline == "matched":
        raise ValueError(
            "search.baseline 'matched' needs networks of known widths, which a trainer's are not; use 'full'"
        )
    search = study.search
    of_networks = {
        "distillation": search.distils,
        "keep_weights": search.keep_weights != "none",
        "sampling": bool(search.sampling),
    }
    for key in (key for key, given in of_networks.items() if given):
        raise ValueError(f"search.{key} needs networks trained here, which a trainer's are not; drop it")
    _check_nothing_to_tune(study)
    _check_told(study, trainer)


def _check_nothing_to_tune(study: Study) -> None:
    """Only a strategy that compares several ways of training can choose between them."""
    search = study.search
    if search.strategy == "active" and search.per_network:
        return
    for key, options in (
        ("sharing.kind", search.sharing.kind),
        ("sharing.depth", search.sharing.depth or []),
        ("weighting", search.weighting),
    ):
        if len(set(options)) > 1:
            raise ValueError(
                f"search.{key} lists {len(set(options))} values, but a trainer is not tuned; keep one, or "
                "let search.strategy 'active' compare them, with search.per_network"
            )


def _check_told(study: Study, trainer: TrainerSpec) -> None:
    """That the command can be told what it asks for, and asks for what the study says."""
    told = trainer.placeholders
    depth, weighting = study.search.sharing.depth, study.search.weighting
    if "depth" in told and depth is None:
        raise ValueError("trainer.command has {depth}, so give search.sharing.depth, as in depth: [2]")
    if trainer.command is not None and depth is not None and "depth" not in told:
        raise ValueError("search.sharing.depth is given, but trainer.command has no {depth} to be told it by")
    kind = study.search.sharing.kind
    if trainer.command is not None and kind != ["hard"] and "sharing" not in told:
        raise ValueError(
            f"search.sharing.kind is {kind}, but trainer.command has no {{sharing}} to be told it by"
        )
    if trainer.command is not None and weighting != ["equal"] and "weighting" not in told:
        raise ValueError(
            f"search.weighting is {weighting}, but trainer.command has no {{weighting}} to be told it by"
        )
    if trainer.command is not None and study.search.fidelity and "fidelity" not in told:
        raise ValueError("search.fidelity is given, but trainer.command has no {fidelity} to be told it by")
    if "tasks" in trainer.placeholders:
        for name in study.task_names:
            if "," in name:
                raise ValueError(
                    f"task {name!r} has a comma, which joins the names in {{tasks}}; rename it, or write "
                    "{subset} in trainer.command, where + joins them"
                )
