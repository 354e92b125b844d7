"""The `batch-import` command: flags in; words, progress bars and exit codes out.

Nothing outside of this room prints (but for the bar of `library.py`) or exits. It decides nothing
about rows or calls. What a command needs is imported when it runs, so that `--help`, `--version`
and `status` start fast.
"""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from batch_import.cli.exits import OK
from batch_import.cli.parser import parse
from batch_import.cli.words import shown
from batch_import.errors import Interrupted, RunFault


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
    try:
        arguments = parse(argv)
        _log_calls(verbose=getattr(arguments, "verbose", False))
        code: int = arguments.command(arguments)
    except RunFault as fault:
        print(f"batch-import: {shown(str(fault))}", file=sys.stderr)
        return fault.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python must not complain of it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return Interrupted.exit_code
    return code


def _log_calls(*, verbose: bool) -> None:
    if verbose:
        from batch_import.cli.terminal import AboveBar

        logging.basicConfig(
            format="%(asctime)s %(message)s", level=logging.WARNING, handlers=[AboveBar()]
        )
        logging.getLogger("batch_import").setLevel(logging.DEBUG)
