"""What is committed beside these tests is what the program must still do."""

import sys
from pathlib import Path

# Test folders are no packages; the tests here share the modules beside them.
sys.path.insert(0, str(Path(__file__).parent))
