"""Answers of a platform that may say anything. `make fuzz` draws 20,000; `make test` a few hundred."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
