"""The `taskgroup` command: finds the subcommand, runs it, turns errors into exit codes.

Subcommands are imported when they are used, so that `--help` does not pay for torch, pandas or plotly.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from taskgroup.cli.options import BAD_INPUT, FAILED, INTERRUPTED
from taskgroup.errors import InputError, MissingExtraError, NotFoundError, TaskgroupError

_COMMANDS = {
    "init": "Draft a study file from a table.",
    "check": "Check a study file and its data without training anything.",
    "search": "Find out which tasks should train together.",
    "status": "Show how far a search has come.",
    "affinity": "Print who helps whom as a table.",
    "group": "Solve the grouping for a table of results measured elsewhere.",
    "replay": "Replay a strategy on a table of measured groupings.",
    "report": "Write the HTML report, the tables and the pictures.",
    "export": "Write the recommended groups to a file.",
    "list": "List the studies in a storage.",
}


class _LazyGroup(click.Group):
    """Lists commands from the table above and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"taskgroup.cli.{'list_' if cmd_name == 'list' else cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            from taskgroup.errors import nearest

            raise click.UsageError(f"no command {args[0]!r}; {nearest(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="taskgroup")
def cli() -> None:
    """Find out which tasks of a multi-task model should share a network.

    A study file lists the tasks; `taskgroup search STUDY.yaml` trains many short runs and recommends groups.
    STUDY is a study file or the name of a study in the storage.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 bad input, 3 some runs failed, 130 interrupted."""
    try:
        result = cli.main(args=arguments, prog_name="taskgroup", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        code = BAD_INPUT
    except (InputError, MissingExtraError, NotFoundError) as error:
        code = _complain(error, BAD_INPUT)
    except (TaskgroupError, MemoryError) as error:
        code = _complain(error, FAILED)
    except (KeyboardInterrupt, click.exceptions.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of stdout has gone; nothing is left to tell it
        code = FAILED
    except OSError as error:  # stdout's disk is full, or a folder went away
        code = _complain(error, FAILED)
    sys.exit(code)


def _complain(error: BaseException, code: int) -> int:
    click.echo(f"error: {error}", err=True)
    return code
