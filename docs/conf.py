"""The documentation as a site: ``make docs``; builds offline, and a warning is an error."""

project = "Lamina"
author = "The Lamina developers"
extensions = ["myst_parser"]
root_doc = "docs/index"
# The folder is the repository's, so that links work here as they do in its files.
include_patterns = [
    "docs/**.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "benchmarks/dockerfiles/README.md",
    "benchmarks/results/anatomy.md",
    "benchmarks/results/results.md",
    "examples/aml-agent/README.md",
]
myst_heading_anchors = 4
myst_links_external_new_tab = False
html_theme = "furo"
html_title = "Lamina"
html_theme_options = {"navigation_with_keys": True}
html_copy_source = False
html_show_copyright = False
nitpicky = True
