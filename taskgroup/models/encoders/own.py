"""Encoders and heads of the user's own: any class that makes an `nn.Module`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from taskgroup.errors import InputError
from taskgroup.models.encoder import seeded_torch
from taskgroup.spec import OWN_CODE
from taskgroup.user_code import describe, find_callable


def own_module(
    address: str, input_shape: tuple[int, ...], *, n_tokens: int, options: Mapping[str, Any]
) -> Callable[[int], nn.Module]:
    """Build an encoder as `Class(input_shape, **options)`.

    `input_shape` is that of one input, without the batch: (features,), (channels, height, width), or (2,
    tokens) for texts: token numbers (0 after the end, 1 unknown) above their tf-idf weights. For texts the
    class also gets `n_tokens`. A module without `blocks` returns features [B, F]. One with `blocks`, a list
    or a method that returns one, can be shared at any depth; each block takes what the one before returns.

    Args:
        address: `python:module:Class`.
        input_shape: Of one input.
        n_tokens: Different tokens, where inputs are texts.
        options: Keyword arguments.

    Raises:
        InputError: If the class cannot be found or called, or makes something else.
    """
    place = f"model.encoder '{address}'"
    make = find_callable(address.removeprefix(OWN_CODE), place=place)
    keywords = {**({"n_tokens": n_tokens} if n_tokens else {}), **options}
    return lambda seed: _made(make, input_shape, keywords, place=place)


def own_head(address: str) -> Callable[[int, str, int, int], nn.Module]:
    """Build heads as `Class(n_features, n_outputs)`; the module maps [B, n_features] to [B, n_outputs].

    Returns:
        A function of seed, task, features and outputs.

    Raises:
        InputError: If the class cannot be found; on use, if it cannot be called or makes something else.
    """
    place = f"model.head '{address}'"
    make = find_callable(address.removeprefix(OWN_CODE), place=place)

    def head(seed: int, task: str, n_features: int, n_outputs: int) -> nn.Module:
        with seeded_torch(seed, "head", task):
            return _made(make, n_features, {"n_outputs": n_outputs}, place=place)

    return head


def _made(
    make: Callable[..., object], first: object, keywords: Mapping[str, Any], *, place: str
) -> nn.Module:
    try:
        module = make(first, **keywords)
    except Exception as error:
        given = "".join(f", {name}={value!r:.40}" for name, value in keywords.items())
        raise InputError(f"{place}, called with ({first!r}{given}), raised {describe(error)}") from error
    if not isinstance(module, nn.Module):
        raise InputError(f"{place} makes a {type(module).__name__}; it must make a torch nn.Module")
    return module
