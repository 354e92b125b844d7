"""The real command, as a process of its own, against the real sandbox over HTTP."""

import sys
from pathlib import Path

# Test folders are not packages. This makes the helper modules in this folder importable.
sys.path.insert(0, str(Path(__file__).parent))
