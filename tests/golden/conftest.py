"""Makes the helper modules in this folder importable for the tests."""

import sys
from pathlib import Path

# Test folders are not packages.
sys.path.insert(0, str(Path(__file__).parent))
