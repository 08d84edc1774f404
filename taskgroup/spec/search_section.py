"""The `search` section of a study: what may be tried, and what that may cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from taskgroup.spec.distillation_facts import read_distillations
from taskgroup.spec.duration import Seconds
from taskgroup.spec.method import Method, Options, read_methods
from taskgroup.spec.sampling import read_samplings
from taskgroup.spec.section import SECTION, Fraction
from taskgroup.spec.sharing_kinds import SHARING_KINDS
from taskgroup.spec.weighting_facts import WEIGHTING_FACTS


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _read_kinds(value: Any) -> list[str]:
    options = {name: facts.options for name, facts in SHARING_KINDS.items()}
    return _texts(value, options, what="kind of sharing")


def _read_weightings(value: Any) -> list[str]:
    options = {name: facts.options for name, facts in WEIGHTING_FACTS.items()}
    return _texts(value, options, what="weighting")


def _texts(value: Any, catalog: Mapping[str, Options], *, what: str) -> list[str]:
    """The texts of all methods that are listed, each once; names of a trainer's own stay as they are."""
    texts: list[str] = []
    for entry in _as_list(value):
        if isinstance(entry, str) and Method.parse(entry).name not in catalog:
            texts.append(entry)
        else:
            texts += [method.text for method in read_methods(entry, catalog, what=what)]
    return list(dict.fromkeys(texts))


class SharingSpec(BaseModel):
    """Which ways of sharing the search may try.

    Attributes:
        kind: Names of `SHARING_KINDS`, or a name with settings as in `{mmoe: {experts: [2, 4]}}`, where a
            list is several values to try.
        depth: Blocks that tie tasks together; the whole encoder by default.
    """

    model_config = SECTION

    kind: Annotated[
        list[str],
        BeforeValidator(_read_kinds, json_schema_input_type=str | list[str | dict[str, Any]]),
        Field(min_length=1),
    ] = ["hard"]
    depth: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None


Hint = Literal["static", "lookahead", "gradient_cosine", "gradient_projection", "linearised"]


class SearchSpec(BaseModel):
    """What the search may try and how much it may spend.

    Attributes:
        sharing: Sharing kinds and depths.
        weighting: Names of `WEIGHTING_FACTS`, or a name with settings as in `{dwa: {temperature: 1}}`.
        sampling: Ways to mix the rows of tasks that have rows of their own, as in `training.sampling`, which
            is the default.
        distillation: Whether single-task networks teach the joint ones: `none`, names of
            `DISTILLATION_FACTS`, or a name with settings as in `{fixed: {weight: 0.5}}`.
        strategy: How subsets are chosen: `active`, `hoa`, `pairs`, `random` or `exhaustive`.
        per_network: Whether each network may have a way of its own (sharing, weighting, sampling, teaching);
            else all have the one that tuning found best for all tasks together.
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
        keep_weights: Whose trained weights are kept beside the record: of no runs, of those of a `single`
            task, or of `all`. Where something is distilled, those of teachers are.
        linear: Whether linear models of all tasks are fitted in the end, where that takes moments, to tell
            whether a network is needed; nothing is decided by them.
    """

    model_config = SECTION

    sharing: SharingSpec = SharingSpec()
    weighting: Annotated[
        list[str],
        BeforeValidator(_read_weightings, json_schema_input_type=str | list[str | dict[str, Any]]),
        Field(min_length=1),
    ] = ["equal"]
    sampling: Annotated[
        list[str],
        BeforeValidator(read_samplings, json_schema_input_type=str | list[str | dict[str, Any]]),
    ] = []
    distillation: Annotated[
        list[str],
        BeforeValidator(read_distillations, json_schema_input_type=str | list[str | dict[str, Any]]),
        Field(min_length=1),
    ] = [""]
    strategy: Literal["active", "hoa", "pairs", "random", "exhaustive"] = "active"
    per_network: bool = True
    runs: Annotated[int, Field(ge=1)] = 200
    time: Seconds | None = None
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    hints: list[Hint] = ["static"]
    fidelity: list[Fraction] = []
    confirm_seeds: Annotated[int, Field(ge=2, le=1000)] | None = None
    baseline: Literal["full", "matched"] = "full"
    keep_weights: Literal["none", "single", "all"] = "none"
    linear: bool = True

    @property
    def distils(self) -> bool:
        """Whether single-task networks may teach joint ones."""
        return any(self.distillation)
