"""Write the committed texts anew, after a change that is meant: python tests/golden/update.py

Arguments are pytest's: `update.py -k states` writes those of the state alone. Look at the
difference before it is committed.
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
