"""The real command, as a process of its own, against the real sandbox over HTTP."""

import sys
from pathlib import Path

# Test folders are no packages; the tests here share the modules beside them.
sys.path.insert(0, str(Path(__file__).parent))
