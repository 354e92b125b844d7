"""Answers of a platform that may say anything: 20,000 by `make fuzz`, 300 by `make test`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
