"""A student's own page has the student's marks, messages and deadlines, and nothing of anybody or anything else."""

from __future__ import annotations

import shutil

import pytest
from bs4 import BeautifulSoup

from autograder.course.coursedir import CourseError
from autograder.exchange import transcripts
from tests.engine.plain_course import ASSIGNMENT, hand_in, make_course
from tests.support import run_autograder

BAD = "</td><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """ann waits for a person, bob has a hostile error, is late and has a comment, dee fails a hidden test."""
    course = make_course(tmp_path_factory.mktemp("pages") / "course")
    hand_in(course, "ann")
    path = hand_in(course, "bob", double=f"raise ValueError({BAD!r})")
    hand_in(course, "dee", triple="return 3 if x == 1 else 0")
    (path / "timestamp.txt").write_text("2026-12-03 12:00:00 UTC", encoding="utf-8")
    with course.gradebook() as book:
        book.add_student("cid", first_name="Cid", last_name="Ruiz")
    assert run_autograder("grade", "--course", course.root).returncode == 0
    run_autograder("deadline", "--course", course.root, "2026-12-01 12:00 UTC")
    run_autograder("extension", "--course", course.root, "--student", "bob", "--days", "1")
    with course.gradebook() as book:
        book.find_comment("why", "p1", ASSIGNMENT, "bob").manual_comment = "Have a look at chapter 3."
        book.find_grade("why", "p1", ASSIGNMENT, "ann").needs_manual_grade = True
        book.find_submission_notebook("p1", ASSIGNMENT, "bob").late_submission_penalty = 0.5
        book.db.commit()
    return course


@pytest.fixture(scope="module")
def pages(course):
    run = run_autograder("transcripts", "--course", course.root, "-o", course.root / "pages")
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"4 pages are in {course.root / 'pages'}\n"
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (course.root / "pages").iterdir()}
    assert sorted(texts) == ["ann", "bob", "cid", "dee"]
    return {student: BeautifulSoup(text, "html.parser") for student, text in texts.items()}


def rows(page: BeautifulSoup, table: str) -> dict[str, list[str]]:
    found = next(one for one in page.find_all("table") if one.caption.get_text() == table)
    lines = found.tbody.find_all("tr")
    return {line.th.get_text(): [" ".join(cell.get_text().split()) for cell in line.find_all("td")] for line in lines}


def test_marks_and_messages_are_the_students_own(pages):
    assert rows(pages["bob"], "Assignments") == {ASSIGNMENT: ["3.5", "10", "graded"]}
    assert rows(pages["bob"], "p1") == {
        "test_double": ["0", "2", f"ValueError: {BAD}"],
        "test_triple": ["2", "2", ""],
        "why": ["0", "1", "Have a look at chapter 3."],
    }
    assert rows(pages["dee"], "p1")["test_triple"] == ["0", "2", "AssertionError"]


def test_what_is_not_final_and_not_handed_in_is_said(pages):
    assert rows(pages["ann"], "p1")["why"] == ["0", "1", "waits for a person"]
    (ann,), (cid,) = (rows(pages[student], "Assignments").values() for student in ("ann", "cid"))
    assert ann == ["8", "10", "not final: a person has still to give or to confirm points"]
    assert cid == ["–", "10", "not handed in"]
    assert "Cid Ruiz" in pages["cid"].get_text()


def test_deadline_and_extension_are_told(pages):
    text = pages["bob"].get_text()
    assert "Handed in on 2026-12-03 12:00 UTC." in text
    assert "Due on 2026-12-02 12:00 UTC, with your extension of 1 day." in text
    assert "Being late has cost 0.5 points." in text
    assert "Due on 2026-12-01 12:00 UTC." in pages["cid"].get_text()


def test_there_is_nothing_of_others_and_no_hidden_test(pages):
    for student, page in pages.items():
        text = str(page)
        assert not [other for other in pages if other != student and other in text]
        assert "assert triple" not in text
        assert "== 30" not in text


def test_nothing_in_a_page_can_run_and_it_loads_nothing(pages):
    for page in pages.values():
        assert not page.find_all(["script", "img", "link", "iframe"])
        assert (
            page.find("meta", attrs={"http-equiv": True})["content"] == "default-src 'none'; style-src 'unsafe-inline'"
        )


def test_one_student_and_one_assignment_can_be_chosen(course, tmp_path):
    words = ("transcripts", "--course", course.root, "-o", tmp_path / "new")
    assert run_autograder(*words, "--student", "ann", "--assignment", ASSIGNMENT).returncode == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ann.html"]
    for wrong, message in ((("--student", "zoe"), "nothing of: zoe"), (("--assignment", "ps9"), "no assignment ps9")):
        run = run_autograder(*words, *wrong)
        assert run.returncode == 1
        assert message in run.stderr


def test_work_that_is_newer_than_its_marks_shows_no_old_marks(course, tmp_path):
    shutil.copytree(course.root, tmp_path / "course")
    changed = type(course)(tmp_path / "course")
    hand_in(changed, "ann", double="return 0")
    (record,) = transcripts.read_transcripts(changed, [ASSIGNMENT])["ann"]
    assert record.meaning == "handed in, and not graded yet"
    assert not record.cells


def test_a_browser_prints_the_page(course, tmp_path):
    found = transcripts.read_transcripts(course, [ASSIGNMENT])
    (path,) = transcripts.write_transcripts(course, {"bob": found["bob"]}, tmp_path, as_pdf=True)
    assert path.name == "bob.pdf"
    assert path.read_bytes().startswith(b"%PDF")
    assert [one.name for one in tmp_path.iterdir()] == ["bob.pdf"]


def test_without_a_browser_it_says_what_to_do(course, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CourseError, match="install Chromium or Chrome"):
        transcripts.write_transcripts(course, {}, tmp_path, as_pdf=True)


def test_an_id_that_is_a_path_is_no_file(course, tmp_path):
    with pytest.raises(CourseError, match="no file can have the name of"):
        transcripts.write_transcripts(course, {"../zoe": []}, tmp_path / "inner")
    assert not (tmp_path / "zoe.html").exists()
