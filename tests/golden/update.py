"""Writes the committed texts again, after an intended change: python tests/golden/update.py

The arguments are passed to pytest: `update.py -k states` writes only the texts of the job database.
Check the difference before you commit it.
"""

import os
import subprocess
import sys
from pathlib import Path

from golden import UPDATE

if __name__ == "__main__":
    folder = Path(__file__).parent
    sys.exit(
        subprocess.call(
            [sys.executable, "-m", "pytest", "-q", str(folder), *sys.argv[1:]],
            env={**os.environ, UPDATE: "1"},
            cwd=folder.parents[1],
        )
    )
