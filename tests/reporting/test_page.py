"""The page: complete, self-contained, honest about doubt, and deaf to markup in names."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from fabricated import DIGITS, FORTY, HOSTILE

from taskgroup.grouping import Network
from taskgroup.reporting import render_page
from taskgroup.search import Outcome
from taskgroup.spec import parse_study

VOID_TAGS = {"meta", "link", "br", "img", "input", "hr"}


class PageReader(HTMLParser):
    """Collects the text, the tags and the data of the figures, and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.figures: list[dict] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open_tags[-1:] == ["script"]:
            if "data-plot" in self.tags[-1][1]:
                self.figures.append(json.loads(data))
        elif self.open_tags[-1:] != ["style"]:
            self.text.append(data)


def read(outcome: Outcome) -> PageReader:
    reader = PageReader()
    reader.feed(render_page(outcome))
    assert not reader.open_tags
    return reader


def prose(reader: PageReader) -> str:
    return re.sub(r"\s+", " ", " ".join(reader.text))


def without_plotly(page: str) -> str:
    """The page less its longest script, which is plotly's own."""
    scripts = re.findall(r"<script>.*?</script>", page, flags=re.DOTALL)
    return page.replace(max(scripts, key=len), "")


@pytest.fixture(scope="module")
def digits_page(digits_outcome: Outcome) -> PageReader:
    return read(digits_outcome)


def test_it_needs_nothing_from_outside(digits_outcome: Outcome) -> None:
    page = render_page(digits_outcome)
    assert page.count("plotly.js v") == 1
    own = without_plotly(page)
    assert "http:" not in own
    assert "https:" not in own
    assert not re.search(r"""(src|href)=["'](?!data:)""", own)
    assert len(own) < 300_000


def test_it_has_every_part(digits_page: PageReader) -> None:
    keys = {attributes.get("id") for tag, attributes in digits_page.tags if tag == "section"}
    assert keys == {"networks", "affinity", "negative-transfer", "gains", "effort", "reliability", "repeat"}
    assert len(digits_page.figures) == 5


def test_the_recommendation_stands_in_words_with_both_baselines(
    digits_outcome: Outcome, digits_page: PageReader
) -> None:
    text = prose(digits_page)
    assert digits_outcome.recommendation.verdict in text
    assert "Against single-task networks +7.1% 95% interval +4.7% to +9.5% Better" in text
    assert "Against one network for all tasks +4.3% 95% interval +1.4% to +7.2% Better" in text


def test_gains_of_a_users_trainer_are_in_its_own_units(digits_outcome: Outcome) -> None:
    document = digits_outcome.study.document()
    document["tasks"] = [{**task, "metric": "loss"} for task in document["tasks"]]
    text = prose(read(replace(digits_outcome, study=parse_study(document))))
    assert "in the score's own units" in text
    assert "Against single-task networks +0.071 95% interval +0.047 to +0.095" in text
    assert "test rows, after" not in text
    assert not re.search(r"[+−][\d.]+%", text)


def test_a_recommended_baseline_is_not_compared_with_itself(digits_outcome: Outcome) -> None:
    names = digits_outcome.study.task_names
    for networks in ((Network(names, names),), tuple(Network((name,), (name,)) for name in names)):
        grouping = replace(digits_outcome.recommendation, networks=networks)
        text = prose(read(replace(digits_outcome, recommendation=grouping)))
        assert text.count("This baseline is what is recommended.") == 1


def test_notes_stand_before_the_first_section(make_outcome: Callable[..., Outcome]) -> None:
    page = render_page(make_outcome(notes=["The search was cut short by its time limit."]))
    assert page.index("The search was cut short") < page.index("<section")


def test_noise_is_not_sold_as_a_gain(make_outcome: Callable[..., Outcome]) -> None:
    reader = read(make_outcome(effect=0.0))
    text = prose(reader)
    assert "Better, by more than chance" not in text
    assert "Not distinguishable from zero" in text
    assert "None was found at q < 0.05 among 102 tested combinations" in text
    assert "0 gain beyond noise" not in text


def test_an_unconfirmed_recommendation_says_so_first(make_outcome: Callable[..., Outcome]) -> None:
    outcome = make_outcome(confirmed=False)
    text = prose(read(outcome))
    assert "has not been confirmed by retraining with fresh seeds" in text
    assert "There are none: gains per task come from retraining" in text
    assert "Better" not in text
    versus = {"single_task": {"gain": 0.2, "low": 0.1, "high": 0.3}}
    provisional = replace(outcome, recommendation=replace(outcome.recommendation, versus=versus))
    assert "Provisional" in prose(read(provisional))


