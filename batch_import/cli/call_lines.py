"""`--verbose`: print every API request as a line on stderr."""

import logging
from typing import TextIO


class AboveBarHandler(logging.StreamHandler[TextIO]):
    """Writes log lines above the progress bar, so that they do not overwrite each other."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one log record as a line."""
        from tqdm import tqdm

        with tqdm.external_write_mode(file=self.stream):
            super().emit(record)


def show_requests() -> None:
    """Print every later API request of this process."""
    logging.basicConfig(
        format="%(asctime)s %(message)s", level=logging.WARNING, handlers=[AboveBarHandler()]
    )
    logging.getLogger("batch_import").setLevel(logging.DEBUG)
