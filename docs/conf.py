"""How Sphinx builds the documentation: `make docs`."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

import generate

from batch_import import __version__

project = "batch-import"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# A link or reference that leads nowhere is a warning, and `make docs` ends at a warning.
nitpicky = True
nitpick_ignore_regex = [
    # Types of Python and of libraries, and those of ours that nobody is handed.
    (r"py:.*", r"(?!batch_import\.\w+$).*"),
]

# As GitHub names them, so that links work in both places.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
# `--rate` is two dashes.
smartquotes = False
# `this`, in a docstring, is code.
default_role = "code"
highlight_language = "none"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "batch-import"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False


def _fill(app: Sphinx, name: str, source: list[str]) -> None:
    """Write the generated parts into a page before it is read."""
    del app, name
    source[0] = generate.filled(source[0])


def _readable(*arguments: object) -> tuple[str, object] | None:
    """A signature without the private name of a default; None leaves it as it is."""
    signature, returns = arguments[-2:]
    if not isinstance(signature, str):
        return None
    return signature.replace("_AS_FOUND", "ReadingOptions()"), returns


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _fill)
    app.connect("autodoc-process-signature", _readable)
