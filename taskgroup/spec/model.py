"""The encoder and the heads of a study's networks, by name and size."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from taskgroup.errors import nearest
from taskgroup.spec.encoders import ENCODERS, OWN_CODE
from taskgroup.spec.inputs import InputKind

_ADDED: dict[str, Any] = {"options": {}, "blocks": None, "weights": None, "frozen": False, "head": None}
"""Keys that are younger than the first records, which must not change by them: left out at their default."""

InputShape = int | tuple[int, ...]
"""Input features, or (channels, height, width) of an image, or (2, tokens) of a text."""

Width = Annotated[int, Field(ge=1, le=65536)]


class ModelSpec(BaseModel):
    """The encoder, an ordered list of blocks, and the heads.

    Attributes:
        encoder: `mlp` (one linear layer with ReLU for each width), `cnn`, `bag`, `embedding_bag`, `lstm`, or
            the user's own module as `python:module:Class`.
        widths: One block for each, its channels, units or embedding size.
        options: Further settings of the encoder; keyword arguments of a class of the user's.
        blocks: How many blocks a class of the user's can be shared at; 1 by default, the whole of it.
        weights: A `.safetensors` file that the encoder starts from, at every seed.
        frozen: Whether the encoder keeps its first weights, and only heads are trained.
        head: The user's own head as `python:module:Class`; linear by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: Annotated[str, Field(min_length=1)] = "mlp"
    widths: Annotated[list[Width], Field(min_length=1, max_length=100)] = [64, 64]
    options: dict[str, Any] = {}
    blocks: Annotated[int, Field(ge=1, le=1000)] | None = None
    weights: Annotated[str, Field(min_length=1)] | None = None
    frozen: bool = False
    head: str | None = None

    @field_validator("encoder")
    @classmethod
    def _encoder_is_known(cls, encoder: str) -> str:
        if encoder not in ENCODERS and not encoder.startswith(OWN_CODE):
            raise ValueError(nearest(encoder, [*ENCODERS, f"{OWN_CODE}module:Class"]))
        return encoder

    @field_validator("head")
    @classmethod
    def _head_is_code(cls, head: str | None) -> str | None:
        if head is not None and not head.startswith(OWN_CODE):
            raise ValueError(f"name a class as {OWN_CODE}module:Class, or leave it out for a linear head")
        return head

    @model_validator(mode="after")
    def _settings_suit_the_encoder(self) -> ModelSpec:
        if self.is_own_code:
            if "widths" in self.model_fields_set:
                raise ValueError(f"widths are not used by {self.encoder!r}; pass sizes by model.options")
            return self
        ENCODERS[self.encoder].check_options(self.encoder, self.options)
        if self.blocks is not None:
            raise ValueError(f"blocks is for {OWN_CODE} encoders; {self.encoder!r} has one for each width")
        if self.weights is not None and ENCODERS[self.encoder].reads == ("text",):
            raise ValueError(
                f"weights cannot be given for {self.encoder!r}, whose vocabulary is another at every seed; "
                "use an encoder of your own"
            )
        return self

    @property
    def is_own_code(self) -> bool:
        """Whether the encoder is a class of the user's."""
        return self.encoder.startswith(OWN_CODE)

    @property
    def n_blocks(self) -> int:
        """The number of encoder blocks, the largest sharing depth."""
        return self.blocks or 1 if self.is_own_code else len(self.widths)

    @property
    def is_plain_mlp(self) -> bool:
        """Whether networks are linear layers alone, which train stacked in closed form."""
        return self.encoder == "mlp" and not (self.weights or self.frozen or self.head)

    def check_reads(self, kind: InputKind) -> None:
        """Refuse inputs that the encoder cannot read.

        Raises:
            ValueError: If it cannot; the message names those that can.
        """
        if self.is_own_code or kind in ENCODERS[self.encoder].reads:
            return
        fitting = [name for name, known in ENCODERS.items() if kind in known.reads]
        wanted = " or ".join(f"a {one}" if one == "table" else f"data.{one}" for one in self._reads)
        raise ValueError(
            f"model.encoder {self.encoder!r} reads {wanted}, but the data are {_called(kind)}; use "
            f"{', '.join(fitting)} or {OWN_CODE}module:Class"
        )

    @property
    def _reads(self) -> tuple[InputKind, ...]:
        return ENCODERS[self.encoder].reads

    @model_serializer(mode="wrap")
    def _without_younger_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document = handler(self)
        if self.is_own_code:
            document.pop("widths", None)
        return {k: v for k, v in document.items() if k not in _ADDED or v != _ADDED[k]}


def _called(kind: InputKind) -> str:
    return {"table": "a table", "image": "images (data.image)", "text": "texts (data.text)"}[kind]


def block_products(model: ModelSpec, n_inputs: InputShape) -> list[float]:
    """Multiply-adds of one row in each block; blocks of the user's own count as one each.

    Args:
        model: The encoder and its widths.
        n_inputs: Input features, or the shape of an image or text.
    """
    if model.is_own_code:
        return [1.0] * model.n_blocks
    shape = (n_inputs,) if isinstance(n_inputs, int) else n_inputs
    return ENCODERS[model.encoder].block_products(shape, model.widths)
