"""Tests with random answers of the platform: 20,000 in `make fuzz`, 300 in `make test`.

This file makes the helper modules in this folder importable.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
