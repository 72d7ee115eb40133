"""Feedback pages show what there is to see, run nothing that a student wrote, and keep hidden tests hidden."""

from __future__ import annotations

import time

import nbformat
import pytest
from bs4 import BeautifulSoup
from traitlets.config import Config

from autograder.course import notebooks
from autograder.gradebook import feedback
from autograder.gradebook.feedback import HideTests, SafeHTMLExporter, clean_html
from autograder.grading import grade
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "script in capitals": "<ScRiPt src=//evil.example></sCrIpT>",
    "script that is not closed": "<script>alert(1)",
    "script in a script": "<scr<script></script>ipt>alert(1)</script><script>",
    "onerror": "<img src=x onerror=alert(1)>",
    "onload": "<svg onload=alert(1)><circle/></svg>",
    "onmouseover": '<b onmouseover="alert(1)">hover</b>',
    "javascript link": '<a href="javascript:alert(1)">click</a>',
    "javascript link, disguised": '<a href=" jAvA&#09;script:alert(1)">click</a>',
    "data link": '<a href="data:text/html,<script>alert(1)</script>">click</a>',
    "page as a picture": '<img src="data:text/html;base64,PHNjcmlwdD4=">',
    "iframe": '<iframe src="https://evil.example"></iframe>',
    "iframe with a page": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "object": '<object data="x.swf"></object><embed src="x.swf">',
    "form": '<form action="/formgrader/api/x" method="post"><input name="score" value="9"><button>OK</button></form>',
    "base and meta": '<base href="//evil.example/"><meta http-equiv="refresh" content="0;url=//evil.example">',
    "style sheet": "<style>body { display: none }</style><link rel=stylesheet href=//evil.example>",
    "overlay": '<div style="position:fixed;top:0;left:0;width:100%;height:100%;background:url(//x)">all</div>',
    "another's id": '<span id="test_double" name="test_double" class="score">4 / 4</span>',
    "math": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "template": "<template><script>alert(1)</script></template>",
}
MARKDOWN_ATTACKS = {
    "link": "[click](javascript:alert(1))",
    "reference": "[click][1]\n\n[1]: javascript:alert(1)",
    "automatic link": "<javascript:alert(1)>",
    "picture": "![x](javascript:alert(1))",
    "title": '![x](x.png "a\\" onerror=\\"alert(1)")',
    "fence": "```<script>alert(1)</script>\nx\n```",
    "diagram": "```mermaid\n<script>alert(1)</script>\n```",
    "formula": "$<script>alert(1)</script>$ and $$<img src=x onerror=alert(1)>$$",
}


# fmt: off
DANGEROUS = {"script", "iframe", "frame", "object", "embed", "form", "input", "button", "base", "meta", "link", "style",
             "svg", "math", "template"}
# fmt: on


def dangers(html: str) -> list[str]:
    """Everything in a piece of a page that could run, frame, submit, lead astray or pass itself off as something."""
    found = []
    for element in BeautifulSoup(html, "html.parser").find_all(True):
        if element.name in DANGEROUS:
            found.append(element.name)
        for name, value in element.attrs.items():
            value = "".join(str(value).split()).lower()
            if name.startswith("on") or name in ("id", "name", "srcdoc", "action", "class"):
                found.append(f"{element.name} {name}")
            if value.startswith(("javascript:", "vbscript:", "data:text")) or "position" in value or "url(" in value:
                found.append(f"{element.name} {name}={value}")
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_clean_html_leaves_no_danger(attack):
    assert dangers(ATTACKS[attack])
    assert not dangers(clean_html(ATTACKS[attack]))


def export(*cells, **resources) -> str:
    html, _ = SafeHTMLExporter(config=Config()).from_notebook_node(
        nbformat.v4.new_notebook(cells=list(cells)), resources
    )
    return html


def output(kind: str, data: dict, metadata: dict | None = None):
    made = nbformat.v4.new_output(kind, data=data, metadata=metadata or {})
    return nbformat.v4.new_code_cell("1", outputs=[made], execution_count=1)


def new_dangers(html: str) -> list[str]:
    """What is dangerous in a page besides what nbconvert's own template puts into every page."""
    soup = BeautifulSoup(html, "html.parser")
    body = soup.find("main") or soup.body
    return [danger for danger in dangers(str(body)) if not danger.endswith((" id", " class"))]


@pytest.mark.parametrize("attack", ATTACKS)
def test_markdown_with_html_is_harmless(attack):
    assert not new_dangers(export(nbformat.v4.new_markdown_cell(f"before\n\n{ATTACKS[attack]}\n\nafter")))


@pytest.mark.parametrize("attack", MARKDOWN_ATTACKS)
def test_markdown_is_harmless(attack):
    assert not new_dangers(export(nbformat.v4.new_markdown_cell(MARKDOWN_ATTACKS[attack])))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", ["text/html", "text/markdown", "text/latex", "text/plain"])
