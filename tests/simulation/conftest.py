"""The tests here, and `run.py`, share the modules beside them."""

import sys
from pathlib import Path

# Test folders are no packages; `python run.py` finds its neighbours in just this way.
sys.path.insert(0, str(Path(__file__).parent))
