# SPDX-License-Identifier: MIT
"""How Sphinx makes the site: ``make docs``.

Its source is the root of the project, not this folder. So a link to a report or to CONTRIBUTING.md
leads to a page here as it does on GitHub, and no page is copied.
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]

project = _PROJECT["name"]
release = _PROJECT["version"]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
include_patterns = ["*.md", "docs/**.md", "reports/**.md", "sim/data/shipped/*/README.md"]
# Sphinx enters every folder that is not named here.
exclude_patterns = [".*", "build", "golden", "rtl", "verification", "**/__pycache__"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
autosummary_generate = False  # its tables link into pages that name what they describe
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types stand in the docstrings
numpydoc_show_class_members = False  # autodoc shows them, with their docstrings
default_role = "py:obj"  # `Sampler` in a docstring links where the name is known
add_module_names = False

myst_heading_anchors = 4  # as GitHub names them
myst_enable_extensions = ["html_image"]
highlight_language = "text"  # of blocks that name no language

html_title = f"{project} {release}"
html_theme_options = {
    "description": _PROJECT["description"],
    "sidebar_includehidden": False,  # the reports
    "page_width": "900px",  # narrower windows have no sidebar; tables.css widens the others
    "body_max_width": "100%",  # beside the sidebar; lines of 100 letters fit
}
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_copy_source = False
html_show_copyright = False
# The site begins at build/docs/index.html; its pages lie in folders, as their sources do.
templates_path = ["templates"]
html_additional_pages = {"index": "entry.html"}


def _skip(
    app: Sphinx, what: str, name: str, member: object, skip: bool, options: Any
) -> bool | None:
    """Leave out what Python and scikit-learn add to classes.

    Fields of named tuples stand among the attributes of their class. Docstrings that scikit-learn
    writes refer to pages of its own.
    """
    alias = (getattr(member, "__doc__", None) or "").startswith("Alias for field number")
    return True if alias or re.fullmatch("set_.*_request", name) else None


def setup(app: Sphinx) -> None:
    """Connect the rule above; Sphinx calls this."""
    app.connect("autodoc-skip-member", _skip)
