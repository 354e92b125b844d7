"""How many examples are drawn."""

import os

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
#: Whole imports, each of which asks for many answers.
IMPORTS = max(40, EXAMPLES // 20)
