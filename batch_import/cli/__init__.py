"""The command line: parses arguments, prints messages and progress, and sets the exit code.

No other package prints or exits, except for the progress bar of `library.py`. This package decides
nothing about rows or requests. A command imports what it needs when it runs, so that `--help`,
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

#: Environment variable that a shell sets to request completions. It is a copy of
#: `completion.VARIABLE`, because that module is only imported if the variable is set.
_COMPLETE: Final = "_BATCH_IMPORT_COMPLETE"


def entry_point() -> NoReturn:
    """Run the command `batch-import`, and exit with its exit code."""
    # The program creates millions of objects without reference cycles. With the default threshold,
    # the garbage collector would take a tenth of the time of `check`, and find nothing.
    gc.set_threshold(100_000)
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, without the program's name; None means those of the process.

    Returns:
        The exit code. 0: every row that the run should import is imported. 1: it finished or was
        stopped by --until, but rows are not imported. 2: wrong usage, or an unreadable manifest or
        job database. 3: the platform refuses requests or cannot be reached. 130: interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # Replace characters that the console cannot show, instead of raising an error.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    if sys.platform == "win32":
        import colorama

        # Old consoles print colour codes as text unless they are switched to interpret them.
        colorama.just_fix_windows_console()
    instruction = os.environ.get(_COMPLETE)
    if instruction:
        from batch_import.cli.completion import complete

        return complete(instruction)
    application, arguments = make_application(), list(sys.argv[1:] if argv is None else argv)
    try:
        with application.make_context("batch-import", arguments) as ctx:
            return int(application.invoke(ctx))
    except click.exceptions.Exit as end:
        return end.exit_code
    except (RunFault, click.ClickException, MemoryError, RuntimeError) as error:
        from batch_import.cli import faults

        return faults.show(faults.explained(error), application.option_sources)
    except BrokenPipeError:
        # The program that reads the output has exited (`| head`). Without this, Python would print
        # an error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return Interrupted.exit_code
