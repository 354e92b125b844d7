"""What a run has to do, decided from where the rows are. Pure.

This file must not know how it is done.
"""

from dataclasses import dataclass

from batch_import.models import Counts


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of a run, in rows.

    Attributes:
        create: to be sent.
        pending: all that are not sent yet; more than `create` where the run does not take up all.
        adopt: in the account already, as far as the account was asked.
        resume: taken by the platform in an earlier run; to be looked at.
        settle: sent by an earlier run without a clear answer; to be looked for.
        invalid: not to be sent before the manifest is fixed.
        ids_taken: not to be sent, because media with other titles have their reference IDs.
        done: nothing to do: imported, failed or skipped.
    """

    create: int
    pending: int
    resume: int
    settle: int
    invalid: int
    done: int
    adopt: int = 0
    ids_taken: int = 0

    @property
    def has_work(self) -> bool:
        """Whether a single call is needed."""
        return bool(self.create or self.adopt or self.resume or self.settle)

    def __str__(self) -> str:
        known = self.create + self.adopt + self.ids_taken
        of = f" (of {self.pending} pending)" if self.pending > known else ""
        parts = [
            f"{self.create} to create{of}",
            f"{self.adopt} to adopt" if self.adopt else "",
            f"{self.ids_taken} not sent: reference ID taken" if self.ids_taken else "",
            f"{self.resume} to resume" if self.resume else "",
            f"{self.settle} to settle" if self.settle else "",
            f"{self.invalid} invalid" if self.invalid else "",
            f"{self.done} done before" if self.done else "",
        ]
        return ", ".join(part for part in parts if part)


def decide(counts: Counts, waiting: int, adopt: int = 0, ids_taken: int = 0) -> Plan:
    """What is to be done with a job's rows.

    Args:
        waiting: how many pending rows the run may take up.
        adopt: how many of these are known to be in the account.
        ids_taken: how many of these are not to be sent.
    """
    return Plan(
        create=waiting - adopt - ids_taken,
        pending=counts.pending,
        adopt=adopt,
        ids_taken=ids_taken,
        resume=counts.processing,
        settle=counts.unknown,
        invalid=counts.invalid,
        done=counts.imported + counts.failed + counts.skipped,
    )
