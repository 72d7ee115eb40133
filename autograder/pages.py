"""Turn graded notebooks into pages that are safe to open: no student's script runs, no hidden test shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bleach import Cleaner
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from markupsafe import escape
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade

# fmt: off
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "details", "div",
    "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li",
    "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
}
# fmt: on
_ATTRIBUTES = {
    "*": {"title", "style", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "table": {"border"},
}
# Of Pygments, pandas and nbconvert; any other could pass a piece of text off as a part of the page.
_CLASSES = re.compile(r"((highlight|hl-\w+|dataframe|anchor-link|[a-z]{1,2}\d?)( |$))*")
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[\w+/=\s%]*")
_UNSEEN = re.compile(r"<(style|script|title|head)\b.*?</\1\s*>", flags=re.DOTALL | re.IGNORECASE)
_SAFE_DATA = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg", "image/svg+xml")
_PRINTED = ("student", "first_name", "last_name", "notebook_path")  # as they are, by formgrader's template
_MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
_POLICY = (
    f"default-src 'none'; script-src {_MATHJAX} 'unsafe-eval'; font-src {_MATHJAX} data:; "
    "style-src 'unsafe-inline'; img-src 'self' file: data: http: https:"
)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def clean_html(html: object) -> str:
    """Return ``html`` without anything that runs, frames, submits or passes itself off as a part of the page."""
    text = html.decode() if isinstance(html, bytes) else str(html)
    return _CLEANER.clean(_UNSEEN.sub("", text))


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return bool(_CLASSES.fullmatch(value))
    if value.strip().lower().startswith("data:"):
        return (tag, name) == ("img", "src") and bool(_PICTURE.fullmatch(value.strip()))
    return name in _ATTRIBUTES["*"] or name in _ATTRIBUTES.get(tag, ())


_CLEANER = Cleaner(
    tags=_TAGS,
    attributes=_is_allowed,
    protocols=["http", "https", "mailto", "data"],
    strip=True,
    css_sanitizer=CSSSanitizer(),
)


class SafeHTMLExporter(HTMLExporter):
    """nbconvert's exporter, with everything that a student may have written made harmless."""

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self.sanitize_html = True
        self.register_preprocessor(KeepSafeOutputs, enabled=True)

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Return nbconvert's filters, the cleaning ones replaced."""
        yield from super().default_filters()
        yield "clean_html", clean_html

    @pass_context
    def markdown2html(self, context, source):
        """Turn Markdown into HTML that is safe, also in templates that do not clean it."""
        return clean_html(super().markdown2html(context, source))

    def _init_resources(self, resources: dict | None) -> dict:
        resources = super()._init_resources(resources)
        for name in _PRINTED:
            if isinstance(resources.get(name), str):
                resources[name] = str(escape(resources[name]))
        return resources


class FeedbackExporter(SafeHTMLExporter):
    """Makes pages that may run MathJax and nothing else, should anything ever get past the cleaning."""

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **settings: Any) -> tuple[str, dict]:
        """Convert a notebook, with a content security policy in the page's head."""
        html, resources = super().from_notebook_node(nb, resources, **settings)
        policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
        return html.replace("<head>", f"<head>\n{policy}", 1), resources


class KeepSafeOutputs(Preprocessor):
    """Keeps of every output what a page can show without running it."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        for key in set(nb.metadata) - {"kernelspec", "language_info"}:
            del nb.metadata[key]
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        for output in cell.get("outputs", []):
            if "data" in output:
                safe = {kind: data for kind, data in output.data.items() if kind in _SAFE_DATA}
                output.data, output.metadata = safe or {"text/plain": "(not shown here)"}, {}
        return cell, resources


class HideTests(ClearHiddenTests):
    """Takes hidden tests out of graded cells, and out of what these printed as they failed."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if not is_grade(cell) or self.begin_test_delimeter not in cell.source:
            return cell, resources
        whole = {line.strip() for line in cell.source.splitlines()}
        cell, resources = super().preprocess_cell(cell, resources, index)
        hidden = whole - {line.strip() for line in cell.source.splitlines()}
        for output in cell.get("outputs", []):
            if output.output_type == "error" and _shows("\n".join(output.traceback), hidden):
                output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


def _shows(text: str, lines: set[str]) -> bool:
    text = _ANSI.sub("", text)
    return any(line in text for line in lines if line)
