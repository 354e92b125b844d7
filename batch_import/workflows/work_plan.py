"""Calculate the work of a run from the number of rows per status. No I/O."""

from dataclasses import dataclass

from batch_import.models import Counts


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """The work of a run, in numbers of rows.

    Attributes:
        create: rows whose video will be created.
        pending: all rows that were not sent yet. The run may send only some of these rows.
        adopt: rows whose video is known to be in the account already. The run uses this video.
        resume: rows that the platform accepted in an earlier run and has not finished.
        settle: rows that an earlier run sent without a clear answer. The run searches for their
            videos.
        invalid: rows that cannot be sent before the manifest is fixed.
        ids_taken: rows that are not sent, because a media with another title has their reference
            ID.
        done: rows that are imported, failed or skipped.
        is_searched: whether the account was searched for the videos of the rows in `create`. If
            false, some of these videos may be in the account, and the run will use them.
    """

    create: int
    pending: int
    resume: int
    settle: int
    invalid: int
    done: int
    adopt: int = 0
    ids_taken: int = 0
    is_searched: bool = True

    @property
    def has_work(self) -> bool:
        """Whether any request to the platform is needed."""
        return bool(self.create or self.adopt or self.resume or self.settle)

    @property
    def selected(self) -> int:
        """Number of pending rows that are selected for the run."""
        return self.create + self.adopt + self.ids_taken

    @property
    def is_first_run(self) -> bool:
        """Whether the run will create the first videos of the job."""
        return bool(self.create) and not (self.resume or self.settle or self.done)

    def __str__(self) -> str:
        total = f" (of {self.pending} pending)" if self.pending > self.selected else ""
        condition = "" if self.is_searched or not self.create else " unless the account has them"
        parts = [
            f"{self.create} to create{total}{condition}",
            f"{self.adopt} to adopt" if self.adopt else "",
            f"{self.ids_taken} not sent: reference ID taken" if self.ids_taken else "",
            f"{self.resume} to resume" if self.resume else "",
            f"{self.settle} to settle" if self.settle else "",
            f"{self.invalid} invalid" if self.invalid else "",
            f"{self.done} done before" if self.done else "",
        ]
        return ", ".join(part for part in parts if part)


def plan_work(
    counts: Counts,
    selected: int,
    adopt: int = 0,
    ids_taken: int = 0,
    *,
    is_searched: bool = True,
) -> WorkPlan:
    """Calculate the work for the rows of a job.

    Args:
        counts: number of rows of the job per status.
        selected: number of pending rows that are selected for the run.
        adopt: number of selected rows whose video is known to be in the account.
        ids_taken: number of selected rows that are not sent, because their reference ID is taken.
        is_searched: whether the account was searched for the videos of the selected rows.
    """
    return WorkPlan(
        create=selected - adopt - ids_taken,
        pending=counts.pending,
        adopt=adopt,
        ids_taken=ids_taken,
        resume=counts.processing,
        settle=counts.unknown,
        invalid=counts.invalid,
        done=counts.imported + counts.failed + counts.skipped,
        is_searched=is_searched,
    )
