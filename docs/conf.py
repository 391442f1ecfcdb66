"""The site: Markdown pages, pages generated from the theory and the claims, no network at build or view time."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "deep-tucker-verify"
author = "The deep-tucker-verify authors"
project_copyright = "2026, the deep-tucker-verify authors (MIT)"
extensions = ["myst_parser", "api_reference", "generated_pages"]
exclude_patterns = ["_build", "_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["toc.empty_glob"]  # pictures and power figures are written by runs, not by the build
smartquotes = False  # formulas in plain text keep their primes and quotes
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = "deep-tucker-verify"
html_show_sourcelink = False
html_copy_source = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
maximum_signature_line_length = 100
