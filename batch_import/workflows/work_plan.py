"""What a run has to do, calculated from the number of rows per status. No I/O."""

from dataclasses import dataclass

from batch_import.models import Counts


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """The work of a run, in numbers of rows.

    Attributes:
        create: rows whose video will be created.
        pending: all rows that were not sent yet. More than `create` if only some rows are selected.
        adopt: rows whose video is known to be in the account already. It will be used.
        resume: rows that the platform accepted in an earlier run. Their status will be requested.
        settle: rows that an earlier run sent without a clear answer. Their video is searched for.
        invalid: rows that cannot be sent before the manifest is fixed.
        ids_taken: rows that are not sent, because a media with another title has their reference
            ID.
        done: rows with nothing to do: imported, failed or skipped.
        is_searched: whether the account was searched for the rows to create. If not, some of their
            videos may be in it already, and are used.
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
    def is_first_run(self) -> bool:
        """Whether the run will create the first videos of the job."""
        return bool(self.create) and not (self.resume or self.settle or self.done)

    def __str__(self) -> str:
        known = self.create + self.adopt + self.ids_taken
        of = f" (of {self.pending} pending)" if self.pending > known else ""
        unless = "" if self.is_searched or not self.create else " unless the account has them"
        parts = [
            f"{self.create} to create{of}{unless}",
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
    waiting: int,
    adopt: int = 0,
    ids_taken: int = 0,
    *,
    is_searched: bool = True,
) -> WorkPlan:
    """Calculate the work for the rows of a job.

    Args:
        waiting: number of pending rows that are selected for the run.
        adopt: number of these whose video is known to be in the account.
        ids_taken: number of these that must not be sent.
        is_searched: whether the account was searched for them.
    """
    return WorkPlan(
        create=waiting - adopt - ids_taken,
        pending=counts.pending,
        adopt=adopt,
        ids_taken=ids_taken,
        resume=counts.processing,
        settle=counts.unknown,
        invalid=counts.invalid,
        done=counts.imported + counts.failed + counts.skipped,
        is_searched=is_searched,
    )
