"""A trainer of the user's own, in place of the networks that are trained here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from taskgroup.spec.command import command_words, placeholders_of
from taskgroup.spec.duration import Seconds

_FUNCTION_START = "python:"


def _as_text(value: object) -> object:
    """Take a number as it is written, as in `OMP_NUM_THREADS: 1`; true and false must be quoted."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


VariableName = Annotated[str, Field(pattern=r"^[^=\x00]+$")]
VariableValue = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[^\x00]*$")]


class TrainerSpec(BaseModel):
    """How the user's own code trains one run: a command, or a Python function.

    Attributes:
        command: A program with placeholders (`PLACEHOLDERS`), run without a shell, that writes its scores
            as JSON to `{out}`: `{task: score}`, or `{"validation": {...}, "test": {...}}`; or
        function: `python:module:function`, from a request to `{task: score}`.
        timeout: How long a command may take before all its processes are ended; one hour by default.
        retries: How often a run that failed is tried again.
        environment: Variables for the command, besides those that taskgroup itself runs with. They are
            kept in the record with the study, so that secrets do not belong here.
        working_directory: Where the command runs and the function's module is looked for; the study file's
            folder by default, relative paths start there, and the current folder without a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Annotated[str, Field(min_length=1)] | None = None
    function: str | None = None
    timeout: Seconds = 3600.0
    retries: Annotated[int, Field(ge=0, le=100)] = 1
    environment: dict[VariableName, VariableValue] = {}
    working_directory: str | None = None

    @field_validator("command")
    @classmethod
    def _command_is_sound(cls, command: str | None) -> str | None:
        if command is not None:
            command_words(command)
        return command

    @field_validator("function")
    @classmethod
    def _function_is_named(cls, function: str | None) -> str | None:
        if function is not None:
            start, _, address = function.partition(":")
            if f"{start}:" != _FUNCTION_START or not all(address.partition(":")):
                raise ValueError("a function is written python:module:function")
        return function

    @model_validator(mode="after")
    def _one_of_both(self) -> TrainerSpec:
        if (self.command is None) == (self.function is None):
            raise ValueError("give either command or function")
        if self.function is not None and {"timeout", "environment"} & self._set_by_hand():
            raise ValueError("timeout and environment are for a command; a function runs in this process")
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """The command's words, placeholders in place; none for a function."""
        return command_words(self.command) if self.command is not None else ()

    @property
    def address(self) -> str:
        """The function's `module:function`; empty for a command."""
        return (self.function or "").removeprefix(_FUNCTION_START)

    @property
    def placeholders(self) -> set[str]:
        """What the command asks to be told."""
        return placeholders_of(self.words)

    def deciding(self) -> dict[str, Any]:
        """What decides the result of a run, as plain JSON values: all but how often it is tried."""
        return self.model_dump(mode="json", exclude={"retries"})

    def _set_by_hand(self) -> set[str]:
        """The settings that differ from their defaults; a stored study names them all."""
        return {
            name
            for name, field in type(self).model_fields.items()
            if getattr(self, name) != field.get_default(call_default_factory=True)
        }
