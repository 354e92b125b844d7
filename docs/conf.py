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

# A link or reference without a target is a warning, and `make docs` fails if there is a warning.
nitpicky = True
nitpick_ignore_regex = [
    # References to types of Python, of libraries, and of modules that are not public.
    (r"py:.*", r"(?!batch_import\.\w+$).*"),
]

# Anchors for headings up to level 3, named as GitHub names them, so that links work in both places.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
# Otherwise the two dashes of `--rate` would become one long dash.
smartquotes = False
# Text between single backquotes in a docstring is code.
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
    """Insert the generated parts into the source of a page before Sphinx parses it."""
    del app, name
    source[0] = generate.filled(source[0])


def _readable(*arguments: object) -> tuple[str, object] | None:
    """Returns a signature without the private name of a default value; None for no change."""
    signature, returns = arguments[-2:]
    if not isinstance(signature, str):
        return None
    return signature.replace("_AS_FOUND", "ReadingOptions()"), returns


def setup(app: Sphinx) -> None:
    """Register the functions above; Sphinx calls this function."""
    app.connect("source-read", _fill)
    app.connect("autodoc-process-signature", _readable)
