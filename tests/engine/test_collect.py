"""An instructor takes downloads of submissions in: whose each one is, what is renamed, and what is refused."""

from __future__ import annotations

import io
import os
import re
import shutil
import unicodedata
import zipfile
from pathlib import Path

import pytest

from autograder.course.coursedir import Course
from autograder.exchange import archives
from autograder.gradebook.journal import lock
from tests.engine.downloads import autograder, collect, make_course, notebook, pack, submitted, unpack
from tests.engine.plain_course import ASSIGNMENT
from tests.support import run_autograder

CANVAS_GRADEBOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Section,ps1 (777),Current Score\r\n"
    "    Points Possible,,,,,5.00,(read only)\r\n"
    '"Doe, Jane",101,s1,jdoe,Tuesday,,\r\n'
    '"Müller, Jürgen",102,s2,jmueller,Tuesday,,\r\n'
)
WORKSHEET = (
    '\ufeffIdentifier,"Full name","ID number","Email address",Status,Grade,"Maximum Grade","Feedback comments"\n'
    '"Participant 501","Jane Doe",jdoe,jane@example.org,Submitted,,5.00,\n'
    '"Participant 502","Jürgen Müller",,juergen@example.org,Submitted,,5.00,\n'
)
GRADESCOPE = """---
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: '0101'
    :email: jane@example.org
  :created_at: 2026-03-01 10:00:00.500000000 Z
  :score: 0.0
submission_2:
  :submitters:
  - :name: Jürgen Müller
    :sid: '0102'
    :email: juergen@example.org
  - :name: Ric Roe
    :sid:
    :email: ric@example.org
  :created_at: 2026-03-02 12:00:00.000000000 +02:00
"""


