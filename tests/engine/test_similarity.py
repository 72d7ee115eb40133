"""Answers that are alike are found, whatever they are called; what the instructor has given is not; nothing can run."""

from __future__ import annotations

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.converters import GenerateAssignment
from pygments.lexers import PythonLexer

from autograder.course import notebooks
from autograder.course.coursedir import Course, run_converter
from autograder.similarity.answers import LARGEST, Answer, Work
from autograder.similarity.find import find_similar
from autograder.similarity.fingerprints import LENGTH, Token, hash_passages, merge, read_tokens, winnow
from autograder.similarity.page import cut
from autograder.similarity.pairs import COMMON, compare
from tests.engine.plain_course import ASSIGNMENT, CONFIG, hand_in, make_course
from tests.support import run_autograder

LOOP = (
    "total = 0\n    for n in range(len(values)):\n"
    "        total += weights[n] * values[n] ** 2\n    return total / len(values)"
)
RENAMED = (
    "s = 0   # my own idea\n\n    for index in range(len(v)):\n"
    "        s += w[index] * v[index] ** 2\n    return s / len(v)"
)
OTHER = "return sum(w * v * v for w, v in zip(weights, values, strict=True)) / len(values) if values else float('nan')"
BAD = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>"


def work(student: str, source: str, given: str = "") -> Work:
    lexer = PythonLexer()
    tokens = read_tokens(source, lexer)
    fingerprints = winnow(hash_passages(tokens), set(hash_passages(read_tokens(given, lexer))))
    return Work(student, "p1", [Answer("a", source, tokens, fingerprints)])


def alike(*sources: str, given: str = "") -> dict[tuple[str, str], float]:
    works = [work(f"s{n}", source, given) for n, source in enumerate(sources)]
    return {(pair.first.student, pair.second.student): pair.similarity for pair in compare(works)}


def test_other_names_comments_and_layout_make_no_difference():
    assert alike(f"def f():\n    {LOOP}", f"def g():\n    {RENAMED}") == {("s0", "s1"): 1.0}


def test_another_way_is_not_alike():
    assert alike(LOOP, OTHER) == {}


def test_a_copied_part_is_found_in_the_midst_of_own_work():
    own = "\n".join(f"first_{n} = list(map(str, data)) or {n} + other.get('x', {{}})" for n in range(4))
    ((_, similarity),) = alike(
        LOOP, f"{own}\nif True:\n    {LOOP}\nwhile own and not done: own = own.next(1)[2]"
    ).items()
    assert 0.2 < similarity < 0.5


def test_every_passage_that_is_long_enough_is_found_wherever_it_stands():
    tokens = [Token(text, 0, 1) for text in "abcdefghijklmnopq"]  # 17: a passage and a window, less one
    assert len(tokens) == LENGTH + 6 - 1
    for before in range(20):
        for after in range(3):
            around = [Token(f"x{n}", 0, 1) for n in range(before)], [Token(f"y{n}", 0, 1) for n in range(after)]
            there = {one.hash for one in winnow(hash_passages([*around[0], *tokens, *around[1]]), ())}
            assert there & {one.hash for one in winnow(hash_passages(tokens), ())}


def test_what_was_given_does_not_count():
    assert alike(LOOP, LOOP)
    assert alike(LOOP, LOOP, given=f"import x\n{LOOP}\n") == {}


def test_what_everybody_wrote_does_not_count():
    assert len(alike(*[LOOP] * COMMON)) == COMMON * (COMMON - 1) // 2
    assert alike(*[LOOP] * (COMMON + 1)) == {}


def test_hashes_are_the_same_in_every_run():
    tokens = read_tokens("a = f(b, 1) + [c, 'd'] * 2", PythonLexer())
    assert [token.text for token in tokens[:4]] == ["name", "=", "name", "("]
    assert hash_passages(tokens)[0] == 13258275089628740520


