"""What a head reads of a block in the midst of an encoder: one vector an input."""

from __future__ import annotations

from torch import Tensor

_IMAGE, _SEQUENCE, _FEATURES = 4, 3, 2


def block_features(x: Tensor) -> Tensor:
    """Bring a block's output to one vector an input, [B, F].

    Args:
        x: [B, F]; or channels at places of an image, [B, F, H, W], whose mean over places is taken; or a
            vector for each token, [B, L, F], whose mean is taken over those that are not zero throughout.

    Raises:
        ValueError: If it is of another shape.
    """
    if x.ndim == _FEATURES:
        return x
    if x.ndim == _IMAGE:
        return x.mean(dim=(2, 3))
    if x.ndim == _SEQUENCE:
        present = (x != 0).any(dim=2, keepdim=True).sum(dim=1).clamp(min=1)
        return x.sum(dim=1) / present
    raise ValueError(f"the shape {tuple(x.shape)} is neither [B, F], [B, L, F] nor [B, F, H, W]")
