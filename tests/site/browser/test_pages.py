"""In a real browser no page runs what a student wrote, not even where cleaning is left out."""

from __future__ import annotations

import nbformat
import pytest

from autograder.gradebook import feedback
from tests.engine.test_feedback import ATTACKS, MARKDOWN_ATTACKS, output


@pytest.mark.parametrize("cleaned", [True, False])
def test_nothing_runs(browser, tmp_path, monkeypatch, cleaned):
    if not cleaned:  # the content security policy alone has to hold
        monkeypatch.setattr(feedback, "clean_html", lambda html: html)
    cells = [
        nbformat.v4.new_markdown_cell(f"text\n\n{attack}") for attack in [*ATTACKS.values(), *MARKDOWN_ATTACKS.values()]
    ]
    cells += [output("display_data", {"text/html": attack}) for attack in ATTACKS.values()]
    html, _ = feedback.FeedbackExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page = browser.new_page()
    opened = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    page.goto((tmp_path / "page.html").as_uri())
    for link in page.get_by_text("click", exact=True).all():
        link.dispatch_event("click")
    page.wait_for_timeout(500)
    assert opened == []
    assert "alert(1)" in html
    page.close()
