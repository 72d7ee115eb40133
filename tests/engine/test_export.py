"""The marks of a term go back as they came: from the zip file of an LMS to the files that it takes."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import Result

from autograder.course.coursedir import Course
from autograder.exchange.feedback import write_feedback
from autograder.exchange.filling import fill_canvas, fill_moodle
from autograder.exchange.marked import Export, Marked
from autograder.exchange.records import Record
from autograder.exchange.roster import CANVAS as CANVAS_SYSTEM
from autograder.exchange.tables import Table
from autograder.reporting.summary import StudentResult
from tests.engine.downloads import autograder, collect, make_course, notebook, pack, unpack
from tests.engine.plain_course import ASSIGNMENT
from tests.support import run_autograder

# Canvas' gradebook, with a place for each mark. Jane has a mark from before, and Ric has none.
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,ps0 (776),ps1 (777),Current Score\r\n"
    ",,,,,,Manual Posting,\r\n"
    "    Points Possible,,,,,4.00,{maximum},(read only)\r\n"
    '"Doe, Jane",101,s1,jdoe,"Tue, early",3.5,{jdoe},88.5\r\n'
    '"Müller, Jürgen",102,00102,jmueller,Tue,EX,{jmueller},\r\n'
    '"=1+1, Eve",103,s3,eve,Tue,,{eve},\r\n'
    '"Kim, Alex",104,s4,ak1,Tue,,{ak1},\r\n'
    '"Kim, Alex",105,s5,ak2,Tue,,{ak2},\r\n'
    '"Roe, Ric",106,s6,rroe,Tue,,{rroe},\r\n'
)
WITHOUT = {"maximum": "5.00", "jdoe": "1", "jmueller": "", "eve": "", "ak1": "", "ak2": "", "rroe": ""}
MARKS = {"jdoe": "4", "jmueller": "2", "eve": "4", "ak1": "4", "ak2": "2"}

# Moodle's worksheet of the same class. Only some have an ID number or an address.
MOODLE = (
    'Identifier,"Full name","ID number","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\n'
    '"Participant 501","Jane Doe",jdoe,jane@example.org,"Submitted for grading",{jdoe},{maximum},Yes,'
    '"Sunday, 1 March 2026, 10:00 AM",-,"<p>Well ""done"",\nJane</p>"\n'
    '"Participant 502","Jürgen Müller",,,"Submitted for grading",{jmueller},{maximum},Yes,-,-,\n'
    '"Participant 503","Eve =1+1",,,"Submitted for grading",{eve},{maximum},Yes,-,-,=1+1\n'
    '"Participant 504","Alex Kim",ak1,,"Submitted for grading",{ak1},{maximum},Yes,-,-,\n'
    '"Participant 505","Alex Kim",ak2,,"Submitted for grading",{ak2},{maximum},Yes,-,-,\n'
    '"Participant 506","Ric Roe",,,"No submission",{rroe},{maximum},Yes,-,-,\n'
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Course:
    """A course whose class has handed in on Canvas, and was graded."""
    folder = tmp_path_factory.mktemp("term")
    course = make_course(folder / "course")
    zip_file = pack(
        folder / "submissions.zip",
        {
            "doejane_101_2001_ps1.ipynb": notebook(why="It adds."),
            "müllerjürgen_LATE_102_2002_ps1-1.ipynb": notebook("return 0"),
            "11eve_103_2003_PS1 final.ipynb": notebook(),
            "11eve_103_2010_mine.html": "a page of the student's own",
            "kimalex_104_2004_ps1.ipynb": notebook(),
            "kimalex_105_2005_ps1.ipynb": notebook("return 0"),
        },
    )
    run = collect(course, zip_file, "--roster", write(folder / "grades.csv", CANVAS.format(**WITHOUT)))
    assert run.exit_code == 0, run.output
    run = run_autograder("grade", "--course", course.root)
    assert run.returncode == 0, run.stderr
    assert (
        "there already" in collect(course, zip_file, "--roster", folder / "grades.csv").stdout
    )  # grading forgets nothing
    return course


@pytest.fixture
def own(graded, tmp_path) -> Course:
    """A copy of it that a test can change."""
    shutil.copytree(graded.root, tmp_path / "course")
    return Course(tmp_path / "course")


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def export(course: Course, system: str, output: Path, *arguments: str | Path) -> Result:
    return autograder(
        "export", "--to", system, "--course", course.root, "--assignment", ASSIGNMENT, "-o", output, *arguments
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


# Canvas


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_canvas_gets_its_own_file_back_with_one_column_filled(graded, tmp_path, encoding, delimiter):
    def form(marks: dict[str, str]) -> str:
        text = CANVAS.format(**WITHOUT | marks)
        return text if delimiter == "," else "\r\n".join(convert(line) for line in text.split("\r\n"))

    def convert(line: str) -> str:
        return ";".join(f'"{cell}"' if "," in cell else cell for row in csv.reader([line]) for cell in row)

    download = write(tmp_path / "grades.csv", form({}), encoding)
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", download)
    assert run.exit_code == 0, run.output
    assert "(5 students)" in run.stdout
    assert (tmp_path / "marks.csv").read_bytes() == form(MARKS).encode(encoding)
    assert download.read_bytes() == form({}).encode(encoding)


def test_who_is_excused_stays_so(graded, tmp_path):
    download = write(tmp_path / "grades.csv", CANVAS.format(**WITHOUT | {"eve": "EX", "ak1": "N/A"}))
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", download)
    assert (tmp_path / "marks.csv").read_text() == CANVAS.format(
        **WITHOUT | MARKS | {"eve": "EX", "ak1": "N/A"}
    ).replace("\r\n", "\n")
    assert "Warning: eve: EX stays, and 4 points are not entered" in run.stderr


def test_an_instructor_is_warned_of_another_maximum_and_of_marks_that_can_change(graded, tmp_path):
    download = write(tmp_path / "grades.csv", CANVAS.format(**WITHOUT | {"maximum": "100.00"}))
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", download)
    assert run.exit_code == 0
    assert "Warning: Canvas says that the maximum is 100, and it is 5." in run.stderr
    assert "Warning: 1 wait for a person, and their marks can still change: jdoe" in run.stderr
    assert "graded again" not in run.stderr


def test_an_instructor_is_warned_of_work_that_is_newer_than_its_marks(own, tmp_path):
    zip_file = pack(tmp_path / "new.zip", {"kimalex_105_2009_ps1-1.ipynb": notebook()})
    roster = write(tmp_path / "grades.csv", CANVAS.format(**WITHOUT))
    assert "ak2: newer" in collect(own, zip_file, "--roster", roster).stdout
    run = export(own, "canvas", tmp_path / "marks.csv", "--from", roster)
    assert "Warning: 1 are to be graded, or graded again: ak2. Run: autograder grade" in run.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MOODLE, "is no gradebook of Canvas'"),
        (
            CANVAS.replace("ps1 (777)", "Problem set (777)"),
            "has no column ps1 (NUMBER); its assignments: ps0 (776), Pro",
        ),
        (CANVAS.replace("ps0 (776)", "ps1 (776)"), "has several assignments ps1: ps1 (776), ps1 (777)"),
        (CANVAS.replace("ps0 (776)", "ps0").replace("ps1 (777)", "ps1"), "its assignments: none"),
    ],
)
def test_a_column_of_canvas_that_is_not_certain_is_refused(graded, tmp_path, text, message):
    download = write(tmp_path / "grades.csv", text.format(**WITHOUT))
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", download)
    assert run.exit_code == 1
    assert message in run.stderr
    assert not (tmp_path / "marks.csv").exists()


def test_the_only_assignment_in_the_file_is_taken_and_named(graded, tmp_path):
    text = CANVAS.replace("ps0 (776)", "Remarks").replace("ps1 (777)", "Problem set (777)")
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", write(tmp_path / "g.csv", text.format(**WITHOUT)))
    assert run.exit_code == 0
    assert "Warning: the marks go to the only assignment in the file, Problem set (777)" in run.stderr
    assert (tmp_path / "marks.csv").read_bytes().decode() == text.format(**WITHOUT | MARKS)


def test_marks_do_not_go_to_another_assignment_of_the_course(graded, tmp_path):
    with graded.gradebook() as gradebook:
        gradebook.update_or_create_assignment("ps0")
    text = CANVAS.replace("ps1 (777)", "Remarks").format(**WITHOUT)
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", write(tmp_path / "g.csv", text))
    assert run.exit_code == 1
    assert "has no column ps1 (NUMBER); its assignments: ps0 (776)" in run.stderr
    assert not (tmp_path / "marks.csv").exists()


def test_a_student_who_is_not_in_the_file_is_listed(graded, tmp_path):
    lines = [line for line in CANVAS.format(**WITHOUT).splitlines(keepends=True) if "eve" not in line]
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", write(tmp_path / "g.csv", "".join(lines)))
    assert run.exit_code == 1
    assert "eve: unknown student: Eve =1+1, Canvas 103, id eve" in run.stderr
    assert "is not in g.csv" in run.stderr


def test_canvas_gets_pages_under_the_names_of_the_files_that_were_handed_in(graded, tmp_path):
    download = write(tmp_path / "grades.csv", CANVAS.format(**WITHOUT))
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", download, "--feedback")
    assert "marks-feedback.zip (5 pages)" in run.stdout
    with zipfile.ZipFile(tmp_path / "marks-feedback.zip") as archive:
        assert archive.namelist() == [
            "kimalex_104_2004_ps1.html",
            "kimalex_105_2005_ps1.html",
            "11eve_103_2003_PS1 final.html",
            "doejane_101_2001_ps1.html",
            "müllerjürgen_LATE_102_2002_ps1-1.html",
        ]
        assert b"<html" in archive.read("doejane_101_2001_ps1.html")


def test_pages_that_cannot_go_back_to_canvas_are_listed(own, tmp_path):
    (own.root / ".autograder" / "ps1.collected.json").unlink()
    shutil.rmtree(own.root / "feedback" / "eve")
    download = write(tmp_path / "grades.csv", CANVAS.format(**WITHOUT))
    run = export(own, "canvas", tmp_path / "marks.csv", "--from", download, "--feedback")
    assert run.exit_code == 1
    assert "jdoe: the feedback page ps1.html cannot go back: its notebook was not collected from Canvas" in run.stderr
    assert "eve: there is no feedback page" in run.stderr
    assert (tmp_path / "marks.csv").read_bytes().decode() == CANVAS.format(**WITHOUT | MARKS)


def test_a_mark_does_not_go_to_a_namesake_who_has_another_number(graded, tmp_path):
    text = CANVAS.format(**WITHOUT).replace("101,s1,jdoe,", "999,s9,jdoe2,")
    run = export(graded, "canvas", tmp_path / "marks.csv", "--from", write(tmp_path / "g.csv", text))
    assert run.exit_code == 1
    assert "jdoe: unknown student: Jane Doe, Canvas 101, id jdoe" in run.stderr
    assert '"Doe, Jane",999,s9,jdoe2,"Tue, early",3.5,1,' in (tmp_path / "marks.csv").read_text()


def test_one_of_two_pages_that_is_missing_is_listed(tmp_path):
    course = make_course(tmp_path / "course", ("p", "q"))
    record = Record(
        CANVAS_SYSTEM, "101", "doejane_101", 1.0, "", {"p": "doejane_101_1_p.ipynb", "q": "doejane_101_2_q.ipynb"}
    )
    result = StudentResult("jdoe", notebooks={"p": 1.0, "q": 1.0})
    unpack(course.folder("feedback", "jdoe", ASSIGNMENT), {"q.html": "<html>"})
    table = Table(write(tmp_path / "g.csv", CANVAS.format(**WITHOUT)))
    filled = Export(table.write, system=CANVAS_SYSTEM, rows={"jdoe": table.rows[2]})
    students = [Marked(result, "", "", True, record)]
    write_feedback(course, ASSIGNMENT, students, filled, table, tmp_path / "pages.zip")
    assert [str(problem) for problem in filled.problems] == [
        "jdoe: there is no feedback page p.html. Run: autograder grade --force"
    ]
    with zipfile.ZipFile(tmp_path / "pages.zip") as archive:
        assert archive.namelist() == ["doejane_101_2_q.html"]


# Moodle


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16"])
def test_moodle_gets_its_own_file_back_with_the_grades_filled(graded, tmp_path, encoding):
    download = write(tmp_path / "sheet.csv", MOODLE.format(**WITHOUT), encoding)
    run = export(graded, "moodle", tmp_path / "marks.csv", "--from", download, "--feedback")
    assert run.exit_code == 0, run.output
    assert (tmp_path / "marks.csv").read_bytes() == MOODLE.format(**WITHOUT | MARKS).encode(encoding)
    with zipfile.ZipFile(tmp_path / "marks-feedback.zip") as archive:
        assert sorted(archive.namelist()) == [
            "Alex Kim_504_assignsubmission_file_/ps1.html",
            "Alex Kim_505_assignsubmission_file_/ps1.html",
            "Eve =1+1_503_assignsubmission_file_/ps1.html",
            "Jane Doe_501_assignsubmission_file_/ps1.html",
            "Jürgen Müller_502_assignsubmission_file_/ps1.html",
        ]


def test_a_page_goes_to_the_participant_who_gets_the_mark(own, tmp_path):
    """Participants have other numbers in another assignment: those of the worksheet count."""
    files = {"Jane Doe_901_assignsubmission_file_/ps1.ipynb": notebook(why="It adds.")}
    shutil.rmtree(own.root / "submitted" / "jdoe")
    collect(own, pack(tmp_path / "x.zip", files), "--roster", write(tmp_path / "class.csv", "id,name\njdoe,Jane Doe\n"))
    sheet = write(tmp_path / "sheet.csv", MOODLE.format(**WITHOUT))
    export(own, "moodle", tmp_path / "marks.csv", "--from", sheet, "--feedback")
    with zipfile.ZipFile(tmp_path / "marks-feedback.zip") as archive:
        assert "Jane Doe_501_assignsubmission_file_/ps1.html" in archive.namelist()


def test_a_grade_that_stood_in_quotes_stays_so(graded, tmp_path):
    text = MOODLE.replace("{jmueller},", '"{jmueller}",')
    export(graded, "moodle", tmp_path / "marks.csv", "--from", write(tmp_path / "s.csv", text.format(**WITHOUT)))
    assert (tmp_path / "marks.csv").read_text() == text.format(**WITHOUT | MARKS)


def test_two_of_one_name_get_no_mark_of_each_other(graded, tmp_path):
    text = MOODLE.replace("ak1,", ",").replace("ak2,", ",")
    run = export(graded, "moodle", tmp_path / "marks.csv", "--from", write(tmp_path / "s.csv", text.format(**WITHOUT)))
    assert run.exit_code == 1
    assert "ak1: ambiguous: Alex Kim" in run.stderr
    assert "ak2: ambiguous: Alex Kim" in run.stderr
    assert (tmp_path / "marks.csv").read_text() == text.format(**WITHOUT | MARKS | {"ak1": "", "ak2": ""})


def test_two_students_on_one_line_get_no_mark(graded, tmp_path):
    lines = [line for line in MOODLE.splitlines(keepends=True) if "505" not in line]
    text = "".join(lines).replace('"Alex Kim",ak1', '"Alex Kim",')
    run = export(graded, "moodle", tmp_path / "marks.csv", "--from", write(tmp_path / "s.csv", text.format(**WITHOUT)))
    assert run.exit_code == 1
    assert "ak1 and ak2: ambiguous: they would have the same line of s.csv" in run.stderr
    assert (tmp_path / "marks.csv").read_text() == text.format(**WITHOUT | MARKS | {"ak1": ""})


@pytest.mark.parametrize(("fill", "text"), [(fill_canvas, CANVAS), (fill_moodle, MOODLE.replace("ak1,,", ",a@b.c,"))])
def test_an_id_is_not_taken_for_a_number_of_the_system(tmp_path, fill, text):
    path = write(tmp_path / "form.csv", text.format(**WITHOUT))
    number = "104" if fill is fill_canvas else "504"
    students = [Marked(StudentResult(number, notebooks={ASSIGNMENT: 4.0}, max_score=5.0), "", "", True, None)]
    filled = fill(students, Table(path), path, *[ASSIGNMENT] * (fill is fill_canvas))
    assert filled.filled == 0
    assert [problem.what for problem in filled.problems] == [number]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CANVAS, "is no grading worksheet of Moodle's"),
        (MOODLE.replace("Grade,", "Bewertung,", 1), "Set Moodle's language to English, and download it again"),
        (MOODLE.replace("Maximum Grade", "Scale"), "the assignment in Moodle has a scale and no points"),
    ],
)
def test_a_file_that_is_no_worksheet_is_refused(graded, tmp_path, text, message):
    run = export(graded, "moodle", tmp_path / "marks.csv", "--from", write(tmp_path / "s.csv", text.format(**WITHOUT)))
    assert run.exit_code == 1
    assert message in run.stderr
    assert not (tmp_path / "marks.csv").exists()


def test_a_term_on_moodle_goes_from_zip_to_zip(own, tmp_path):
    """The marks are there already: this is how they find the participants whose work was collected from Moodle."""
    shutil.rmtree(own.root / "submitted")
    (own.root / ".autograder" / "ps1.collected.json").unlink()
    sheet = MOODLE.format(**WITHOUT | {"maximum": "100,00"}).replace("jdoe,", ",").replace("Jane Doe", "J. D.", 1)
    roster = write(tmp_path / "class.csv", "id,full name\njdoe,J. D.\n")
    files = {"J. D._501_assignsubmission_file/ps1.ipynb": notebook(why="It adds.")}
    assert collect(own, pack(tmp_path / "x.zip", files), "--roster", roster).exit_code == 0
    run = export(own, "moodle", tmp_path / "marks.csv", "--from", write(tmp_path / "sheet.csv", sheet), "--feedback")
    assert "Warning: Moodle says that the maximum is 100, and it is 5." in run.stderr
    assert (
        '"Participant 501","J. D.",,jane@example.org,"Submitted for grading",4,' in (tmp_path / "marks.csv").read_text()
    )
    with zipfile.ZipFile(tmp_path / "marks-feedback.zip") as archive:
        assert "J. D._501_assignsubmission_file_/ps1.html" in archive.namelist()


# New tables


def test_a_table_for_people_says_who_waits_and_who_has_not_handed_in(own, tmp_path):
    with own.gradebook() as gradebook:
        gradebook.add_student("new", first_name="@New", email="new@example.org")
        for student, penalty in (("eve", 1.5), ("jmueller", 50.0)):
            gradebook.find_submission_notebook(ASSIGNMENT, ASSIGNMENT, student).late_submission_penalty = penalty
        gradebook.db.commit()
    collect(own, unpack(tmp_path / "class", {"-late/ps1.ipynb": notebook()}))
    run = export(own, "csv", tmp_path / "marks.csv")
    assert run.exit_code == 0
    rows = {row.pop("student_id"): list(row.values()) for row in rows_of(tmp_path / "marks.csv")}
    assert rows == {
        "'-late": ["", "", "", "", "5", "", "no", "yes"],
        "ak1": ["Kim", "Alex", "", "4", "5", "0", "no", "yes"],
        "ak2": ["Kim", "Alex", "", "2", "5", "0", "no", "yes"],
        "eve": ["'=1+1", "Eve", "", "2.5", "5", "1.5", "no", "yes"],
        "jdoe": ["Doe", "Jane", "", "4", "5", "0", "yes", "yes"],
        "jmueller": ["Müller", "Jürgen", "", "0", "5", "50", "no", "yes"],
        "new": ["", "'@New", "new@example.org", "", "5", "", "no", "no"],
        "rroe": ["Roe", "Ric", "", "", "5", "", "no", "no"],
    }


def test_gradescope_gets_the_columns_that_it_has_itself(own, tmp_path):
    metadata = (
        "submission_1:\n  :submitters:\n"
        "  - {':name': Plus Sign, ':sid': '+4912', ':email': p@example.org}\n"
        "  - {':name': Bad Sign, ':sid': '=1+1', ':email': b@example.org}\n"
    )
    zip_file = pack(
        tmp_path / "x.zip", {"submission_metadata.yml": metadata, "submission_1/ps1.ipynb": notebook("return 1")}
    )
    assert collect(own, zip_file).exit_code == 0
    run = export(own, "gradescope", tmp_path / "marks.csv")
    assert "Warning: =1+1: a spreadsheet would run this as a formula, so an apostrophe stands before it" in run.stderr
    rows = rows_of(tmp_path / "marks.csv")
    assert list(rows[0]) == ["First Name", "Last Name", "SID", "Email", "Total Score", "Max Points", "Status"]
    by_sid = {row["SID"]: (row["Last Name"], row["Total Score"], row["Status"]) for row in rows}
    assert by_sid["+4912"] == ("", "", "Ungraded")
    assert by_sid["'=1+1"] == ("", "", "Ungraded")
    assert by_sid["eve"] == ("'=1+1", "4", "Graded")
    assert by_sid["rroe"] == ("Roe", "", "Missing")


# Wrong use


@pytest.mark.parametrize(
    ("system", "arguments", "message"),
    [
        ("canvas", [], "--to canvas needs --from FILE"),
        ("moodle", ["--feedback"], "--to moodle needs --from FILE"),
        ("csv", ["--from", "IN"], "--from is for canvas and moodle"),
        ("gradescope", ["--feedback"], "--feedback is for canvas and moodle"),
        ("canvas", ["--from", "OUT"], "-o names the file of --from"),
        ("blackboard", [], "'blackboard' is not one of"),
    ],
)
def test_options_that_do_not_fit_are_refused(graded, tmp_path, system, arguments, message):
    download, output = (write(tmp_path / name, CANVAS.format(**WITHOUT)) for name in ("in.csv", "out.csv"))
    places = {"IN": download, "OUT": output}
    run = export(graded, system, output, *(places.get(argument, argument) for argument in arguments))
    assert run.exit_code == 2
    assert message in run.stderr
    assert output.read_bytes() == download.read_bytes()


def test_a_folder_that_is_not_there_is_named(graded, tmp_path):
    run = export(graded, "csv", tmp_path / "missing" / "marks.csv")
    assert run.exit_code == 2
    assert f"there is no folder {tmp_path / 'missing'}" in run.stderr
