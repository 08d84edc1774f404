"""A generated text set with two targets: what each text is about, and whether it is friendly.

No person wrote or labelled these sentences. They are drawn from short word lists, so that what a model can
learn is known: the topic shows in single words, while the sentiment also depends on word order, since `not`
turns the judgement that follows it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskgroup.data.table import Table, table_from_arrays
from taskgroup.seeds import derive_seed

N_ROWS = 1500
_NEGATED = 0.35
_MISLABELLED = 0.05
_ON_TOPIC = 0.8

TOPICS = {
    "film": ("actor", "scene", "plot", "director", "camera", "script", "cast", "sequel"),
    "food": ("soup", "bread", "menu", "sauce", "dessert", "kitchen", "waiter", "salad"),
    "travel": ("hotel", "flight", "train", "museum", "beach", "luggage", "guide", "ticket"),
    "sport": ("match", "coach", "goal", "league", "stadium", "striker", "medal", "referee"),
}
_EVERYTHING = tuple(thing for things in TOPICS.values() for thing in things)
GOOD = ("great", "lovely", "brilliant", "pleasant", "charming", "superb", "bright", "clever")
BAD = ("awful", "dull", "terrible", "boring", "clumsy", "dreadful", "stale", "rude")
_BETWEEN = ("the", "a", "this", "that", "then", "again", "really", "quite", "after", "before")


def sentiment_topic_table() -> Table:
    """1,500 texts of up to 18 words: `text`, `sentiment` (0 or 1, wrong in 5% of rows), `topic` (4 names)."""
    rng = np.random.default_rng(derive_seed(0, "sentiment_topic"))
    topics, positive = rng.integers(len(TOPICS), size=N_ROWS), rng.integers(2, size=N_ROWS)
    names = list(TOPICS)
    texts = [_text(TOPICS[names[t]], bool(p), rng) for t, p in zip(topics, positive, strict=True)]
    sentiment = positive ^ (rng.random(N_ROWS) < _MISLABELLED)
    labels = {"sentiment": sentiment.astype(np.int64), "topic": np.array(names, dtype=object)[topics]}
    return table_from_arrays(
        "generated:sentiment_topic",
        {"text": np.array(texts, dtype=object), **labels},
        label_columns=labels,
    )


def _text(things: Sequence[str], positive: bool, rng: np.random.Generator) -> str:
    """One to three clauses of one opinion, most of them about things of the topic."""
    n_clauses = rng.integers(1, 4)
    about = [things if rng.random() < _ON_TOPIC else _EVERYTHING for _ in range(n_clauses)]
    return ", ".join(_clause(choice, positive, rng) for choice in about)


def _clause(things: Sequence[str], positive: bool, rng: np.random.Generator) -> str:
    negated = rng.random() < _NEGATED
    judgement = str(rng.choice(GOOD if positive != negated else BAD))
    opening = [str(word) for word in rng.choice(_BETWEEN, size=rng.integers(1, 3))]
    middle = ["was", "not"] if negated else ["was"]
    return " ".join([*opening, str(rng.choice(things)), *middle, judgement])
