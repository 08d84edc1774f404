"""The networks to train: a picture of who goes where, and a card with each one's settings."""

from __future__ import annotations

from taskgroup.grouping import Grouping, Network
from taskgroup.reporting.figures import group_figure
from taskgroup.reporting.figures.groups import group_widths
from taskgroup.reporting.page.markup import (
    Html,
    definitions,
    element,
    paragraph,
    picture,
    section,
    text,
    unordered,
)
from taskgroup.reporting.tables import group_table
from taskgroup.reporting.words import count, phrase
from taskgroup.search import Outcome, help_in_words, sharing_in_words
from taskgroup.spec import Method, Study, sampling_in_words, sampling_text


def networks(outcome: Outcome) -> Html:
    """Which networks to train, and which tasks each serves."""
    grouping = outcome.recommendation
    table = group_table(grouping)
    if table.empty:
        return section("The networks to train", paragraph("No networks are recommended."), key="networks")
    least, greatest = group_widths(table)
    says = (
        "Each column is a network, each row a task; a filled square marks the network that serves the task."
    )
    drawing = picture(
        group_figure(table), key="groups", says=says, least_width=least, greatest_width=greatest
    )
    cards = [
        _card(number, network, outcome.study) for number, network in enumerate(grouping.networks, start=1)
    ]
    intro = "Each column is a network to train. Every task is served by exactly one of them."
    return section(
        "The networks to train",
        paragraph(
            intro,
            _ride_along(everyone_served=bool(table["served"].all())),
            _certainty(grouping, auxiliaries=bool(outcome.study.auxiliary_names)),
        ),
        drawing,
        element("div", *cards, class_="cards"),
        key="networks",
    )


def _ride_along(*, everyone_served: bool) -> str:
    if everyone_served:
        return ""
    return (
        "A task that only rides along trains there because it helps the others; it is served elsewhere, an "
        "auxiliary task nowhere."
    )


def _certainty(grouping: Grouping, *, auxiliaries: bool) -> str:
    if grouping.optimal:
        return (
            "By the gains that the search expected of the networks it trained, no better assignment exists; "
            "the solver proved it."
        )
    if grouping.bound is None:
        return ""
    if grouping.confirmed:
        why = "the fresh seeds"
        if auxiliaries:
            why = "the fresh seeds, or leaving out auxiliary tasks that did not earn their place,"
        return f"The search's first estimates favoured another choice; {why} decided for this one."
    return (
        f"The solver stopped before it could prove that this is the best assignment: its total is "
        f"{grouping.select_total:.4g}, and no assignment can be better than {grouping.bound:.4g}."
    )


def _card(number: int, network: Network, study: Study) -> Html:
    riding = [task for task in network.subset if task not in network.serves]
    content = [element("h3", text(f"Network {number}")), unordered(network.serves, class_="chips served")]
    if riding:
        content += [
            element("p", text("rides along"), class_="small"),
            unordered(riding, class_="chips riding"),
        ]
    return element("div", *content, definitions(_settings(network, study)), class_="card")


def _settings(network: Network, study: Study) -> list[tuple[str, str]]:
    n_blocks = study.model.n_blocks if study.trainer is None else None
    together = len(network.subset) > 1
    settings = [("serving cost", f"{network.cost:.4g}"), ("sharing", _sharing(network, n_blocks))]
    settings += [("loss weighting", _weighting(network))] * together
    settings += [(phrase(name), _value(name, value)) for name, value in network.hyperparameters.items()]
    if together and len(study.samplings) > 1 and "sampling" not in network.hyperparameters:
        settings.append(("sampling", sampling_in_words(sampling_text(study.training.sampling))))
    return [(term, value) for term, value in settings if value]


def _weighting(network: Network) -> str:
    """With the weights of the network's own tasks."""
    if network.weighting is None:
        return ""
    method = Method.parse(network.weighting)
    own = network.settings.get("weighting", {})
    shown = {name: own.get(name, value) for name, value in method.settings.items()}
    return Method(method.name, shown).in_words


def _value(name: str, value: float | str) -> str:
    return help_in_words(name, value) if isinstance(value, str) else f"{value:.4g}"


def _sharing(network: Network, n_blocks: int | None) -> str:
    sharing = network.sharing
    if len(network.subset) == 1:
        return "none: trained alone"
    if sharing is None:
        return ""
    if not sharing.is_hard or n_blocks is None:
        return sharing_in_words(sharing)
    if sharing.depth == 0:
        return "none: each task has its own encoder"
    if sharing.depth >= n_blocks:
        return "the whole encoder; each task has its own head"
    first = "first block" if sharing.depth == 1 else f"first {count(sharing.depth, 'block')}"
    return f"the {first} of the encoder's {n_blocks}"
