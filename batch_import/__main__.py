"""`python -m batch_import`: the same as the `batch-import` command."""

from batch_import.cli import entry_point

if __name__ == "__main__":
    entry_point()