def test_negative_transfer_lists_every_row_with_its_evidence(
    digits_outcome: Outcome, digits_page: PageReader
) -> None:
    text = prose(digits_page)
    n_harmed, n_tested = len(digits_outcome.negative_transfer), len(digits_outcome.transfer)
    assert f"Found in {n_harmed} of {n_tested} tested combinations" in text
    for column in ("gain", "95% interval", "q-value", "seeds"):
        assert column in text
    rows = [tag for tag, _ in digits_page.tags if tag == "tr"]
    assert len(rows) >= n_harmed


def test_baselines_get_a_column_only_where_they_differ(make_outcome: Callable[..., Outcome]) -> None:
    outcome = make_outcome()
    harmed = outcome.negative_transfer.assign(baseline="single_task", floored=True)
    harmed.iloc[0, harmed.columns.get_loc("baseline")] = "all_in_one"
    text = prose(read(replace(outcome, negative_transfer=harmed)))
    assert "compared with" in text
    assert "† The task's single-task error is close to zero" in text
    assert "All are compared with single-task networks" in prose(read(outcome))


def test_failed_runs_are_shown_with_their_reason(make_outcome: Callable[..., Outcome]) -> None:
    text = prose(read(make_outcome(failed_runs=3)))
    assert "3 runs failed" in text
    assert "loss became non-finite at epoch 3" in text


@pytest.mark.parametrize("correlation", [None, float("nan")])
def test_reliability_is_not_judged_without_enough_subsets(
    digits_outcome: Outcome, correlation: float | None
) -> None:
    empty = digits_outcome.reliability.iloc[:0]
    outcome = replace(digits_outcome, rank_correlation=correlation, reliability=empty)
    assert "Too few larger subsets were measured" in prose(read(outcome))


def test_a_correlation_that_chance_explains_is_not_praised(digits_outcome: Outcome) -> None:
    few = digits_outcome.reliability.groupby("subset").head(1).iloc[:4]
    text = prose(read(replace(digits_outcome, rank_correlation=0.9, reliability=few)))
    assert "chance alone could produce that" in text
    assert "strong" not in text


def test_settings_and_study_stand_in_full(digits_outcome: Outcome, digits_page: PageReader) -> None:
    text = prose(digits_page)
    assert "versions: torch 2.13.0" in text
    assert "101, 102, 103, 104, 105" in text
    assert "source: sklearn:digits" in text
    for name in digits_outcome.study.task_names:
        assert f"name: {name}" in text


@pytest.mark.parametrize(
    "names", [DIGITS[:1], DIGITS[:2], HOSTILE, FORTY], ids=["one", "two", "hostile", "forty"]
)
def test_any_task_list_gives_a_sound_page_with_its_names(
    names: tuple[str, ...], make_outcome: Callable[..., Outcome]
) -> None:
    reader = read(make_outcome(names, notes=[f"Task {names[0]} is small."]))
    assert not [tag for tag, attributes in reader.tags if tag == "img" or "onerror" in attributes]
    text = prose(reader)
    assert all(re.sub(r"\s+", " ", name) in text for name in names)
    assert "alert(" not in re.sub(r"<script>alert\(1\)</script>|onerror=alert\(2\)", "", text)


def test_no_hostile_text_leaves_its_escapes(make_outcome: Callable[..., Outcome]) -> None:
    attack = "</script></style><script>alert(3)</script>"
    outcome = make_outcome(notes=[attack], failed_runs=1)
    runs = outcome.runs.assign(reason=outcome.runs["reason"].where(outcome.runs["reason"].isna(), attack))
    stages = outcome.stages.assign(stage=[attack, *outcome.stages["stage"][1:]])
    recommendation = replace(outcome.recommendation, verdict=attack)
    hostile = replace(
        outcome, runs=runs, stages=stages, recommendation=recommendation, settings={attack: {attack: attack}}
    )
    page = render_page(hostile)
    assert "<script>alert(3)" not in page
    assert html.escape(attack) in page


def test_an_empty_search_still_has_a_page(make_outcome: Callable[..., Outcome]) -> None:
    outcome = make_outcome(confirmed=False, unmeasured=1.0)
    nothing = pd.DataFrame
    hollow = replace(
        outcome,
        runs=outcome.runs.iloc[:0],
        transfer=outcome.transfer.iloc[:0],
        negative_transfer=outcome.transfer.iloc[:0],
        reliability=nothing(columns=outcome.reliability.columns),
        stages=nothing(columns=outcome.stages.columns),
        recommendation=replace(outcome.recommendation, networks=(), cost=0.0),
        settings={},
    )
    text = prose(read(hollow))
    for sentence in ("No networks are recommended", "Nothing has been tested", "Nothing has been trained"):
        assert sentence in text
