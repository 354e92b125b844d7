"""`batch-import manifest`: write a manifest of the videos in a folder, a feed or another source."""

import json
import math
import time
from typing import TYPE_CHECKING

from batch_import.cli.command import Invocation, argument, command
from batch_import.cli.console import SUCCESS, WARNING, styled
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.messages import (
    format_duration,
    format_row_count,
    format_time,
    sanitized,
    shortened,
    with_option_names,
)
from batch_import.cli.progress import ListingProgress, stoppable
from batch_import.cli.quoting import command_line
from batch_import.cli.status import format_iso
from batch_import.errors import UsageError

if TYPE_CHECKING:
    from batch_import.sources.filters import SkippedGroup
    from batch_import.workflows.write_manifest import ListingRequest, WrittenManifest


@command(
    options=("config", "output", "replace", "json", "include", "since", "min_size", "base_url"),
    arguments=[
        argument(
            "source",
            "where the videos are, e.g. folder:/videos, feed:https://host/feed.xml,"
            " saved:file.json",
            nargs=-1,
        )
    ],
    examples=(
        "batch-import manifest folder:/mnt/videos --base-url https://host/videos/ -o library.csv",
        "batch-import manifest feed:https://host/feed.xml -o library.xlsx",
        "batch-import manifest saved:page-1.json saved:page-2.json -o library.csv",
        "batch-import manifest folder:. --base-url https://host/ --include '*.mov' -o movs.csv",
    ),
)
def manifest(invocation: Invocation) -> int:
    """Write a manifest of the videos in sources."""
    from batch_import.workflows import write_manifest as workflow

    request = _request(invocation)
    progress = ListingProgress()
    try:
        with stoppable() as stop:
            written = workflow.write_manifest(request, progress.show, stop)
    finally:
        progress.close()
    print_result = _print_json if invocation["json"] else _print
    print_result(written)
    return OK if written.is_complete else INCOMPLETE


def _request(invocation: Invocation) -> "ListingRequest":
    from batch_import.sources.filters import ListingFilter
    from batch_import.sources.source import ListingOptions
    from batch_import.workflows.write_manifest import ListingRequest

    if not invocation["source"]:
        raise UsageError(
            "Name the source of the videos.",
            "For example folder:/videos or feed:https://host/feed.xml.",
        )
    if invocation["output"] is None:
        raise UsageError("no file is named.", "Name the manifest to write.", setting="output")
    return ListingRequest(
        invocation["source"],
        invocation["output"],
        replace=invocation["replace"],
        filters=ListingFilter(
            invocation["include"], invocation["since"], invocation["min_size"] or 0
        ),
        options=ListingOptions(base_url=invocation["base_url"] or ""),
    )


def _print(written: "WrittenManifest") -> None:
    line = f"Written: {sanitized(str(written.path))}, {format_row_count(written.row_count)}."
    print(styled(line, SUCCESS if written.is_complete else WARNING))
    if written.skipped:
        print("Not listed:")
    for group in written.skipped:
        _print_skipped(group)
    if written.expires_at < math.inf:
        print(styled(_expiry_sentence(written), WARNING))
    if written.without_extension_count:
        print(
            f"{format_row_count(written.without_extension_count)} without a file extension: fill in"
            " the column extension, or use --default extension=mp4 for check and run."
        )
    print(f"Next: review it, then {command_line(['batch-import', 'check', str(written.path)])}")


def _print_skipped(group: "SkippedGroup") -> None:
    line = f"{group.count:>9,}  {sanitized(with_option_names(group.reason))}"
    print(styled(line, WARNING) if group.is_unreadable else line)
    more = ", …" if group.count > len(group.examples) else ""
    print(f"           {', '.join(map(shortened, group.examples))}{more}")


def _expiry_sentence(written: "WrittenManifest") -> str:
    """Returns how many URLs expire, when the first expires, and what to do."""
    seconds = written.expires_at - time.time()
    rows = format_row_count(written.expiring_count)
    if seconds <= 0:
        return (
            f"The URLs of {rows} expire; the first has expired already. Get new URLs from the"
            " source, then write the manifest again."
        )
    return (
        f"The URLs of {rows} expire, the first in about {format_duration(seconds)}"
        f" ({format_time(written.expires_at)}). Run the import before that time, or get new URLs."
    )


def _print_json(written: "WrittenManifest") -> None:
    """Print JSON. docs/generate/json_keys.yaml documents the keys."""
    print(
        json.dumps(
            {
                "file": str(written.path),
                "rows": written.row_count,
                "complete": written.is_complete,
                "skipped": [
                    {
                        "reason": sanitized(with_option_names(group.reason)),
                        "count": group.count,
                        "examples": [sanitized(name) for name in group.examples],
                        "unreadable": group.is_unreadable,
                    }
                    for group in written.skipped
                ],
                "expiring": written.expiring_count,
                "expires_at": format_iso(written.expires_at) if written.expiring_count else None,
                "without_extension": written.without_extension_count,
            },
            indent=2,
        )
    )
