"""Number of random examples, by the environment variable FUZZ_EXAMPLES."""

import os

#: Number of answers of the platform.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
#: Number of whole imports, each of which needs many answers.
IMPORTS = max(40, EXAMPLES // 20)
