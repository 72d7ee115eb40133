"""Write the tables of promises in ``security.md`` from the tests: ``python -m tests.system.promise_table``.

A test names the promises that it shows with ``@pytest.mark.promise``, a submission that the tests hand in names its own
with ``promise``. What is promised, and in which words, stands here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.engine.attacks.suite import CASES as ATTACKS
from tests.engine.forgeries.suite import CASES as FORGERIES
from tests.engine.test_isolation import OPEN_UNDER_LANDLOCK
from tests.support import DOCS, ROOT

PAGE = DOCS / "security.md"
_HEADS = {"sandbox": "guarantee", "landlock": "what is not held", "marks": "guarantee"}
PROMISES = {
    "sandbox": {
        "reads": (
            "A notebook reads the system, the Python environment and a copy of its own folder. It cannot see the "
            "home, the course, the gradebook, the hidden tests or other submissions."
        ),
        "writes": (
            "It changes nothing but its own copy. Only plain files and folders come back, and only to its own folder."
        ),
        "links": "Links in a submission are not followed.",
        "network": "It has no network and reaches no program of this machine.",
        "processes": "It sees no other processes and stops none. All that it has started ends with it.",
        "environment": "It gets no environment variables but harmless ones and those that the course names.",
        "rights": "It gains no rights.",
        "limits": (
            "Time, memory, processes, open files, disk and output are limited. Beyond a limit it is interrupted, "
            "ended or cut off, and the instructor learns why."
        ),
        "messages": "The grader accepts any message of a kernel, valid or not, and goes on.",
        "submissions": (
            "Whatever a submission holds, it gets a mark and a note, in a time that its size limits. The grader "
            "expands none of its magics."
        ),
        "terminal": "Nothing that a submission names steers the instructor's terminal.",
        "neighbours": "Whatever one submission does, the others keep their marks.",
        "no sandbox": "Without a sandbox that works, `autograder grade` runs nothing.",
    },
    "landlock": {
        "paths": (
            "A notebook can learn whether a path exists, and the size and times of that file. It has to know the "
            "name: it can list or read nothing that it is not shown."
        ),
        "process numbers": (
            "It can learn which numbers of processes are in use. So two notebooks can pass bits to each other."
        ),
        "ports": "It can learn which TCP ports are in use, with the same consequence.",
        "machine": "It can learn the name of the machine and the addresses of its network.",
        "names of the engine": (
            "It can list the names of the engine's files where that is installed in the environment, and read "
            "none but those that run in the sandbox."
        ),
        "locks": (
            "Two notebooks that both want to can pass bits by locks on files of the system, if they exchange an "
            "open file at the right moment. The attempt without that is closed."
        ),
        "measured disk": (
            "The disk is not full at the limit. The files are measured, at least every half second, and a "
            "notebook that has more is ended. Until then it can write as fast as the disk allows."
        ),
        "mapped files": (
            "Files that are deleted and closed, and in memory only because they are mapped, count as memory and "
            "not as disk."
        ),
        "deep folders": "Folders more than 300 deep count as too much.",
        "memory of Linux": (
            "Memory that Linux keeps for sockets and pipes is limited by the number of open files only, and pipes"
            " share what the user may have."
        ),
        "same user": "The kernel is the same user as the grader. A hole in Landlock reaches the grader's files.",
        "fork server": (
            "The fork server is not confined: the modules that it imports for a course run with the grader's "
            "rights, as the instructor's own programs do."
        ),
    },
    "marks": {
        "values": (
            "The mark depends on the submission through values only. They come in a small format, are bounded in "
            "size and depth, and decoding them runs no code."
        ),
        "unread": "The test is never in a process of the submission of which anything is kept.",
        "own names": "The files, names and modules of the judge are its own.",
        "not run": "What a submission has sent is not run in the judge: no file, no text, no pickle.",
        "as the reference": (
            "What a test asks of a submission is what it asked of the reference solution. Anything else is not "
            "decided by the judge."
        ),
        "provisional": (
            "What the judge cannot decide gets a provisional mark, as nbgrader would give it, and waits for a "
            "person: a note says so, and formgrader shows it under manual grading. Nothing else of that second "
            "run is kept."
        ),
        "lost on the way": "Where something may be lost on the way to the judge, a failure is not final.",
        "honest work": "Honest work gets nbgrader's marks.",
    },
}


def page(text: str) -> str:
    """Return the text of the page with every table made anew: each stands between two lines that name it."""
    shown = shown_by()
    for name in PROMISES:
        between = re.compile(
            rf"(^<!-- promises: {name} -->\n\n).*?(^<!-- end of {name} -->$)", re.MULTILINE | re.DOTALL
        )
        assert between.search(text), f"no place for the promises of {name}"
        text = between.sub(lambda found, name=name: f"{found[1]}{_table(name, shown)}\n{found[2]}", text)
    return text


def shown_by() -> dict[str, list[str]]:
    """Return by promise the names of the submissions and tests that show it.

    Raises
    ------
    KeyError
        If one of them names a promise that there is not.
    """
    shown: dict[str, list[str]] = {promise: [] for table in PROMISES.values() for promise in table}
    for name, promise in [*_submissions(), *_channels(), *_tests()]:
        shown[promise].append(name)
    return shown


def _submissions() -> Iterator[tuple[str, str]]:
    for case in [*ATTACKS, *FORGERIES]:
        if case.promise:
            yield case.name, case.promise
    for case in ATTACKS:
        if case.landlock and case.landlock.promise:
            yield case.name, case.landlock.promise


def _channels() -> Iterator[tuple[str, str]]:
    yield from OPEN_UNDER_LANDLOCK.items()


def _tests() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        yield from promises_of(path.read_text(encoding="utf-8"))


def promises_of(source: str) -> Iterator[tuple[str, str]]:
    """Yield the names of tests in a module, each with a promise that it shows."""
    for function in ast.parse(source).body:
        for mark in getattr(function, "decorator_list", ()):
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise":
                for argument in mark.args:
                    yield function.name, ast.literal_eval(argument)


def _table(name: str, shown: dict[str, list[str]]) -> str:
    rows = [
        f"| {text} | {', '.join(f'`{one}`' for one in shown[promise]) or 'not shown'} |"
        for promise, text in PROMISES[name].items()
    ]
    return "\n".join([f"| {_HEADS[name]} | shown by |", "| :-- | :-- |", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
