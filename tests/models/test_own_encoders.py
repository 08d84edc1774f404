"""Modules of the user's own: used as they are, or refused with the reason before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from taskgroup.errors import InputError
from taskgroup.models import Modules, make_encoder
from taskgroup.spec import ModelSpec

CODE = '''
import torch
from torch import nn


class Whole(nn.Module):
    """One block: features from table rows."""

    def __init__(self, input_shape, width=4):
        super().__init__()
        self.layer = nn.Linear(input_shape[0], width)

    def forward(self, x):
        return self.layer(x).tanh()


class Parts(Whole):
    """The same in two blocks."""

    def __init__(self, input_shape, width=4):
        super().__init__(input_shape, width)
        self.second = nn.Linear(width, 3)

    def blocks(self):
        return [nn.Sequential(self.layer, nn.Tanh()), self.second]

    def forward(self, x):
        first, second = self.blocks()
        return second(first(x))


class Words(nn.Module):
    def __init__(self, input_shape, n_tokens):
        super().__init__()
        self.vectors = nn.EmbeddingBag(n_tokens, 3, padding_idx=0)

    def forward(self, x):
        return self.vectors(x[:, 0].long())


class Square(nn.Module):
    def __init__(self, input_shape):
        super().__init__()

    def forward(self, x):
        return x.unsqueeze(2) * x.unsqueeze(1)


class DeepHead(nn.Sequential):
    def __init__(self, n_features, n_outputs):
        super().__init__(nn.Linear(n_features, 5), nn.ReLU(), nn.Linear(5, n_outputs))


class ShortHead(nn.Linear):
    def __init__(self, n_features, n_outputs):
        super().__init__(n_features, 1)


def number(input_shape):
    return 3
'''


@pytest.fixture(autouse=True)
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_encoders.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "own_encoders", raising=False)
    return tmp_path


def model(name: str, **settings: Any) -> ModelSpec:
    return ModelSpec(encoder=f"python:own_encoders:{name}", **settings)


def test_a_module_is_one_block_with_its_options():
    encoder = make_encoder(model("Whole", options={"width": 7}), (5,))
    assert encoder.n_features == 7
    (block,) = encoder.blocks(0)
    assert block(torch.zeros(3, 5)).shape == (3, 7)


def test_a_module_with_blocks_can_be_cut():
    encoder = make_encoder(model("Parts", blocks=2), (5,))
    first, second = encoder.blocks(0)
    assert second(first(torch.zeros(3, 5))).shape == (3, 3)
    assert len(make_encoder(model("Parts"), (5,)).blocks(0)) == 1


def test_the_start_depends_on_the_seed_alone():
    encoder = make_encoder(model("Whole"), (5,))
    one, same, other = (encoder.blocks(seed)[0].layer.weight for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_reader_of_texts_learns_how_many_tokens_there_are():
    assert make_encoder(model("Words"), (2, 7), n_tokens=9).n_features == 3


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("Hole", {}, "own_encoders has no class 'Hole'; did you mean 'Whole'"),
        ("Whole", {"options": {"depth": 2}}, "raised TypeError"),
        ("Whole", {"blocks": 2}, "'python:own_encoders:Whole' has no `blocks`"),
        ("Parts", {"blocks": 3}, "has 2 blocks; write 2"),
        ("Square", {}, "gives (2, 5, 5) for a batch of 2; return features"),
        ("Words", {"options": {"n_tokens": 3}}, "cannot take inputs of the shape (5,): "),
        ("number", {}, "makes a int; it must make a torch nn.Module"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(name, settings, words):
    with pytest.raises(InputError) as caught:
        make_encoder(model(name, **settings), (5,))
    assert words in str(caught.value)


@pytest.mark.parametrize("address", ["python:own_encoders", "python:nowhere:Class"])
def test_addresses_must_lead_somewhere(address):
    with pytest.raises(InputError, match=r"write python:module:Class|there is no module 'nowhere'"):
        make_encoder(ModelSpec(encoder=address), (5,))


class TestHeads:
    def test_they_are_built_for_each_task(self):
        modules = Modules(ModelSpec(head="python:own_encoders:DeepHead"), (5,), n_outputs=[1, 3])
        head = modules._make_head(0, "a", 6, 3)
        assert head(torch.zeros(2, 6)).shape == (2, 3)
        assert torch.equal(head[0].weight, modules._make_head(0, "a", 6, 3)[0].weight)
        assert not torch.equal(head[0].weight, modules._make_head(0, "b", 6, 3)[0].weight)

    def test_their_outputs_are_counted(self):
        with pytest.raises(InputError, match=r"model\.head gives \(2, 1\).*n_outputs=3"):
            Modules(ModelSpec(head="python:own_encoders:ShortHead"), (5,), n_outputs=[1, 3])


class TestPretrained:
    CNN = ModelSpec(encoder="cnn", widths=[4, 6])

    def saved(self, folder: Path, **changes: torch.Tensor | None) -> str:
        blocks = nn.ModuleList(make_encoder(self.CNN, (1, 8, 8)).blocks(5))
        state = {f"blocks.{name}": tensor for name, tensor in blocks.state_dict().items()}
        state = {name: t.contiguous() for name, t in {**state, **changes}.items() if t is not None}
        save_file(state, folder / "w.safetensors")
        return str(folder / "w.safetensors")

    def test_every_seed_starts_from_them(self, tmp_path):
        spec = self.CNN.model_copy(update={"weights": self.saved(tmp_path)})
        expected = make_encoder(self.CNN, (1, 8, 8)).blocks(5)
        for seed in (0, 1):
            for own, wanted in zip(make_encoder(spec, (1, 8, 8)).blocks(seed), expected, strict=True):
                assert torch.equal(own.convolution.weight, wanted.convolution.weight)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"blocks.0.norm.bias": None}, "lacks 'blocks.0.norm.bias'"),
            ({"head.weight": torch.zeros(1)}, "has unexpected 'head.weight'"),
            ({"blocks.0.norm.bias": torch.zeros(9)}, "'blocks.0.norm.bias' has the shape (9,)"),
        ],
    )
    def test_names_and_shapes_must_be_the_encoders(self, tmp_path, changes, words):
        spec = self.CNN.model_copy(update={"weights": self.saved(tmp_path, **changes)})
        with pytest.raises(InputError) as caught:
            make_encoder(spec, (1, 8, 8))
        assert words in str(caught.value)

    @pytest.mark.parametrize("content", [None, b"no tensors"])
    def test_the_file_must_be_there_and_readable(self, tmp_path, content):
        if content is not None:
            (tmp_path / "x").write_bytes(content)
        spec = self.CNN.model_copy(update={"weights": str(tmp_path / "x")})
        with pytest.raises(InputError, match=r"does not exist|cannot be read"):
            make_encoder(spec, (1, 8, 8))
