"""Sphinx: ``make docs`` builds these pages, and a warning is an error."""

project = "django_recs"
copyright = "the django_recs authors"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "django_recs"
html_show_copyright = False
nitpicky = True
