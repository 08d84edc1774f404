"""Texts as rows: the vocabulary must come from the training rows, and every wrong column be named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from taskgroup.data import Split, dataset_from_table, load_dataset, prepare
from taskgroup.data.vocabulary import tokenise
from taskgroup.errors import InputError

TEXTS = [
    "The cat sat.",
    "the dog sat, the cat ran",
    "A bird; a bird! A bird?",
    "",
    "dog dog cat",
    "the unseen words stand here, with the cat",
    *(f"the filler number{i} dog" for i in range(6)),
]
N = len(TEXTS)
LABELS = {"y": np.arange(N) % 2, "z": np.arange(N, dtype=float)}
TRAIN = np.array([0, 1, 2, 3, 4])
SPLIT = Split(TRAIN, np.array([5, 6]), np.arange(7, N))


@pytest.fixture
def text_study(study_of):
    def make(**text: Any):
        return study_of(
            data={"text": {"column": "text", **text}}, model={"encoder": "bag"}, y="binary", z="regression"
        )

    return make


def read(study, texts=TEXTS):
    dataset = dataset_from_table({"text": texts, **LABELS}, study)
    return dataset, prepare(dataset, SPLIT).features.reshape(N, 2, -1)


def test_the_vocabulary_is_that_of_the_training_rows(text_study):
    """Words that only later rows have are one unknown token: their meaning cannot have been learned."""
    _, seen = read(text_study(min_count=1))
    numbers = seen[:, 0].astype(int)
    known = sorted({token for i in TRAIN for token in tokenise(TEXTS[i])})
    expected = [[known.index(t) + 2 if t in known else 1 for t in tokenise(text)] for text in TEXTS]
    assert [[n for n in row if n] for row in numbers.tolist()] == expected


def test_weights_are_scikit_learns_tf_idf(text_study):
    """The oracle for the bag of words, over the same vocabulary and training rows."""
    dataset, seen = read(text_study(min_count=2))
    vectorizer = TfidfVectorizer(tokenizer=tokenise, token_pattern=None, lowercase=False, min_df=2)
    vectorizer.fit([TEXTS[i] for i in TRAIN])
    expected = vectorizer.transform(TEXTS).toarray()
    bag = np.zeros((N, dataset.n_tokens))
    for row, (numbers, weights) in enumerate(seen):
        np.add.at(bag[row], numbers.astype(int), weights)
    np.testing.assert_allclose(bag[:, 2 : 2 + expected.shape[1]], expected, atol=1e-6)
    assert (bag[:, :2] == 0).all()


def test_limits_on_length_count_and_size(text_study):
    dataset, seen = read(text_study(max_tokens=3, min_count=1, max_vocabulary=2))
    assert dataset.input_shape == (2, 3)
    assert dataset.n_tokens == 4
    assert set(np.unique(seen[:, 0])) == {0, 1, 2, 3}


def test_equal_texts_stay_in_one_part(text_study):
    """A copy of a training text in the test rows would reward memory."""
    dataset, _ = read(text_study(), texts=[*TEXTS[:-1], "THE CAT, sat"])
    assert dataset.repeats.group[0] == dataset.repeats.group[-1]
    assert "same features" in dataset.warnings[0]


def test_the_fingerprint_tells_words_apart(text_study):
    one, _ = read(text_study())
    other, _ = read(text_study(), texts=[text.replace("cat", "cow") for text in TEXTS])
    assert one.fingerprint != other.fingerprint


def test_settings_of_the_vocabulary_are_in_the_context(text_study):
    """Runs with another vocabulary are other runs, though the data are the same."""
    assert text_study().context("data") != text_study(min_count=3).context("data")


def test_the_generated_set_says_what_it_is(study_of):
    """Nobody labelled it: the source's name must say so."""
    study = study_of(
        "generated:sentiment_topic",
        data={"text": {"column": "text"}},
        model={"encoder": "lstm"},
        sentiment="binary",
        topic="multiclass",
    )
    dataset = load_dataset(study)
    assert dataset.n_rows == 1500
    assert dataset.fingerprint == load_dataset(study).fingerprint
    with pytest.raises(InputError, match=r"'generated:sentiment' is unknown; did you mean 'sentiment_topic'"):
        load_dataset(study_of("generated:sentiment", sentiment="binary"))


@pytest.mark.parametrize(
    ("texts", "settings", "words"),
    [
        (TEXTS, {"column": "texts"}, "data.text.column 'texts' is no column"),
        (np.arange(N), {}, "holds int64 values"),
        ([None, *TEXTS[1:]], {}, "is missing in 1 of 12 rows, first in row 1"),
        (np.array([b"x", *TEXTS[1:]], dtype=object), {}, "holds a bytes in row 1"),
        (["...", "!"] * 6, {}, "no word that stands in 2 texts"),
        (TEXTS, {"column": "y"}, "data.text.column 'y' is also the target"),
    ],
)
def test_bad_texts_are_refused_with_their_place(text_study, texts, settings, words):
    with pytest.raises(InputError) as caught:
        dataset_from_table({"text": texts, **LABELS}, text_study(**settings))
    assert words in str(caught.value)


def test_a_vocabulary_that_is_empty_at_a_seed_is_refused(text_study):
    dataset, _ = read(text_study())
    lonely = Split(np.array([2, 3]), SPLIT.validation, SPLIT.test)
    with pytest.raises(InputError, match=r"data\.text\.min_count is 2.*2 training texts"):
        prepare(dataset, lonely)
