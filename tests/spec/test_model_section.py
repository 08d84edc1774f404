"""The model and input sections of a study file: wrong settings named, old studies unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from taskgroup.errors import InputError
from taskgroup.spec import ModelSpec, Study, block_products, capacity_of_cost, parse_study, read_study

IMAGE = {"source": "x.npz", "image": {"column": "a"}}
TEXT = {"source": "x.csv", "text": {"column": "t"}}


def study(model: dict[str, Any], data: dict[str, Any] | None = None, **sections: Any) -> Study:
    tasks = [{"name": "a", "kind": "binary"}, {"name": "b", "kind": "binary"}]
    return parse_study(
        {"name": "s", "data": data or {"source": "x.csv"}, "tasks": tasks, "model": model, **sections}
    )


def test_studies_of_an_mlp_keep_their_context():
    """A new key that entered the hash would orphan every run that users have recorded."""
    plain = study({"encoder": "mlp", "widths": [64, 64]})
    assert plain.document()["model"] == {"encoder": "mlp", "widths": [64, 64]}
    assert not {"image", "text"} & set(plain.document()["data"])
    assert plain.context("data") == "dfa44bd20e92d7774e36107612f9696b"


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        ({"encoder": "cn"}, None, "'model.encoder' is 'cn': did you mean 'cnn'? Known: mlp, cnn"),
        ({"encoder": "cnn"}, None, "'cnn' reads data.image, but the data are a table; use mlp or"),
        ({"encoder": "lstm"}, IMAGE, "'lstm' reads data.text, but the data are images"),
        ({"encoder": "mlp"}, TEXT, "use bag, embedding_bag, lstm or python:module:Class"),
        ({"encoder": "mlp", "options": {"pool": "max"}}, None, "option 'pool' of encoder 'mlp'; it has none"),
        ({"encoder": "lstm", "options": {"pol": 1}}, TEXT, "'pol' of encoder 'lstm'; did you mean 'pool'"),
        ({"encoder": "lstm", "options": {"pool": "sum"}}, TEXT, "'lstm' is 'sum'; use one of mean"),
        ({"encoder": "mlp", "blocks": 2}, None, "blocks is for python: encoders"),
        ({"encoder": "python:m:C", "widths": [4]}, None, "pass sizes by model.options"),
        ({"encoder": "bag", "weights": "w.safetensors"}, TEXT, "vocabulary is another at every seed"),
        ({"head": "linear"}, None, "'model.head' is 'linear': name a class as python:module:Class"),
        ({}, {**IMAGE, **TEXT}, "data.image or data.text, not both"),
        ({"encoder": "cnn"}, {**IMAGE, "features": ["x"]}, "data.features cannot stand beside data.image"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(model, data, words):
    with pytest.raises(InputError) as caught:
        study(model, data)
    assert words in str(caught.value)


def test_own_encoders_have_no_narrower_twin():
    with pytest.raises(InputError, match="'matched' needs narrower networks"):
        study({"encoder": "python:m:C"}, search={"baseline": "matched"})


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ({"encoder": "cnn", "widths": [8]}, IMAGE),
        ({"encoder": "lstm", "options": {"pool": "last"}}, TEXT),
        ({"encoder": "python:m:C", "options": {"n": 3}, "blocks": 4, "frozen": True}, None),
    ],
)
def test_documents_read_back_equal(model, data):
    """The record gives back the study that was searched."""
    first = study(model, data)
    assert parse_study(first.document()) == first


def test_depths_go_up_to_the_declared_blocks():
    assert study({"encoder": "python:m:C", "blocks": 3}).depths == (3,)
    with pytest.raises(InputError, match=r"exceeds the 1 encoder blocks of model\.blocks"):
        study({"encoder": "python:m:C"}, search={"sharing": {"depth": [2]}})


def test_weights_count_by_content(tmp_path):
    """A file that moves keeps its runs; one that changes does not."""
    for name, content in {"a": b"1", "b": b"1", "c": b"2"}.items():
        (tmp_path / name).write_bytes(content)
    contexts = [study({"weights": str(tmp_path / name)}).context("data") for name in "abc"]
    assert contexts[0] == contexts[1] != contexts[2]
    with pytest.raises(InputError, match="cannot be read"):
        study({"weights": str(tmp_path / "d")}).context("data")


def test_weights_are_found_beside_the_study(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "name: s\ndata: {source: x.csv}\ntasks: [{name: a, kind: binary}]\nmodel: {weights: w.safetensors}\n"
    )
    assert read_study(tmp_path / "s.yaml").model.weights == str(tmp_path / "w.safetensors")


def test_costs_of_blocks():
    """Serving costs are what the arithmetic of each block is; derived by hand."""
    cnn = ModelSpec(encoder="cnn", widths=[4, 8])
    assert block_products(cnn, (3, 8, 6)) == [9 * 3 * 4 * 48, 9 * 4 * 8 * 12]
    lstm = ModelSpec(encoder="lstm", widths=[4, 8])
    assert block_products(lstm, (2, 10)) == [40, 4 * 10 * 8 * 12]
    assert block_products(ModelSpec(encoder="bag", widths=[4, 8]), (2, 10)) == [40, 32]
    assert block_products(ModelSpec(encoder="python:m:C", blocks=2), (7,)) == [1, 1]
    assert capacity_of_cost(cnn, (3, 8, 6), cost=1.0) == 1.0
    assert capacity_of_cost(cnn, (3, 8, 6), cost=0.3) == 0.375  # (4, 8) channels become (2, 3)
