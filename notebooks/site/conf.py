"""Sphinx' settings for the site; nothing in it comes from the network, neither now nor when it is read."""

import hashlib
from base64 import b64decode
from pathlib import Path

import nbformat
from docutils import nodes

from notebooks.site import laboratory, live

project = html_title = "The Art of Fine-Tuning"
language = "en"
extensions = ["myst_nb"]

nb_execution_mode = "off"  # the notebooks come executed
nb_ipywidgets_js = {}  # widgets would be fetched from the network; a picture or text stands in for them
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
myst_heading_anchors = 3
myst_heading_slug_func = "notebooks.site.conf.anchor"

html_theme = "sphinx_book_theme"
html_theme_options = {
    "logo": {"text": project, "alt_text": "a soufflé"},
    "navbar_persistent": [],
    "footer_content_items": [],
    "show_toc_level": 2,
    "use_fullscreen_button": False,
}
# A page from disk may not read another one, as the summaries in the search results would have to.
html_js_files = [
    (None, {"body": "if (location.protocol === 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"})
]
html_context = {"default_mode": "auto", "quizzes": live.quizzes()}
html_use_index = False
templates_path = ["templates"]
html_sidebars = {"**": ["home.html", "search-button-field.html", "sbt-sidebar-nav.html", "score.html"]}
html_static_path = ["static"]
html_css_files = ["site.css", "lesson/lesson.css"]
html_logo = "static/logo.svg"
html_favicon = "static/logo.svg"


def anchor(title: str) -> str:
    """Return a heading's anchor as JupyterLab makes it, so that links hold there and here."""
    return title.replace(" ", "-")


def describe_pictures(app, doctree: nodes.document) -> None:
    """Give each picture the alternative text that its output carries; myst-nb names its file by its bytes."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    texts = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if png := output.get("data", {}).get("image/png"):
                name = hashlib.sha256(b64decode(png)).hexdigest()
                texts[name] = output.metadata.get("image/png", {}).get("alt")
    for image in doctree.findall(nodes.image):
        if text := texts.get(Path(image["uri"]).stem):
            image["alt"] = text


def offer_notebooks_only(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Take the download button off the pages that are no notebooks."""
    if context.get("page_source_suffix") != ".ipynb":
        context["header_buttons"] = [
            button for button in context["header_buttons"] if button["label"] != "download-buttons"
        ]


def write_recipe_book(app) -> None:
    """Put the recipe book, as a script, where the laboratory loads it."""
    script = Path(app.outdir) / "_static" / laboratory.SCRIPTS[0]
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(laboratory.recipe_book_script(), encoding="utf-8")


def equip_laboratory(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Load the laboratory's scripts and style on its own page only."""
    if pagename == laboratory.PAGE:
        app.add_css_file(f"{laboratory.PAGE}/{laboratory.PAGE}.css")
        for script in laboratory.SCRIPTS:
            app.add_js_file(script, loading_method="defer")


def equip_pages(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Load the score's scripts on every page, and on lessons those of sliders, quizzes and folds."""
    is_lesson = pagename.startswith("notebooks/") and context.get("page_source_suffix") == ".ipynb"
    for script in live.EVERYWHERE + (live.SCRIPTS if is_lesson else []):
        app.add_js_file(script, loading_method="defer")


def setup(app) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("doctree-read", describe_pictures)
    app.connect("builder-inited", write_recipe_book)
    app.connect("html-page-context", equip_laboratory)
    app.connect("html-page-context", equip_pages)
    app.connect("html-page-context", offer_notebooks_only, priority=600)  # after the theme, which adds the buttons
