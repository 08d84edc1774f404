"""What a row of data is where it is no list of numbers: an image or a text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

InputKind = Literal["table", "image", "text"]
Side = Annotated[int, Field(ge=1, le=4096)]


class ImageSpec(BaseModel):
    """Each row is an image; no other column is read beside it.

    Attributes:
        column: Holds the images: encoded bytes, names of files, or arrays. Without it the feature columns
            are the pixels of a grey image, row by row, and `size` says how many of each.
        size: Height and width that all images are brought to; as they are by default.
        mode: `L` (grey) or `RGB`; as the first image is by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: Annotated[str, Field(min_length=1)] | None = None
    size: Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    mode: Literal["L", "RGB"] | None = None


class TextSpec(BaseModel):
    """Each row is a text; no other column is read beside it.

    The vocabulary is that of the training rows, drawn anew at every seed.

    Attributes:
        column: Holds the texts.
        max_tokens: Tokens read of each text, from its beginning.
        min_count: Training texts that a token must stand in; rarer ones are one unknown token.
        max_vocabulary: Different tokens at most, those of the most training texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: Annotated[str, Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    min_count: Annotated[int, Field(ge=1)] = 2
    max_vocabulary: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