def test_outputs_are_harmless(attack, kind):
    assert not new_dangers(export(output("display_data", {kind: ATTACKS[attack]})))
    assert not new_dangers(export(output("execute_result", {kind: ATTACKS[attack]}, {kind: {"isolated": True}})))


@pytest.mark.parametrize(
    "data",
    [
        {"application/javascript": "alert(1)"},
        {"text/vnd.mermaid": "<script>alert(1)</script>"},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "</script><script>alert(1)</script>"}},
        {"image/png": '"><script>alert(1)</script>'},
        {"image/svg+xml": "<svg onload=alert(1)><script>alert(1)</script></svg>"},
    ],
    ids=lambda data: next(iter(data)),
)
def test_other_kinds_of_output_are_harmless(data):
    assert not new_dangers(export(output("display_data", data)))


def test_streams_errors_and_raw_cells_are_harmless():
    bad = ATTACKS["onerror"] + ATTACKS["script"]
    stream = nbformat.v4.new_output("stream", text=bad)
    error = nbformat.v4.new_output("error", ename=bad, evalue=bad, traceback=[f"\x1b[31m{bad}"])
    cells = [
        nbformat.v4.new_code_cell(bad, outputs=[stream, error]),
        nbformat.v4.new_raw_cell(bad, metadata={"raw_mimetype": "text/html"}),
        nbformat.v4.new_markdown_cell("![x](attachment:x)", attachments={"x": {"image/png": f'"{bad}'}}),
    ]
    assert not new_dangers(export(*cells))


def test_what_is_meant_well_is_still_there():
    shown = clean_html(
        '<h2>Title</h2><p style="color: red">red</p><img src="plot.png" alt="a plot">'
        '<img src="data:image/png;base64,iVBORw0KGgo="><a href="https://example.org">there</a>'
        '<style scoped>.dataframe tbody { x: y }</style><table border="1" class="dataframe"><tr><td>1</td></tr></table>'
        '<div class="highlight hl-ipython3"><pre><span class="k">def</span></pre></div>'
    )
    for kept in ("<h2>", "color: red", 'src="plot.png"', "data:image/png", "https://example.org", 'class="dataframe"'):
        assert kept in shown
    assert 'class="k"' in shown
    assert "tbody {" not in shown
    page = export(nbformat.v4.new_markdown_cell("**bold**, $x^2$, `a < b` and\n\n| a | b |\n|--|--|\n| 1 | 2 |"))
    for kept in ("<strong>bold</strong>", "$x^2$", "<code>a &lt; b</code>", "<td>1</td>"):
        assert kept in page


PICTURES = {
    "png": output("display_data", {"image/png": "iVBORw0KGgo="}),
    "jpeg": output("display_data", {"image/jpeg": "iVBORw0KGgo="}),
    "svg": output("display_data", {"image/svg+xml": "<svg/>"}),
    "html": output("display_data", {"text/html": '<img src="a.png" title="> alt=">'}),
    "cell of text": nbformat.v4.new_markdown_cell('<p><img src="a.png"></p>'),
    "with a text": output("display_data", {"text/html": '<img alt="a curve" src="a.png">'}),
    "with an empty text": output("display_data", {"text/html": '<img src="a.png" alt="">'}),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_every_picture_has_one_text_for_those_who_cannot_see_it(kind):
    settings = Config({"SafeHTMLExporter": {"template_name": "classic"}})  # which nbgrader's pages build on
    page, _ = SafeHTMLExporter(config=settings).from_notebook_node(nbformat.v4.new_notebook(cells=[PICTURES[kind]]))
    (picture,) = BeautifulSoup(page, "html.parser", on_duplicate_attribute=list.append).find_all("img")
    given = {"with a text": "a curve", "with an empty text": ""}
    assert picture["alt"] == given.get(kind, "No description has been provided for this image")


def test_a_text_that_several_pages_have_is_formatted_for_its_own_notebook():
    code = nbformat.v4.new_code_cell("class A { }")
    text = nbformat.v4.new_markdown_cell("![x](attachment:x.png)", attachments={"x.png": {"image/png": "AAAA"}})
    other = nbformat.v4.new_markdown_cell("![x](attachment:x.png)", attachments={"x.png": {"image/png": "BBBB"}})
    exporter = SafeHTMLExporter(config=Config())

    def page(cell, language: str) -> str:
        metadata = {"language_info": {"name": language}}
        return exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell], metadata=metadata))[0]

    for language, kind_of_keyword in {"python": "k", "java": "kd", "ipython3": "k"}.items():
        assert f'<span class="{kind_of_keyword}">class</span>' in page(code, language)
    assert "AAAA" in page(text, "python")
    assert "BBBB" in page(other, "python")


SLOW = {  # each takes many seconds with the libraries' own patterns
    "code": nbformat.v4.new_code_cell(" \n" * 3000),
    "markdown": nbformat.v4.new_markdown_cell("\\begin{a}" * 10_000),
    "html": output("display_data", {"text/html": "<b x=1>" * 20_000}),
    "style": output("display_data", {"text/html": "<style " * 64_000}),
}


