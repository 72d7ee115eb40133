"""Turn graded notebooks into pages that are safe to open: they run no student's script and show no hidden test."""

from __future__ import annotations

import base64
import hashlib
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial, wraps
from types import FrameType, MappingProxyType
from typing import Any

from bleach import Cleaner
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import escape
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.highlight import Highlight2HTML, _pygments_highlight
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade
from pygments.formatters import HtmlFormatter

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
_UNSEEN = re.compile(r"<(style|script|title|head)\b", flags=re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}\s*>", flags=re.IGNORECASE) for name in ("style", "script", "title", "head")}
_CONTENTS = '<div id="toc">'  # in nbgrader's template, below the score
_SAFE_DATA = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg", "image/svg+xml")
_PRINTED = ("student", "first_name", "last_name", "notebook_path")  # as they are, by formgrader's template
_MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
_POLICY = (
    f"default-src 'none'; script-src {_MATHJAX} 'unsafe-eval'; font-src {_MATHJAX} data:; "
    "style-src 'unsafe-inline'; img-src 'self' file: data: http: https:"
)
_FORMGRADER_POLICY = (
    f"default-src 'none'; script-src 'self' {_MATHJAX} 'unsafe-eval' 'unsafe-hashes' {{hashes}}; "
    f"font-src 'self' {_MATHJAX} data:; style-src 'self' 'unsafe-inline'; img-src 'self' data: http: https:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
_POLICY_ELEMENT = '<meta http-equiv="Content-Security-Policy" content="{}"/>'
_FORMGRADERS_OWN = re.compile(r'<script type="text/javascript">(.*?)</script>|\bonclick="([^"]*)"', flags=re.DOTALL)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# What turns a student's text into HTML. The libraries behind it take quadratic time, or worse, for some texts.
_FILTERS = ("markdown2html", "highlight_code", "clean_html", "ansi2html", "strip_files_prefix")
# A class has most texts of its pages in common. So many are kept, if they have no more than so many characters.
_KEPT, _LARGEST_KEPT = 256, 20_000
_NO_ALT = "No description has been provided for this image"  # as in nbconvert
_ATTRIBUTE = re.compile(r' ([^\s=">]+)="[^"]*"')  # as `_CLEANER` writes it: no value has a quote in it
_IMAGE = re.compile(rf"<img((?:{_ATTRIBUTE.pattern})*)")
_SVG = re.compile(r'<img (src="data:image/svg\+xml;base64,[^"]*">)')  # as nbconvert's templates write it
_PIECE, _PAGE = 5.0, 20.0  # s of processor time for one text, and for all texts of a page; an honest page takes 0.3
_NEXT_TRY = 0.1  # s of processor time after which a text that still goes on is interrupted again


class _TooSlow(BaseException):
    """A text takes too long. No library is to take it for an error of its own."""


def clean_html(html: object) -> str:
    """Return ``html`` without scripts, frames, forms, links to scripts, and names that the page itself uses.

    Every image has a text for those who cannot see it.
    """
    text = html.decode() if isinstance(html, bytes) else str(html)
    return _clean_known(text) if len(text) <= _LARGEST_KEPT else _clean(text)


def _clean(text: str) -> str:
    return _IMAGE.sub(_describe, _CLEANER.clean(_without_unseen(text)))


_clean_known = lru_cache(_KEPT)(_clean)


def _describe(image: re.Match[str]) -> str:
    return image[0] if "alt" in _ATTRIBUTE.findall(image[1]) else f'<img alt="{_NO_ALT}"{image[1]}'


def _without_unseen(text: str) -> str:
    """Return ``text`` without the elements whose contents nobody sees, in one pass over it."""
    kept, place = [], 0
    unclosed: set[str] = set()
    for opening in _UNSEEN.finditer(text):
        name = opening[1].lower()
        if opening.start() < place or name in unclosed:
            continue
        if end := _ENDS[name].search(text, opening.end()):
            kept.append(text[place : opening.start()])
            place = end.end()
        else:
            unclosed.add(name)
    return "".join([*kept, text[place:]])


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


@contextmanager
def _processor_time(seconds: float) -> Iterator[None]:
    """Raise `_TooSlow` in the block once this process has computed for so long.

    Only a signal interrupts a search for a pattern, and Python handles signals in the main thread: in another thread
    there is no limit.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        try:
            # Again and again: Python ignores what is raised while it deletes an object.
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _NEXT_TRY)
            yield
        finally:  # the next signal may come just here, and then the outer block stops the timer
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _plain(text: str, reason: str) -> str:
    return f"<p><em>Shown as plain text: {reason}.</em></p><pre>{escape(_ANSI.sub('', text))}</pre>"


class _Highlighter(Highlight2HTML):
    """nbconvert's own, but for the formatter: that makes a style sheet, and nbconvert makes one for every cell."""

    def __init__(self, pygments_lexer: str | None, **settings: Any):
        super().__init__(pygments_lexer, **settings)  # type: ignore[no-untyped-call]
        self._formatter = lru_cache(_KEPT)(self._make_formatter)

    def __call__(self, source: str, language: str | None = None, metadata: Mapping[str, Any] | None = None) -> str:
        language = language or self.pygments_lexer
        return str(_pygments_highlight(source or " ", self._formatter(language), language, metadata))

    def _make_formatter(self, language: str) -> HtmlFormatter[str]:
        return HtmlFormatter(cssclass=escape(f" highlight hl-{language}"), **self.extra_formatter_options)


class SafeHTMLExporter(HTMLExporter):
    """nbconvert's exporter. It takes out of a page whatever a student may have written that could run.

    A text that takes too long, or that the libraries cannot format, is shown as plain text with a line that says why.
    nbconvert's own exporter also parses the whole page at the end, to describe the images that have no text. That
    takes half of its time; here each text and output is seen to alone.
    """

    _left = _PAGE

    def __init__(self, **settings: Any):
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        self.sanitize_html = True
        self._highlighter = lru_cache(_KEPT)(partial(_Highlighter, parent=self))
        self._highlight_known = lru_cache(_KEPT)(self._highlight)
        self._format_known = lru_cache(_KEPT)(self._format)
        self.register_preprocessor(KeepSafeOutputs, enabled=True)  # type: ignore[no-untyped-call]

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Return nbconvert's filters, with `clean_html` in the place of its own."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]
        yield "clean_html", clean_html

    def from_notebook_node(  # type: ignore[override]  # nbconvert says so of this class, and wrongly of its base
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **settings: Any
    ) -> tuple[str, dict[str, Any]]:
        """Convert a notebook, in a time that its size limits."""
        self._left = _PAGE
        language = nb.metadata.get("language_info", {})
        lexer = language.get("pygments_lexer", language.get("name"))
        self.register_filter("highlight_code", partial(self.highlight_code, lexer))  # type: ignore[no-untyped-call]
        html, resources = super(HTMLExporter, self).from_notebook_node(nb, resources, **settings)
        html = _SVG.sub(rf'<img alt="{_NO_ALT}" \1', html)
        policy = self._policy(html)
        return html.replace("<head>", f"<head>\n{policy}", 1) if policy else html, resources

    def _policy(self, html: str) -> str:
        """Return the element with the policy for this page, or nothing."""
        return ""

    def _register_filter(self, environ: Environment, name: str, jinja_filter: Any) -> Any:
        registered = super()._register_filter(environ, name, jinja_filter)  # type: ignore[no-untyped-call]
        if name in _FILTERS:
            environ.filters[name] = self._bounded(environ.filters[name])
        return registered

    def _bounded(self, convert: Callable[..., Any]) -> Callable[..., Any]:
        place = 1 if hasattr(convert, "jinja_pass_arg") else 0  # of the text among the arguments

        @wraps(convert)
        def bounded(*arguments: Any, **named: Any) -> Any:
            reason = "the page has taken too long"
            started = time.process_time()
            if self._left > 0:
                try:
                    with _processor_time(min(_PIECE, self._left)):
                        return convert(*arguments, **named)
                except _TooSlow:
                    reason = "it takes too long to format"
                except Exception as error:  # libraries raise whatever the text provokes
                    reason = f"it could not be formatted ({type(error).__name__})"
                finally:
                    self._left -= time.process_time() - started
            return _plain(str(arguments[place]), reason)

        return bounded

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Turn Markdown into HTML that is safe, also in templates that do not clean it."""
        alone = not context.get("cell", {}).get("attachments") and not self.embed_images
        if alone and len(source) <= _LARGEST_KEPT:
            return self._format_known(source)
        return self._format(source, context)

    def _format(self, source: str, context: Context | Mapping[str, Any] = MappingProxyType({})) -> str:
        return clean_html(super().markdown2html(context, source))

    def highlight_code(
        self, lexer: str | None, source: str, language: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> str:
        """Turn code into HTML with colours. ``lexer`` is Pygments' name of the notebook's language."""
        highlight = self._highlight_known if len(source) <= _LARGEST_KEPT else self._highlight
        return highlight(source, lexer, language, (metadata or {}).get("magics_language"))

    def _highlight(self, source: str, lexer: str | None, language: str | None, magics_language: str | None) -> str:
        metadata = {"magics_language": magics_language} if magics_language else {}
        return str(self._highlighter(lexer)(source, language, metadata))

    def _init_resources(self, resources: dict[str, Any] | None) -> dict[str, Any]:
        resources = super()._init_resources(resources)  # type: ignore[no-untyped-call]
        for name in _PRINTED:
            if isinstance(resources.get(name), str):
                resources[name] = str(escape(resources[name]))
        return resources


class FeedbackExporter(SafeHTMLExporter):
    """Says on each page when the work was due and handed in, and adds a policy.

    By the policy a browser runs MathJax and nothing else, even if the cleaning missed something.
    """

    def from_notebook_node(self, *args: Any, **kwargs: Any) -> tuple[str, dict[str, Any]]:  # type: ignore[override]
        """Convert a notebook, and say what nbgrader's template does not say."""
        html, resources = super().from_notebook_node(*args, **kwargs)
        times = resources.get("nbgrader", {}).get("times")
        return html.replace(_CONTENTS, f"<p>{escape(times)}</p>\n{_CONTENTS}", 1) if times else html, resources

    def _policy(self, html: str) -> str:
        return _POLICY_ELEMENT.format(_POLICY)


class FormgraderExporter(SafeHTMLExporter):
    """Adds a policy to formgrader's pages of submissions: a browser runs formgrader's own scripts only."""

    def _policy(self, html: str) -> str:
        before = html.partition('id="notebook"')[0]
        hashes = " ".join(f"'sha256-{_digest(found[1] or found[2])}'" for found in _FORMGRADERS_OWN.finditer(before))
        return _POLICY_ELEMENT.format(_FORMGRADER_POLICY.format(hashes=hashes))


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class KeepSafeOutputs(Preprocessor):
    """Keeps of each output the formats that a page can show without running them."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Keep of a notebook's metadata what names its language, and clean its outputs."""
        for key in set(nb.metadata) - {"kernelspec", "language_info"}:
            del nb.metadata[key]
        nb, resources = super().preprocess(nb, resources)  # type: ignore[no-untyped-call]
        return nb, resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        for output in cell.get("outputs", []):
            if "data" in output:
                safe = {kind: data for kind, data in output.data.items() if kind in _SAFE_DATA}
                described = {kind: {"alt": _NO_ALT} for kind in safe if kind.startswith("image/")}
                output.data, output.metadata = safe or {"text/plain": "(not shown here)"}, described
        return cell, resources


class HideTests(ClearHiddenTests):
    """Removes hidden tests from graded cells, and from the tracebacks of those that failed."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
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
