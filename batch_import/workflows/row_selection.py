"""Select the rows of a run, by the settings that restrict a run to some rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from batch_import.configuration.request import ImportRequest
from batch_import.state.store import Store
from batch_import.workflows.pilot import Pilot, choose_pilot


@dataclass(frozen=True, slots=True)
class SelectedRows:
    """The rows that a run imports.

    Attributes:
        retried_count: number of failed rows that are pending again.
        pilot: the rows that the run sends; None if it is not a pilot.
    """

    retried_count: int
    pilot: Pilot | None


def select_rows(
    store: Store, request: ImportRequest, now: float, corrected_numbers: Sequence[int] | None = None
) -> SelectedRows:
    """Select the rows of this run, and make failed rows pending if it is a retry.

    Args:
        now: the current time, in epoch seconds.
        corrected_numbers: numbers of the rows of a corrected `failed.csv`, to which the run is
            restricted unless the user selects rows; None if the file is the manifest.

    Raises:
        UsageError: a selected row is not in the manifest.
    """
    settings = request.settings
    store.exclusions.update(settings.only, settings.exclude)
    if corrected_numbers is None or settings.only:
        store.queue.choose(settings.only)
    else:
        store.queue.choose_numbers(corrected_numbers)
    retried_count = store.queue.retry_failed(now) if request.retry_failed else 0
    if settings.first is not None:
        store.queue.choose_first(settings.first)
    return SelectedRows(retried_count, choose_pilot(store, settings))
