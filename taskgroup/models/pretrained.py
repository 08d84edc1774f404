"""Weights from a file, all of them and no others."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from taskgroup.errors import InputError

_SHOWN = 4


def load_weights(module: nn.Module, path: str, *, about: str) -> None:
    """Fill a module from a `.safetensors` file.

    Args:
        module: Whose state is replaced.
        path: The file; its names are those of the module's `state_dict`, `blocks.0. ...` for encoders that
            ship.
        about: What messages call the module.

    Raises:
        InputError: If the file cannot be read, or its names or shapes are not the module's.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not Path(path).is_file():
        raise InputError(f"model.weights '{path}' does not exist; check the path")
    try:
        given = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"model.weights '{path}' cannot be read ({error}); save it as .safetensors"
        ) from error
    own = module.state_dict()
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    if missing or unexpected:
        parts = [_listed("lacks", missing), _listed("has unexpected", unexpected)]
        raise InputError(
            f"model.weights '{path}' does not fit {about}: it {' and '.join(filter(None, parts))}; rename or "
            "save the tensors as the encoder's own state_dict"
        )
    for name, tensor in own.items():
        if tensor.shape != given[name].shape:
            raise InputError(
                f"model.weights '{path}': {name!r} has the shape {tuple(given[name].shape)}, but {about} "
                f"needs {tuple(tensor.shape)}; change model.widths or the file"
            )
    module.load_state_dict(given)


def _listed(verb: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{verb} {', '.join(map(repr, names[:_SHOWN]))}{more}"
