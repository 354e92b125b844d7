"""The `batch-import` command: flags in; messages, progress bars and exit codes out.

Nothing outside of this package prints (but for the bar of `library.py`) or exits. It decides
nothing about rows or calls. What a command needs is imported when it runs, so that `--help`,
`--version` and `status` start fast.
"""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from batch_import.cli.application import make_application
from batch_import.cli.exits import OK
from batch_import.errors import Interrupted, RunFault

#: Set by a shell that asks what completes a line.
_COMPLETE: Final = "_BATCH_IMPORT_COMPLETE"


def entry_point() -> NoReturn:
    """The `batch-import` command."""
    # Rows come and go by the million and hold no cycles; to look for some costs a tenth of a check.
    gc.set_threshold(100_000)
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    0 every row that the run was to import is imported; 1 finished, or stopped as asked, but rows
    are not; 2 wrong usage, or a manifest or state that cannot be used; 3 the platform refuses or
    cannot be reached; 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks a character shows another one, rather than a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    if sys.platform == "win32":
        import colorama

        # Old consoles take colours for text until they are told.
        colorama.just_fix_windows_console()
    if instruction := os.environ.get(_COMPLETE):
        from batch_import.cli.completion import complete

        return complete(instruction)
    whole, arguments = make_application(), list(sys.argv[1:] if argv is None else argv)
    try:
        with whole.make_context("batch-import", arguments) as ctx:
            return int(whole.invoke(ctx))
    except click.exceptions.Exit as end:
        return end.exit_code
    except (RunFault, click.ClickException, MemoryError, RuntimeError) as error:
        from batch_import.cli import faults

        return faults.show(faults.explained(error), whole.places)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python must not complain of it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (KeyboardInterrupt, click.Abort):
        return Interrupted.exit_code