@pytest.fixture
def course(tmp_path, empty) -> Course:
    return empty(tmp_path / "course")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Return a function that makes a course with one notebook, from one that nbgrader has made once."""
    pattern = make_course(tmp_path_factory.mktemp("pattern") / "course").root

    def copy(root: Path) -> Course:
        shutil.copytree(pattern, root)
        return Course(root)

    return copy


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def students_of(course: Course) -> dict[str, tuple[str | None, ...]]:
    with course.gradebook() as gradebook:
        return {s.id: (s.first_name, s.last_name, s.email, s.lms_user_id) for s in gradebook.students}


# Canvas


def test_canvas_work_goes_to_the_students_of_its_gradebook(course, tmp_path):
    zip_file = pack(
        tmp_path / "submissions.zip",
        {
            "doejane_101_2001_ps1.ipynb": notebook(),
            "doejane_101_2002_notes.txt": "hello",
            "müllerjürgen_LATE_102_2003_ps1-2.ipynb": notebook("return 0"),
        },
    )
    run = collect(course, zip_file, "--roster", write(tmp_path / "grades.csv", CANVAS_GRADEBOOK))
    assert run.exit_code == 0, run.output
    assert submitted(course) == {
        "jdoe/ps1/ps1.ipynb": notebook().encode(),
        "jdoe/ps1/notes.txt": b"hello",
        "jmueller/ps1/ps1.ipynb": notebook("return 0").encode(),
    }
    assert "jmueller: new (Canvas: müllerjürgen_102); Canvas says that it came late, but not when" in run.stdout
    assert "2 hand-ins: 2 new" in run.stdout
    assert students_of(course) == {
        "jdoe": ("Jane", "Doe", None, "101"),
        "jmueller": ("Jürgen", "Müller", None, "102"),
    }


def test_without_a_roster_the_number_of_canvas_is_the_id(course, tmp_path):
    files = {"doejane_101_2001_ps1.ipynb": notebook(), "team blue_LATE_102_2002_ps1.ipynb": notebook()}
    assert collect(course, pack(tmp_path / "submissions.zip", files)).exit_code == 0
    assert set(submitted(course)) == {"101/ps1/ps1.ipynb", "102/ps1/ps1.ipynb"}
    assert students_of(course) == {}


def test_a_group_of_canvas_is_known_by_the_number_of_its_member(course, tmp_path):
    zip_file = pack(tmp_path / "submissions.zip", {"teamblue_102_2001_ps1.ipynb": notebook()})
    run = collect(course, zip_file, "--roster", write(tmp_path / "grades.csv", CANVAS_GRADEBOOK))
    assert run.exit_code == 0, run.output
    assert set(submitted(course)) == {"jmueller/ps1/ps1.ipynb"}


def test_texts_links_and_anonymous_files_of_canvas_are_listed(course, tmp_path):
    names = ["doejane_101_text.html", "doejane_101_link.html", "anon_XyZ12_2001_ps1.ipynb", "syllabus.pdf"]
    files = dict.fromkeys(names, "") | {"roeric_103_2009_ps1.ipynb": notebook()}
    run = collect(course, pack(tmp_path / "submissions.zip", files))
    assert run.exit_code == 1
    assert set(submitted(course)) == {"103/ps1/ps1.ipynb"}
    assert run.stderr.splitlines() == [
        "4 could not be placed:",
        "  doejane_101_text.html: is a text or a link that was handed in, not a file",
        "  doejane_101_link.html: is a text or a link that was handed in, not a file",
        "  anon_XyZ12_2001_ps1.ipynb: is anonymous. Turn off anonymous marking in Canvas, and download again",
        "  syllabus.pdf: is not named as Canvas names a student's file",
    ]


@pytest.mark.parametrize("name", ["anon_12345_2001_ps1.ipynb", "LATE_anon_12345_2001_ps1.ipynb"])
def test_an_anonymous_number_of_canvas_is_no_student(course, tmp_path, name):
    run = collect(course, pack(tmp_path / "submissions.zip", {name: notebook()}))
    assert run.exit_code == 1
    assert f"{name}: is anonymous" in run.stderr
    assert submitted(course) == {}


def test_the_later_of_two_uploads_with_one_name_counts(course, tmp_path):
    files = {"doejane_101_2002_ps1-1.ipynb": notebook("return 2"), "doejane_101_2001_ps1.ipynb": notebook("return 1")}
    run = collect(course, pack(tmp_path / "submissions.zip", files))
    assert submitted(course) == {"101/ps1/ps1.ipynb": notebook("return 2").encode()}
    assert "ps1-1.ipynb is a later upload of ps1.ipynb and counts" in run.stdout


def test_files_of_two_names_with_one_number_are_not_put_together(course, tmp_path):
    files = {"doejane_101_2001_ps1.ipynb": notebook(), "team_101_102_2002_ps1.ipynb": notebook("return 0")}
    run = collect(course, pack(tmp_path / "x.zip", files), "--roster", write(tmp_path / "g.csv", CANVAS_GRADEBOOK))
    assert run.exit_code == 1
    assert "jdoe: ambiguous: team_101 and doejane_101 are both this student's" in run.stderr
    assert submitted(course) == {}


# Again, and newer


def test_the_same_zip_twice_changes_nothing(course, tmp_path):
    zip_file = pack(tmp_path / "submissions.zip", {"doejane_101_2001_ps1.ipynb": notebook()})
    collect(course, zip_file)
    mended = course.root / "submitted" / "101" / "ps1" / "ps1.ipynb"
    mended.write_text("mended by the instructor")
    run = collect(course, zip_file)
    assert run.exit_code == 0
    assert "101: there already" in run.stdout
    assert mended.read_text() == "mended by the instructor"


def test_a_newer_hand_in_replaces_an_older_one_and_never_the_other_way_round(course, tmp_path):
    first = pack(tmp_path / "first.zip", {"doejane_101_2001_ps1.ipynb": notebook("return 1"), "doejane_101_2002_a": ""})
    second = pack(tmp_path / "second.zip", {"doejane_101_2009_ps1-1.ipynb": notebook("return 2")})
    collect(course, first)
    run = collect(course, second)
    assert "101: newer, replaces what is there" in run.stdout
    assert submitted(course) == {"101/ps1/ps1.ipynb": notebook("return 2").encode()}
    run = collect(course, first)
    assert "101: older than what is there, which stays" in run.stdout
    assert run.exit_code == 0
    assert submitted(course) == {"101/ps1/ps1.ipynb": notebook("return 2").encode()}


def test_what_was_changed_since_is_not_replaced(course, tmp_path):
    """So is it where a run was killed: it has placed newer work than the records know of."""
    downloads = {}
    for number in (2001, 2002, 2003):
        files = {f"doejane_101_{number}_ps1.ipynb": notebook(f"return {number}")}
        downloads[number] = pack(tmp_path / f"{number}.zip", files)
    collect(course, downloads[2001])
    records = course.root / ".autograder" / f"{ASSIGNMENT}.collected.json"
    before = records.read_bytes()
    collect(course, downloads[2003])
    records.write_bytes(before)
    run = collect(course, downloads[2002])
    assert run.exit_code == 1
    assert "was changed since it was collected. Move it away to take this" in run.stderr
    assert submitted(course) == {"101/ps1/ps1.ipynb": notebook("return 2003").encode()}
    assert "101: there already" in collect(course, downloads[2003]).stdout
    assert "101: older than what is there" in collect(course, downloads[2002]).stdout


def test_work_that_came_another_way_is_not_replaced(course, tmp_path):
    unpack(course.root / "submitted", {"101/ps1/ps1.ipynb": "by hand"})
    run = collect(course, pack(tmp_path / "submissions.zip", {"doejane_101_2001_ps1.ipynb": notebook()}))
    assert run.exit_code == 1
    assert "holds other work that was not collected. Move it away to take this" in run.stderr
    assert submitted(course) == {"101/ps1/ps1.ipynb": b"by hand"}


def test_hand_ins_of_two_systems_are_not_compared(course, tmp_path):
    collect(course, pack(tmp_path / "canvas.zip", {"doejane_101_2001_ps1.ipynb": notebook()}))
    run = collect(course, unpack(tmp_path / "class", {"101/ps1.ipynb": notebook("return 0")}))
    assert run.exit_code == 1
    assert "nothing says whether this or doejane_101" in run.stderr
    assert submitted(course) == {"101/ps1/ps1.ipynb": notebook().encode()}


def test_one_person_does_not_get_two_ids(course, tmp_path):
    zip_file = pack(tmp_path / "submissions.zip", {"doejane_101_2001_ps1.ipynb": notebook()})
    roster = write(tmp_path / "grades.csv", CANVAS_GRADEBOOK)
    collect(course, zip_file)
    run = collect(course, zip_file, "--roster", roster)
    assert run.exit_code == 1
    assert "doejane_101: was collected as 101 before. Give the same roster as then, or delete " in run.stderr
    assert set(submitted(course)) == {"101/ps1/ps1.ipynb"}
    shutil.rmtree(course.root / "submitted" / "101")
    assert collect(course, zip_file, "--roster", roster).exit_code == 0
    assert set(submitted(course)) == {"jdoe/ps1/ps1.ipynb"}


def test_two_people_do_not_get_one_id(course, tmp_path):
    roster = write(tmp_path / "class.csv", "id,full name\nak1,Alex Kim\n")
    first = pack(tmp_path / "1.zip", {"kimalex_104_2001_ps1.ipynb": notebook()})
    second = pack(tmp_path / "2.zip", {"kimalex_105_2002_ps1.ipynb": notebook("return 0")})
    run = collect(course, first, second, "--roster", roster)
    assert run.exit_code == 1
    assert "kimalex_105: ambiguous: the work in " in run.stderr
    assert "is ak1's, too, and came from kimalex_104. Give a roster that tells them apart" in run.stderr
    assert submitted(course) == {"ak1/ps1/ps1.ipynb": notebook().encode()}


def test_the_folder_of_one_person_does_not_go_to_two_ids(course, tmp_path):
    folder = unpack(tmp_path / "class", {"jdoe/ps1.ipynb": notebook()})
    collect(course, folder)
    run = collect(course, folder, "--roster", write(tmp_path / "class.csv", "id,username\n0101,jdoe\n"))
    assert run.exit_code == 1
    assert "jdoe: was collected as jdoe before" in run.stderr
    assert set(submitted(course)) == {"jdoe/ps1/ps1.ipynb"}


def test_the_same_work_again_is_as_new_as_the_last_time(course, tmp_path):
    answers = {2009: "return 1", 2001: "return 1", 2005: "return 2"}
    for number, answer in answers.items():
        files = {f"doejane_101_{number}_ps1.ipynb": notebook(answer)}
        run = collect(course, pack(tmp_path / f"{number}.zip", files))
    assert "101: older than what is there, which stays" in run.stdout
    assert submitted(course) == {"101/ps1/ps1.ipynb": notebook("return 1").encode()}


def test_a_dry_run_of_two_downloads_says_what_would_become_of_both(course, tmp_path):
    first = pack(tmp_path / "1.zip", {"doejane_101_2001_ps1.ipynb": notebook("return 1")})
    second = pack(tmp_path / "2.zip", {"doejane_101_2002_ps1.ipynb": notebook("return 2")})
    run = collect(course, second, first, "--dry-run")
    assert run.stdout.replace("Nothing was changed: this was a dry run.\n", "") == collect(course, second, first).stdout


def test_a_dry_run_changes_nothing(course, tmp_path):
    zip_file = pack(tmp_path / "submissions.zip", {"doejane_101_2001_ps1 (2).ipynb": notebook()})
    before = {path: path.stat().st_mtime_ns for path in course.root.rglob("*")}
    run = collect(course, zip_file, "--roster", write(tmp_path / "grades.csv", CANVAS_GRADEBOOK), "--dry-run")
    assert run.exit_code == 0, run.output
    assert "jdoe: new (Canvas: doejane_101); ps1 (2).ipynb was renamed to ps1.ipynb" in run.stdout
    assert "Nothing was changed: this was a dry run." in run.stdout
    assert {path: path.stat().st_mtime_ns for path in course.root.rglob("*")} == before


def test_nobody_grades_meanwhile(course, tmp_path):
    zip_file = pack(tmp_path / "submissions.zip", {"doejane_101_2001_ps1.ipynb": notebook()})
    with lock(course, course.root / ".autograder"):
        run = collect(course, zip_file)
    assert run.exit_code == 1
    assert "is grading in" in run.stderr
    assert submitted(course) == {}


# Moodle


@pytest.mark.parametrize(
    "name",
    [
        "{name}_{number}_assignsubmission_file_/ps1.ipynb",
        "{name}_{number}_assignsubmission_file/ps1.ipynb",
        "{name}_{number}_assignsubmission_file_ps1.ipynb",
        "CS1-Problem set 1-99/{name}_{number}_assignsubmission_file_/ps1.ipynb",
    ],
    ids=["folders", "folders since 4.1", "flat", "folders in a folder"],
)
def test_moodle_work_goes_to_the_students_of_its_worksheet(course, tmp_path, name):
    class_ = {"Jane Doe": 501, "Jürgen Müller": 502}
    files = {name.format(name=student, number=number): notebook() for student, number in class_.items()}
    text = (
        name.format(name="Jane Doe", number=501).replace("_file", "_onlinetext").replace("ps1.ipynb", "onlinetext.html")
    )
    run = collect(
        course, pack(tmp_path / "x.zip", files | {text: "hi"}), "--roster", write(tmp_path / "w.csv", WORKSHEET)
    )
    assert run.exit_code == 0, run.output
    assert set(submitted(course)) == {"jdoe/ps1/ps1.ipynb", "juergen@example.org/ps1/ps1.ipynb"}
    assert students_of(course) == {
        "jdoe": ("Jane", "Doe", "jane@example.org", "jdoe"),
        "juergen@example.org": ("Jürgen", "Müller", "juergen@example.org", None),
    }


def test_the_name_of_a_file_does_not_make_it_another_participants(course, tmp_path):
    name = "Jane Doe_501_assignsubmission_file_x_502_assignsubmission_file_ps1.ipynb"
    files = {"Jürgen Müller_502_assignsubmission_file_ps1.ipynb": notebook(), name: notebook("return 0")}
    run = collect(course, pack(tmp_path / "x.zip", files), "--roster", write(tmp_path / "w.csv", WORKSHEET))
    assert run.exit_code == 0, run.output
    assert submitted(course) == {
        "jdoe/ps1/ps1.ipynb": notebook("return 0").encode(),
        "juergen@example.org/ps1/ps1.ipynb": notebook().encode(),
    }


def test_without_a_roster_the_participant_of_moodle_is_the_id(course, tmp_path):
    files = {
        "Jane Doe_501_assignsubmission_file_/ps1.ipynb": notebook(),
        "Ric Roe_502_assignsubmission_onlinetext_/onlinetext.html": "text only",
    }
    run = collect(course, pack(tmp_path / "x.zip", files))
    assert set(submitted(course)) == {"501/ps1/ps1.ipynb"}
    assert run.exit_code == 1
    assert "Ric Roe_502_assignsubmission_onlinetext_: a text was handed in, but no file" in run.stderr


def test_a_number_of_moodle_is_never_taken_for_an_id(course, tmp_path):
    roster = write(tmp_path / "class.csv", "id,full name\n501,Ann Able\n7,Jane Doe\n")
    run = collect(
        course,
        pack(tmp_path / "x.zip", {"Jane Doe_501_assignsubmission_file_/ps1.ipynb": notebook()}),
        "--roster",
        roster,
    )
    assert run.exit_code == 0, run.output
    assert set(submitted(course)) == {"7/ps1/ps1.ipynb"}


# Gradescope


@pytest.mark.parametrize("top", ["", "assignment_9_export/"])
def test_gradescope_work_has_times_and_groups(course, tmp_path, top):
    files = {
        f"{top}submission_metadata.yml": GRADESCOPE,
        f"{top}submission_1/ps1.ipynb": notebook(),
        f"{top}submission_2/ps1.ipynb": notebook("return 0"),
        f"{top}submission_3/ps1.ipynb": notebook(),
    }
    run = collect(course, pack(tmp_path / "x.zip", files))
    assert run.exit_code == 1
    assert run.stderr.splitlines()[1:] == ["  submission_3: has no submitter in submission_metadata.yml"]
    there = submitted(course)
    assert there["0101/ps1/timestamp.txt"] == b"2026-03-01 10:00:00.500000 UTC\n"
    assert there["0102/ps1/timestamp.txt"] == there["ric@example.org/ps1/timestamp.txt"]
    assert there["0102/ps1/timestamp.txt"] == b"2026-03-02 10:00:00.000000 UTC\n"
    assert there["0102/ps1/ps1.ipynb"] == there["ric@example.org/ps1/ps1.ipynb"] == notebook("return 0").encode()


def test_gradescope_students_are_found_by_address_and_number(course, tmp_path):
    roster = write(tmp_path / "class.csv", "username,E-Mail,id\njdoe,,0101\njm,JUERGEN@example.org,5\nrr,,6\n")
    files = {"submission_metadata.yml": GRADESCOPE, "submission_1/ps1.ipynb": notebook()}
    run = collect(course, pack(tmp_path / "x.zip", files | {"submission_2/ps1.ipynb": notebook()}), "--roster", roster)
    assert {name.partition("/")[0] for name in submitted(course)} == {"0101", "5"}
    assert "unknown student: Ric Roe, e-mail ric@example.org is not in the roster" in run.stderr


def test_a_list_of_gradescope_cannot_multiply_files_without_end(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MOST_FILES", 50)
    members = "".join(f"  - {{':email': a{number}@b.c}}\n" for number in range(100))
    files = {
        "submission_metadata.yml": f"submission_1:\n  :submitters:\n{members}",
        "submission_1/ps1.ipynb": notebook(),
    }
    run = collect(course, pack(tmp_path / "x.zip", files))
    assert run.exit_code == 1
    assert "x.zip holds more than 50 files" in run.stderr
    assert submitted(course) == {}


def test_a_list_of_gradescope_cannot_crash_the_process(course, tmp_path):
    files = {"submission_metadata.yml": "- " * 200_000, "submission_1/ps1.ipynb": notebook()}
    zip_file = pack(tmp_path / "x.zip", files)
    run = run_autograder("collect", "--course", course.root, "--assignment", ASSIGNMENT, zip_file)
    assert run.returncode == 1
    assert "x.zip cannot be read: too many lists in lists" in run.stderr


def test_texts_of_gradescope_are_no_numbers_and_no_code(course, tmp_path):
    text = (
        "submission_1:\n  :submitters:\n  - {':name': Jane Doe, ':sid': 0101}\n"
        f"? 0x{'f' * 10_000}\n: 1:{'59:' * 10_000}59\n"
        "a: !!python/object/apply:os.system ['touch evil']\n"
    )
    run = collect(
        course, pack(tmp_path / "x.zip", {"submission_metadata.yml": text, "submission_1/ps1.ipynb": notebook()})
    )
    assert set(submitted(course)) == {"0101/ps1/ps1.ipynb"}
    assert run.exit_code == 1  # for the others are no submissions
    assert not Path("evil").exists()


@pytest.mark.parametrize("text", ["submission_1: [", "- 1"])
def test_a_list_of_gradescope_that_cannot_be_read_is_refused(course, tmp_path, text):
    run = collect(course, pack(tmp_path / "x.zip", {"submission_metadata.yml": text, "submission_1/ps1.ipynb": ""}))
    assert run.exit_code == 1
    assert run.stderr.startswith("Error: submission_metadata.yml in ")
    assert submitted(course) == {}


def test_a_name_of_gradescope_with_no_end_is_no_name(course, tmp_path):
    laughs = "\n".join(f"x{number}: &x{number} [{', '.join([f'*x{number - 1}'] * 9)}]" for number in range(1, 40))
    text = (
        f"x0: &x0 ha\n{laughs}\nsubmission_1:\n  :submitters:\n  - {{':name': *x39, ':sid': *x39, ':email': a@b.c}}\n"
    )
    run = collect(
        course, pack(tmp_path / "x.zip", {"submission_metadata.yml": text, "submission_1/ps1.ipynb": notebook()})
    )
    assert set(submitted(course)) == {"a@b.c/ps1/ps1.ipynb"}
    assert run.exit_code == 1  # for the others are no submissions


# Folders


@pytest.mark.parametrize("top", ["", "class/"])
@pytest.mark.parametrize("make", [pack, unpack])
def test_folders_have_the_names_of_students(course, tmp_path, make, top):
    files = {
        f"{top}jdoe/ps1.ipynb": notebook(),
        f"{top}jdoe/._ps1.ipynb": "",
        f"{top}jdoe/.git/config": "secret",
        f"{top}jdoe/.ipynb_checkpoints/ps1-checkpoint.ipynb": notebook(),
        f"{top}jdoe/data/x.csv": "1",
        f"{top}rroe/ps1/ps1.ipynb": notebook(),
        f"{top}rroe/ps0/ps0.ipynb": notebook(),
        f"__MACOSX/{top}jdoe/._ps1.ipynb": "",
    }
    run = collect(course, make(tmp_path / ("class.zip" if make is pack else "class"), files))
    assert run.exit_code == 0, run.output
    assert set(submitted(course)) == {"jdoe/ps1/ps1.ipynb", "jdoe/ps1/data/x.csv", "rroe/ps1/ps1.ipynb"}


def test_the_only_student_of_a_zip_file_is_not_taken_for_its_folder(course, tmp_path):
    collect(course, pack(tmp_path / "jdoe.zip", {"jdoe/ps1/ps1.ipynb": notebook()}))
    assert set(submitted(course)) == {"jdoe/ps1/ps1.ipynb"}


def test_the_time_that_a_student_has_written_does_not_count(course, tmp_path):
    files = {"jdoe/timestamp.txt": "2000-01-01", "rroe/Timestamp.txt/x": "", "rroe/ps1.ipynb": notebook()}
    run = collect(course, unpack(tmp_path / "class", files | {"jdoe/ps1.ipynb": notebook()}))
    assert set(submitted(course)) == {"jdoe/ps1/ps1.ipynb", "rroe/ps1/ps1.ipynb"}
    assert "its own timestamp.txt was left out" in run.stdout


def test_of_a_notebook_in_two_forms_the_newer_one_counts(course, tmp_path):
    folder = unpack(tmp_path / "class", {"jd/ps1.ipynb": notebook(), "jd/ps1.py": "# %%\n"})
    os.utime(folder / "jd" / "ps1.ipynb", (2_000_000_000, 2_000_000_000))
    assert "ps1 was handed in twice" not in collect(course, folder).stdout
    there = course.root / "submitted" / "jd" / "ps1"
    assert (there / "ps1.ipynb").stat().st_mtime > (there / "ps1.py").stat().st_mtime


def test_a_newer_folder_replaces_an_older_one(course, tmp_path):
    folder = unpack(tmp_path / "class", {"jdoe/ps1.ipynb": notebook()})
    os.utime(folder / "jdoe" / "ps1.ipynb", (1_000_000_000, 1_000_000_000))
    collect(course, folder)
    unpack(folder, {"jdoe/ps1.ipynb": notebook("return 0")})
    assert "jdoe: newer" in collect(course, folder).stdout
    assert submitted(course) == {"jdoe/ps1/ps1.ipynb": notebook("return 0").encode()}


def test_a_file_in_no_folder_is_listed(course, tmp_path):
    run = collect(course, unpack(tmp_path / "class", {"jdoe/ps1.ipynb": notebook(), "readme.txt": "hi"}))
    assert run.exit_code == 1
    assert "readme.txt: lies in no student's folder" in run.stderr
    assert set(submitted(course)) == {"jdoe/ps1/ps1.ipynb"}


def test_folders_that_differ_in_case_only_are_ambiguous(course, tmp_path):
    files = {"jdoe/ps1.ipynb": notebook(), "JDoe/ps1.ipynb": notebook("return 0")}
    run = collect(course, pack(tmp_path / "x.zip", files))
    assert run.exit_code == 1
    assert "jdoe: ambiguous: jdoe and JDoe are both this student's" in run.stderr
    assert submitted(course) == {}


# Whose it is


def test_an_umlaut_of_a_mac_is_the_same_umlaut(course, tmp_path):
    mac = unicodedata.normalize("NFD", "Jürgen Müller_502_assignsubmission_file_/Übung.ipynb")
    roster = write(tmp_path / "class.csv", "id,first name,last name\njm,Jürgen,Müller\n")
    zip_file = tmp_path / "x.zip"
    write_unflagged(zip_file, mac.encode(), notebook())
    run = collect(course, zip_file, "--roster", roster)
    assert run.exit_code == 0, run.output
    assert set(submitted(course)) == {"jm/ps1/ps1.ipynb"}
    assert f"{unicodedata.normalize('NFC', 'Übung')}.ipynb was renamed to ps1.ipynb" in run.stdout


def test_names_that_differ_in_vowel_signs_are_two(course, tmp_path):
    kamal, komal = "\u0915\u092e\u0932", "\u0915\u094b\u092e\u0932"  # in Devanagari, where an o is a mark
    roster = write(tmp_path / "class.csv", f"id,full name\nkamal,{kamal}\n")
    files = {
        f"{name}_{number}_assignsubmission_file_/ps1.ipynb": notebook() for name, number in ((kamal, 1), (komal, 2))
    }
    run = collect(course, pack(tmp_path / "x.zip", files), "--roster", roster)
    assert run.exit_code == 1
    assert f"unknown student: {komal}, Moodle 2 is not in the roster" in run.stderr
    assert set(submitted(course)) == {"kamal/ps1/ps1.ipynb"}


def write_unflagged(path: Path, name: bytes, content: str) -> None:
    """Write a zip file whose one name is these bytes, without the flag that says UTF-8: so does a Mac."""
    stand_in = "x" * len(name)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(stand_in, content)
    path.write_bytes(data.getvalue().replace(stand_in.encode(), name))


def test_two_students_with_one_name_are_ambiguous(course, tmp_path):
    roster = write(tmp_path / "class.csv", "id,first name,last name\nak1,Alex,Kim\nak2,Alex,Kim\njd,Jane,Doe\n")
    files = {
        "Alex Kim_501_assignsubmission_file_/ps1.ipynb": notebook(),
        "Jane Doe_502_assignsubmission_file_/ps1.ipynb": notebook(),
    }
    run = collect(course, pack(tmp_path / "x.zip", files), "--roster", roster)
    assert run.exit_code == 1
    assert "ambiguous: Alex Kim, Moodle 501 can be ak1 or ak2" in run.stderr
    assert set(submitted(course)) == {"jd/ps1/ps1.ipynb"}


def test_a_namesake_who_has_another_number_is_somebody_else(course, tmp_path):
    zip_file = pack(tmp_path / "x.zip", {"doejane_999_2001_ps1.ipynb": notebook()})
    run = collect(course, zip_file, "--roster", write(tmp_path / "grades.csv", CANVAS_GRADEBOOK))
    assert run.exit_code == 1
    assert "unknown student: doejane, Canvas 999 is not in the roster" in run.stderr
    assert submitted(course) == {}


def test_a_number_and_a_name_that_disagree_are_ambiguous(course, tmp_path):
    zip_file = pack(tmp_path / "x.zip", {"müllerjürgen_101_2001_ps1.ipynb": notebook()})
    run = collect(course, zip_file, "--roster", write(tmp_path / "grades.csv", CANVAS_GRADEBOOK))
    assert run.exit_code == 1
    assert "ambiguous: the number or address says jdoe, the name says jmueller" in run.stderr
    assert submitted(course) == {}


@pytest.mark.parametrize("name", ["janedoe", "doejane"])
def test_an_id_column_holds_canvas_numbers_if_the_name_agrees(course, tmp_path, name):
    roster = write(tmp_path / "class.csv", "id,full name\n101,Jane Doe\n102,Jane Doe\n")
    run = collect(course, pack(tmp_path / "x.zip", {f"{name}_101_2001_ps1.ipynb": notebook()}), "--roster", roster)
    assert run.exit_code == 0, run.output
    assert set(submitted(course)) == {"101/ps1/ps1.ipynb"}


def test_an_id_column_that_means_somebody_else_does_not_count(course, tmp_path):
    roster = write(tmp_path / "class.csv", "id,full name\n101,Ann Able\n")
    run = collect(course, pack(tmp_path / "x.zip", {"doejane_101_2001_ps1.ipynb": notebook()}), "--roster", roster)
    assert run.exit_code == 1
    assert "unknown student: doejane, Canvas 101 is not in the roster" in run.stderr


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("utf-16", "\t"), ("utf-16-be", ",")],
)
def test_a_roster_is_read_in_every_form(course, tmp_path, encoding, delimiter):
    lines = ["Username,First name,Last name,E-Mail", '"jm","Jürgen","Müller","juergen@example.org"', ""]
    text = "\r\n".join(lines).replace(",", delimiter)
    roster = write(tmp_path / "class.csv", "\ufeff" * (encoding == "utf-16-be") + text, encoding)
    files = {"Jürgen Müller_502_assignsubmission_file_/ps1.ipynb": notebook()}
    run = collect(course, pack(tmp_path / "x.zip", files), "--roster", roster)
    assert run.exit_code == 0, run.output
    assert set(submitted(course)) == {"jm/ps1/ps1.ipynb"}
    assert students_of(course) == {"jm": ("Jürgen", "Müller", "juergen@example.org", None)}


def test_canvas_gives_first_and_last_name_in_columns_of_their_own(course, tmp_path):
    text = "LastName,FirstName,ID,SIS User ID,SIS Login ID,Section,ps1 (777)\nDoe,Jane,101,,jdoe,T,\n"
    zip_file = pack(tmp_path / "x.zip", {"doejane_101_2001_ps1.ipynb": notebook()})
    assert collect(course, zip_file, "--roster", write(tmp_path / "g.csv", text)).exit_code == 0
    assert students_of(course) == {"jdoe": ("Jane", "Doe", None, "101")}


def test_a_roster_does_not_empty_what_the_gradebook_knows(course, tmp_path):
    with course.gradebook() as gradebook:
        gradebook.add_student("jd", email="jane@example.org", lms_user_id="9")
    roster = write(tmp_path / "class.csv", "id,full name,lms_user_id\njd,Jane Doe,\n")
    collect(course, unpack(tmp_path / "class", {"jd/ps1.ipynb": notebook()}), "--roster", roster)
    assert students_of(course) == {"jd": ("Jane", "Doe", "jane@example.org", "9")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("first name,last name\nJane,Doe\n", "has no column id, username or e-mail; it has: first name, last name"),
        ("id\njd\nJD\n", "'jd' cannot be a student's id: two students have it"),
        ("id\n../jd\n", "'../jd' cannot be a student's id: it is empty or begins with a dot"),
        ("id\nC:\\jd\n", "cannot be a student's id: it holds characters that no folder's name should have"),
        ("id,name\n,Jane\n", "'' cannot be a student's id: it is empty or begins with a dot"),
        ("id\n" + "j" * 129 + "\n", "it is longer than 128 bytes"),
        ("id\n" + "ü" * 128 + "\n", "it is longer than 128 bytes"),
        ("PK\x03\x04\0\0\0\0", "is no CSV file: it is no text"),
    ],
)
def test_a_roster_that_is_none_is_refused(course, tmp_path, text, message):
    zip_file = pack(tmp_path / "x.zip", {"jd/ps1.ipynb": notebook()})
    run = collect(course, zip_file, "--roster", write(tmp_path / "class.csv", text))
    assert run.exit_code == 1
    assert message in run.stderr
    assert "Traceback" not in run.output
    assert submitted(course) == {}
    assert students_of(course) == {}


def test_nobody_is_entered_when_a_download_is_refused(course, tmp_path):
    zip_file = pack(tmp_path / "x.zip", {"../jd/ps1.ipynb": notebook()})
    run = collect(course, zip_file, "--roster", write(tmp_path / "class.csv", "id,name\njd,Jane Doe\n"))
    assert run.exit_code == 1
    assert students_of(course) == {}


# Which notebook it is


@pytest.mark.parametrize("name", ["ps1 (2).ipynb", "PS1-1.ipynb", "ps1_solved.ipynb", "Untitled.ipynb"])
def test_the_only_notebook_gets_the_right_name(course, tmp_path, name):
    run = collect(course, unpack(tmp_path / "class", {f"jd/{name}": notebook()}))
    assert run.exit_code == 0
    assert f"{name} was renamed to ps1.ipynb" in run.stdout
    assert set(submitted(course)) == {"jd/ps1/ps1.ipynb"}


def test_one_of_two_notebooks_is_not_renamed(course, tmp_path):
    other = notebook().replace('"grade_id": "', '"grade_id": "other_')
    run = collect(course, unpack(tmp_path / "class", {"jd/ps1 (2).ipynb": notebook(), "jd/ps2.ipynb": other}))
    assert run.exit_code == 1
    assert "jd: ps2.ipynb: is no notebook of the assignment" in run.stderr
    assert "ps1 (2).ipynb is graded as ps1, whose cells it holds" in run.stdout
    assert set(submitted(course)) == {"jd/ps1/ps1 (2).ipynb", "jd/ps1/ps2.ipynb"}


@pytest.mark.parametrize("name", ["ps1.pdf", "ps2.ipynb"])
def test_what_holds_no_notebook_of_the_assignment_is_listed(course, tmp_path, name):
    other = notebook().replace('"grade_id": "', '"grade_id": "other_')
    run = collect(course, unpack(tmp_path / "class", {f"jd/{name}": other}))
    assert run.exit_code == 1
    assert f"jd: holds no notebook of ps1; what it holds: {name}" in run.stderr
    assert submitted(course) == {}


def test_a_damaged_notebook_is_for_a_person_to_see(course, tmp_path):
    run = collect(course, unpack(tmp_path / "class", {"jd/ps1_final.ipynb": "{"}))
    assert run.exit_code == 0
    assert submitted(course) == {"jd/ps1/ps1.ipynb": b"{"}


def test_a_folder_that_a_student_has_packed_is_left_out(course, tmp_path):
    files = {
        "jd/my work/final/ps1.ipynb": notebook(),
        "rr/my work/notes.txt": "",
        "rr/my work/final/ps1.ipynb": notebook(),
    }
    run = collect(course, unpack(tmp_path / "class", files))
    assert set(submitted(course)) == {"jd/ps1/ps1.ipynb"}
    assert "rr: holds no notebook of ps1; what it holds: final, notes.txt" in run.stderr


# Hostile archives


@pytest.mark.parametrize(
    "name",
    ["../evil.ipynb", "jd/../../evil.ipynb", "/evil.ipynb", "C:/evil.ipynb", "C:evil.ipynb", "jd\\..\\..\\evil.ipynb"],
)
def test_a_name_that_leads_elsewhere_is_refused(course, tmp_path, name):
    before = set(tmp_path.rglob("*"))
    zip_file = pack(tmp_path / "x.zip", {"jd/ps1.ipynb": notebook(), name: "evil"})
    run = collect(course, zip_file)
    assert run.exit_code == 1
    assert f"x.zip is refused: the name {name.replace(chr(92), '/')} leads out of it" in run.stderr
    assert submitted(course) == {}
    made = {path for path in set(tmp_path.rglob("*")) - before if ".autograder" not in str(path)}
    assert made == {zip_file}
    assert not Path("/evil.ipynb").exists()


@pytest.mark.parametrize(
    "name",
    [
        "doejane_101_2001_..",
        "Jane Doe_101_assignsubmission_file_..",
        "Jane Doe_101_assignsubmission_file_../0/ps1.ipynb",
        "Jane Doe_101_assignsubmission_file_",
        "Jane Doe_101_assignsubmission_file",
    ],
)
def test_what_is_left_of_a_name_does_not_lead_elsewhere(course, tmp_path, name):
    good = "roeric_102_2002_ps1.ipynb" if "2001" in name else "Ric Roe_102_assignsubmission_file_/ps1.ipynb"
    run = collect(course, pack(tmp_path / "x.zip", {good: notebook(), name: "evil"}))
    assert run.exit_code == 1
    assert f"{name} cannot be the name of a file" in run.stderr
    assert submitted(course) == {"102/ps1/ps1.ipynb": notebook().encode()}


def test_an_empty_name_is_refused(course, tmp_path):
    run = collect(course, declare(tmp_path / "x.zip", {"evil": "x", "jd/ps1.ipynb": notebook()}, filename=""))
    assert run.exit_code == 1
    assert submitted(course) == {}


def test_a_name_that_is_no_utf_8_is_refused(course, tmp_path):
    write_unflagged(tmp_path / "x.zip", b"j\xfcrgen/ps1.ipynb", notebook())
    run = collect(course, tmp_path / "x.zip")
    assert run.exit_code == 1
    assert (
        r"the name j\udcfcrgen/ps1.ipynb is no UTF-8. Unpack the file, mend the name, and give the folder" in run.stderr
    )


def test_links_are_neither_made_nor_followed(course, tmp_path):
    secret = write(tmp_path / "secret.txt", "secret")
    link = zipfile.ZipInfo("evil/link.txt")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, str(secret))
        archive.writestr("evil/ps1.ipynb", notebook())
        archive.writestr("good/ps1.ipynb", notebook())
    run = collect(course, tmp_path / "x.zip")
    assert run.exit_code == 1
    assert "evil: evil/link.txt is a link or no ordinary file" in run.stderr
    assert set(submitted(course)) == {"good/ps1/ps1.ipynb"}

    folder = unpack(tmp_path / "class", {"evil2/ps1.ipynb": notebook(), "good2/ps1.ipynb": notebook()})
    (folder / "evil2" / "link.txt").symlink_to(secret)
    (folder / "evil3").symlink_to(tmp_path)
    run = collect(course, folder)
    assert "evil2: evil2/link.txt is a link or no ordinary file" in run.stderr
    assert set(submitted(course)) == {"good/ps1/ps1.ipynb", "good2/ps1/ps1.ipynb"}


def declare(path: Path, files: dict[str, str], **details: int) -> Path:
    """Write a zip file whose directory says something else of each file than is true, such as its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for entry in archive.filelist:
            if "evil" in entry.filename:
                for name, value in details.items():
                    setattr(entry, name, value)
    return path