def test_what_is_shared_is_marked_and_nothing_is_lost():
    source = f"mine = {{1: 2}}\n{LOOP}\nyours = (3, 4)[0]"
    one = work("s0", source)
    shared = frozenset(one.hashes & work("s1", LOOP).hashes)
    pieces = cut(one.answers[0], shared)
    assert "".join(piece.text for piece in pieces) == source
    assert [piece.is_shared for piece in pieces] == [False, True, False]
    assert pieces[1].text in LOOP
    assert merge([], one.answers[0].tokens) == []


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """ann and bob have the same loop, cid has another way and a cell that would run; dee's file is broken."""
    course = make_course(tmp_path_factory.mktemp("alike") / "course")
    hand_in(course, "ann", double=LOOP)
    hand_in(course, "bob", double=f"# {BAD}\n    {RENAMED}")
    hand_in(course, "cid", double=OTHER)
    (hand_in(course, "dee") / "p1.ipynb").write_text("broken", encoding="utf-8")
    return course


def test_the_command_writes_a_page_with_the_pair_side_by_side(course):
    run = run_autograder("similarity", "--course", course.root)
    assert run.returncode == 0, run.stderr
    assert [line.split()[:3] for line in run.stdout.splitlines() if "p1" in line] == [["ann", "and", "bob"]]
    page = BeautifulSoup((course.root / "results" / ASSIGNMENT / "similarity.html").read_text("utf-8"), "html.parser")
    first = page.find("details")
    assert first.summary.get_text().startswith("100 % ann and bob, p1:")
    sides = [side.h3.get_text() for side in first.find_all("section")]
    assert sides == ["ann", "bob"]
    assert all("range(len(" in side.mark.get_text() for side in first.find_all("section"))
    assert "no proof" in page.get_text()
    assert "dee: p1.ipynb could not be read: Unreadable" in page.get_text()
    assert "cid" not in page.get_text()


def test_nothing_that_a_student_wrote_can_run_in_the_page(course):
    find_similar(course, ASSIGNMENT)
    text = (course.root / "results" / ASSIGNMENT / "similarity.html").read_text("utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert BAD in page.get_text()
    assert not page.find_all(["script", "img", "iframe", "link", "object"])
    assert page.find("meta", attrs={"http-equiv": True})["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert "http" not in text.replace("http-equiv", "")


def test_code_that_was_given_in_a_cell_for_answers_does_not_count(tmp_path):
    course = given_course(tmp_path / "course")
    for student, answer in (("ann", "return 1"), ("bob", "return 2")):
        nb = notebooks.read(course.folder("release", ".", ASSIGNMENT) / "p1.ipynb")
        source = nb.cells[0].source.replace("raise NotImplementedError()", answer)
        path = course.folder("submitted", student, ASSIGNMENT) / "p1.ipynb"
        notebooks.write(notebooks.fill(nb, {"answer": source}), path)
        assert "weights[n]" in source
    assert find_similar(course, ASSIGNMENT)[0] == []


def given_course(root) -> Course:
    """Make a course whose only answer is a cell that holds a long piece of code to go on from."""
    root.mkdir()
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    course = Course(root)
    source = f"def given():\n    {LOOP}\n\ndef own():\n    ### BEGIN SOLUTION\n    return 0\n    ### END SOLUTION"
    roles = {
        "grade": False,
        "locked": False,
        "solution": True,
        "schema_version": 3,
        "grade_id": "answer",
        "task": False,
    }
    cell = nbformat.v4.new_code_cell(source, id="answer", metadata={"nbgrader": roles})
    nb = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": notebooks.KERNELSPEC})
    notebooks.write(nb, course.folder("source", ".", ASSIGNMENT) / "p1.ipynb")
    run_converter(GenerateAssignment, course, course.directory(assignment_id=ASSIGNMENT))
    return course


def test_of_endless_code_the_beginning_is_compared(course):
    folder = hand_in(course, "eve", double=f"{LOOP}\n" + "x = 1\n" * LARGEST)
    try:
        pairs, page = find_similar(course, ASSIGNMENT)
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    assert ("ann", "eve") in {(pair.first.student, pair.second.student) for pair in pairs}
    assert "only the first 20000 characters are compared" in page.read_text("utf-8")
