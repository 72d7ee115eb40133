"""In a real browser the report lets an instructor try other points, offline, and runs nothing else."""

from __future__ import annotations

import shlex

import pytest

from autograder.reporting.items import CellMark, analyse
from autograder.reporting.page import page_of
from autograder.reporting.states import State
from autograder.reporting.summary import StudentResult, Summary

BAD = "<img src=x onerror=alert(1)><script>alert(1)</script>"
POINTS = {"ann": (2, 0), "bob": (1, 3), "cid": (2, 3), "dee": (0, 0)}  # of 2 and of 3


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The address of the report of four students and two questions; what bob won is halved, for he was late."""
    students, marks = [], []
    for student, won in POINTS.items():
        cells = {("p1", name): points for name, points in zip(("a", BAD), won, strict=True)}
        late = sum(won) / 2 if student == "bob" else 0
        students.append(StudentResult(student, BAD, BAD, {"p1": sum(won)}, 5, late, cells, state=State.GRADED))
        marks += [CellMark(student, "p1", "a", won[0], 2, False), CellMark(student, "p1", BAD, won[1], 3, False)]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page_of(Summary("c", BAD, {"p1": 5}, students, analyse(marks))), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser, report):
    """The open page, on which nothing is to go wrong, to ask for the network or to open a dialog."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    complaints = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda asked: asked.url == report or complaints.append(asked.url))
    page.goto(report)
    yield page
    page.close()
    assert complaints == []


def bars(page) -> list[str]:
    return [text or "0" for text in page.locator("#tried text").all_text_contents()[:10]]


def test_other_points_move_mean_and_distribution(page):
    outcome = page.locator("#outcome")
    # Totals: ann 2, bob 4 / 2, cid 5, dee 0.
    assert outcome.text_content() == "As it is: mean 2.25 of 5 (45 %), median 2 of 5 (40 %)."
    assert bars(page) == ["1", "0", "0", "0", "2", "0", "0", "0", "0", "1"]
    page.get_by_label("points of p1: a", exact=True).fill("7")
    # Then ann 7, bob (3.5 + 3) / 2, cid 10, dee 0.
    assert outcome.text_content() == (
        "Mean 2.25 of 5 (45 %), then 5.06 of 10 (51 %). Median 2 of 5 (40 %), then 5.13 of 10 (51 %)."
    )
    assert bars(page) == ["1", "0", "0", "1", "0", "0", "0", "1", "0", "1"]
    assert page.locator("#command code").text_content() == f"autograder points --assignment '{BAD}' p1/a=7"
    heights = page.locator("#before rect").evaluate_all("all => all.map(bar => Number(bar.getAttribute('height')))")
    assert [height > 0 for height in heights] == [True, False, False, False, True, False, False, False, False, True]
    page.get_by_role("button", name="As it is now").click()
    assert outcome.text_content().startswith("As it is: mean 2.25")
    assert not page.locator("#command").is_visible()
    assert page.get_by_label("points of p1: a", exact=True).input_value() == "2"


def test_the_command_for_other_points_is_what_a_shell_reads(page):
    page.get_by_label(f"points of p1: {BAD}").fill("0.5")
    words = shlex.split(page.locator("#command code").text_content())
    assert words == ["autograder", "points", "--assignment", BAD, f"p1/{BAD}=0.5"]


@pytest.mark.parametrize("value", ["", "-3", "0"])
def test_no_points_and_what_is_no_number_count_as_none(page, value):
    page.get_by_label("points of p1: a", exact=True).fill(value)
    assert "then 1.13 of 3" in page.locator("#outcome").text_content()  # 0, 3 / 2, 3, 0
    page.locator("input").first.fill("0")
    assert "then 0 of 0. Median" in page.locator("#outcome").text_content()


def test_a_phone_shows_all_of_it(page):
    assert not page.locator("#unscripted").count()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_a_script_the_points_can_be_read(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report)
    assert page.locator("[data-points]").all_text_contents() == ["3", "2"]
    assert page.locator("#unscripted").is_visible()
    assert not page.locator("#try").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, report, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(report)
    for name in ("--ink", "--soft", "--link", "--warn"):
        assert page.evaluate(CONTRAST, [name, "--paper"]) >= 4.5  # what WCAG 2 asks for at level AA
    assert page.evaluate(CONTRAST, ["--bar", "--paper"]) >= 3
    page.close()


# The ratio of two colours' luminances, as WCAG 2 defines it.
CONTRAST = """names => {
  const style = getComputedStyle(document.documentElement);
  const luminance = name => {
    const parts = style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi).map(part => parseInt(part, 16) / 255);
    const [red, green, blue] = parts.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = names.map(luminance).sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}"""
