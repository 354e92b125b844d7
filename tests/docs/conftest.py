"""The documentation is held against the program."""

import sys
from pathlib import Path

# Test folders are no packages; the tests here share the modules beside them.
sys.path.insert(0, str(Path(__file__).parent))