@pytest.mark.parametrize("kind", SLOW)
def test_a_text_that_takes_too_long_is_plain_and_the_others_are_not(monkeypatch, kind):
    monkeypatch.setattr(feedback, "_PIECE", 1)
    before = nbformat.v4.new_markdown_cell("**before**")
    page = export(before, SLOW[kind], nbformat.v4.new_markdown_cell("**after** <script>alert(1)</script>"))
    assert page.count("Shown as plain text: it takes too long to format.") == 1
    for word in ("before", "after"):
        assert f"<strong>{word}</strong>" in page
    assert not new_dangers(page)


class SlowToGo:
    """Takes for ever when it is deleted. Python ignores whatever is raised meanwhile."""

    def __del__(self):
        while True:
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_limit_that_python_ignores_once_counts_soon_again():
    def work() -> None:
        SlowToGo()
        while True:
            pass

    with pytest.raises(feedback._TooSlow), feedback._processor_time(0.1):
        work()


def test_a_page_of_many_slow_texts_ends(monkeypatch):
    monkeypatch.setattr(feedback, "_PIECE", 0.2)
    monkeypatch.setattr(feedback, "_PAGE", 0.5)
    page = export(*(nbformat.v4.new_code_cell(" \n" * 3000) for _ in range(20)))
    assert page.count("Shown as plain text: the page has taken too long.") > 10


def test_a_text_that_the_libraries_cannot_format_costs_no_page():
    page = export(
        nbformat.v4.new_markdown_cell("![x](attachment:missing.png)"), nbformat.v4.new_markdown_cell("**ok**")
    )
    assert "Shown as plain text: it could not be formatted (InvalidNotebook)." in page
    assert "<strong>ok</strong>" in page


def test_tags_that_are_not_closed_cost_no_more_than_others():
    def seconds(name: str) -> float:
        before = time.process_time()
        clean_html(f"<{name} " * 10_000)
        return time.process_time() - before

    least = {name: min(seconds(name) for _ in range(3)) for name in ("style", "stylo")}
    assert least["style"] < 5 * least["stylo"]


def test_names_are_escaped():
    names = {"student": ATTACKS["script"], "first_name": ATTACKS["onerror"], "last_name": "O'Brien & <b>"}
    resources = SafeHTMLExporter(config=Config())._init_resources(dict(names))
    assert all("<" not in resources[name] for name in names)


def test_hidden_tests_do_not_show_in_tracebacks():
    source = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(10) == 100\n### END HIDDEN TESTS"
    settings = {"grade": True, "grade_id": "t", "points": 1, "locked": True, "solution": False, "schema_version": 3}
    trace = ["----> 3 \x1b[38;5;28;01massert\x1b[39;00m f(10) == 100", "AssertionError: "]
    error = nbformat.v4.new_output("error", ename="AssertionError", evalue="", traceback=trace)
    seen = nbformat.v4.new_output("error", ename="NameError", evalue="f", traceback=["----> 1 assert f(1) == 1"])
    cell = nbformat.v4.new_code_cell(source, outputs=[error, seen], metadata={"nbgrader": settings})
    cell, _ = HideTests().preprocess_cell(cell, {}, 0)
    assert cell.source == "assert f(1) == 1"
    assert cell.outputs[0].traceback == ["AssertionError: "]
    assert cell.outputs[1].traceback == ["----> 1 assert f(1) == 1"]


def test_feedback_of_a_class(tmp_path):
    """Through the whole of grading: outputs, Markdown, file names and names of students."""
    course = make_course(tmp_path / "course")
    show = "from IPython.display import HTML, Javascript, display; display(HTML('<img src=x onerror=alert(1)>'))"
    student = "<img src=x onerror=alert(2)>"
    folder = hand_in(course, student, double=f"{show}; display(Javascript('alert(3)')); return 7")
    nb = notebooks.read(folder / "p1.ipynb")
    nb = notebooks.fill(nb, {"why": "<iframe src='//evil.example'></iframe> [x](javascript:alert(4))"})
    nb.cells.append(nbformat.v4.new_markdown_cell("### BEGIN HIDDEN TESTS\n<script>alert(5)</script>"))
    notebooks.write(nb, folder / "p1.ipynb")
    (folder / "<script>alert(6)<").mkdir()
    (submission,) = grade(course, ASSIGNMENT, [student])
    assert submission.recorded
    assert submission.notes == []
    page = (course.folder("feedback", student, ASSIGNMENT) / "p1.html").read_text(encoding="utf-8")
    soup = BeautifulSoup(page, "html.parser")
    policy = soup.head.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    scripts = soup.find_all("script")
    assert all("mathjax" in str(script).lower() for script in scripts)
    for element in scripts:
        element.extract()
    own = {"meta", "style", "a name", "div id", "div class", "a class", "li class", "span class", "pre class"}
    assert set(dangers(str(soup))) <= own
    text = soup.get_text()
    assert "double(10)" not in text
    assert "double(1)" in text
    assert "AssertionError" in text
