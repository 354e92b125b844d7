"""`--verbose`: print every API call as a line on stderr."""

import logging
from typing import TextIO


class AboveBar(logging.StreamHandler[TextIO]):
    """Writes log lines above the progress bar, so that they do not overwrite each other."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one log record as a line."""
        from tqdm import tqdm

        with tqdm.external_write_mode(file=self.stream):
            super().emit(record)


def show_calls() -> None:
    """Print every API call from now on."""
    logging.basicConfig(
        format="%(asctime)s %(message)s", level=logging.WARNING, handlers=[AboveBar()]
    )
    logging.getLogger("batch_import").setLevel(logging.DEBUG)