@pytest.mark.parametrize(
    ("details", "message"),
    [
        ({"file_size": 5_000_000_000}, "would be 5.0 GB, more than 0.5 GB, when unpacked"),
        ({"flag_bits": 1}, "is encrypted"),
        ({"CRC": 7}, "cannot be unpacked: Bad CRC-32"),
        ({"compress_type": 99}, "cannot be unpacked: "),
    ],
)
def test_a_file_that_must_not_be_unpacked_stops_nobody_else(course, tmp_path, details, message):
    files = {"evil/ps1.ipynb": notebook(), "good/ps1.ipynb": notebook()}
    run = collect(course, declare(tmp_path / "x.zip", files, **details))
    assert run.exit_code == 1
    assert f"evil: evil/ps1.ipynb {message}" in run.stderr
    assert set(submitted(course)) == {"good/ps1/ps1.ipynb"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_file_stops_nobody_else_however_it_is_packed(course, tmp_path, method):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        archive.writestr("evil/ps1.ipynb", notebook())
        packed = archive.getinfo("evil/ps1.ipynb").compress_size
        archive.writestr("good/ps1.ipynb", notebook())
    damaged = bytearray(data.getvalue())
    damaged[packed // 2 : packed // 2 + 50] = b"\xff" * 50
    (tmp_path / "x.zip").write_bytes(damaged)
    run = collect(course, tmp_path / "x.zip")
    assert run.exit_code == 1
    assert "evil: evil/ps1.ipynb cannot be unpacked: " in run.stderr
    assert set(submitted(course)) == {"good/ps1/ps1.ipynb"}


def test_a_bomb_of_many_parts_is_refused(course, tmp_path):
    files = {f"evil/{number}": "x" for number in range(30)}
    run = collect(course, declare(tmp_path / "x.zip", files, file_size=400_000_000))
    assert run.exit_code == 1
    assert "x.zip would unpack to more than 10 GB; refused at evil/25" in run.stderr


def test_too_many_files_are_refused(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MOST_FILES", 3)
    run = collect(course, pack(tmp_path / "x.zip", {f"jd/{number}": "" for number in range(5)}))
    assert run.exit_code == 1
    assert "x.zip holds more than 3 files; refused at jd/3" in run.stderr


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["evil/a.txt", "evil/A.txt"], "evil/a.txt and evil/A.txt would be one file on some systems"),
        (["evil/a.txt", "evil/a.txt"], "evil/a.txt is there twice"),
        (["evil/a", "evil/A/b"], "evil/A/b lies in a folder that is also a file"),
        (["evil/" + "d/" * 600 + "x"], "evil/d/d/d"),
        (["evil/" + "x" * 250], "has a name that is too long"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_cannot_be_side_by_side_are_listed(course, tmp_path, names, message):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in [*names, "evil/ps1.ipynb", "good/ps1.ipynb"]:
            archive.writestr(name, notebook())
    run = collect(course, tmp_path / "x.zip")
    assert run.exit_code == 1
    assert re.search(f"evil: .*{re.escape(message)}", run.stderr)
    assert set(submitted(course)) == {"good/ps1/ps1.ipynb"}


@pytest.mark.parametrize("name", ["jd\n", " jd", "jd:", ".jd", "j" * 129])
def test_a_folder_whose_name_can_be_no_id_is_listed(course, tmp_path, name):
    run = collect(course, pack(tmp_path / "x.zip", {f"{name}/ps1.ipynb": notebook()}))
    assert run.exit_code == 1
    assert "cannot be a student's id" in run.stderr
    assert submitted(course) == {}


def test_a_name_cannot_pass_itself_off_as_several_lines(course, tmp_path):
    run = collect(course, pack(tmp_path / "x.zip", {"jd\n0 could not be placed\x1b[2J/ps1.ipynb": notebook()}))
    assert run.exit_code == 1
    assert len(run.stderr.splitlines()) == 2
    assert "\x1b" not in run.output


# Wrong use


def test_what_is_no_archive_is_refused(course, tmp_path):
    run = collect(course, write(tmp_path / "x.zip", "no zip"))
    assert run.exit_code == 1
    assert "x.zip is no folder and no zip file that can be read" in run.stderr
    assert "holds no files" in collect(course, unpack(tmp_path / "empty", {"__MACOSX/x": ""})).stderr
    assert collect(course, tmp_path / "missing.zip").exit_code == 2


def test_an_unknown_assignment_is_refused(course, tmp_path):
    folder = unpack(tmp_path / "class", {"jd/ps1.ipynb": notebook()})
    run = autograder("collect", folder, "--course", course.root, "--assignment", "ps9")
    assert run.exit_code == 1
    assert "the gradebook has no assignment ps9; it has: ps1" in run.stderr


def test_records_that_cannot_be_read_are_named(course, tmp_path):
    folder = unpack(tmp_path / "class", {"jd/ps1.ipynb": notebook()})
    assert collect(course, folder).exit_code == 0
    (course.root / ".autograder" / f"{ASSIGNMENT}.collected.json").write_text("{")
    run = collect(course, folder)
    assert run.exit_code == 1
    assert "ps1.collected.json cannot be read" in run.stderr
