"""Notebooks that are themselves the attack."""

from __future__ import annotations

import json
from pathlib import Path

from tests.engine.attacks.case import Case

READ = "It is not read, and a note says why; the class goes on."


def _change(change):
    def make(folder: Path) -> None:
        path = folder / "problem.ipynb"
        nb = json.loads(path.read_text(encoding="utf-8"))
        change(nb)
        path.write_text(json.dumps(nb), encoding="utf-8")

    return make


def _write(text: bytes):
    return lambda folder: (folder / "problem.ipynb").write_bytes(text)


def _huge(folder: Path) -> None:
    with (folder / "problem.ipynb").open("r+b") as file:
        file.seek(0, 2)
        file.truncate(300_000_000)


def _own_cells(nb: dict) -> list[dict]:
    return [cell for cell in nb["cells"] if "nbgrader" not in cell["metadata"]]


def _add_cells(number: int):
    def add(nb: dict) -> None:
        own = _own_cells(nb)[-1]
        nb["cells"] += [{**own, "id": f"more{n}", "source": "", "metadata": {}} for n in range(number)]
        nb["cells"][-1]["source"] = "reached()"

    return add


def _wrong_metadata(nb: dict) -> None:
    nb["metadata"] = {"kernelspec": "python3", "widgets": 7, "language_info": []}
    for cell, value in zip(_own_cells(nb), (7, None, "x", []), strict=False):
        cell["metadata"] = {"nbgrader": value, "tags": 7}


def _old_outputs(nb: dict) -> None:
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/html": "BREACH" * 1000}
            cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]


CASES = [
    Case(
        "huge_notebook",
        "Hand in a notebook of 300 MB.",
        READ,
        score=0,
        note="larger than 30 MB",
        reached="larger than 30 MB",
        make=_huge,
    ),
    Case(
        "no_notebook",
        "Hand in random bytes.",
        READ,
        score=0,
        note="no notebook",
        reached="no notebook",
        make=_write(bytes(range(256)) * 99),
    ),
    Case(
        "empty_notebook",
        "Hand in an empty file.",
        READ,
        score=0,
        note="no notebook",
        reached="no notebook",
        make=_write(b""),
    ),
    Case(
        "deep_notebook",
        "Hand in data nested 100,000 deep.",
        READ,
        score=0,
        note="no notebook",
        reached="no notebook",
        make=_write(b"[" * 100_000),
    ),
    Case(
        "wrong_kinds",
        "Hand in a notebook whose cells are numbers.",
        READ,
        score=0,
        note="no notebook",
        reached="no notebook",
        make=_change(lambda nb: nb.update(cells=[1, 2, 3])),
    ),
    Case(
        "wrong_metadata",
        "Hand in a notebook with metadata of the wrong kinds.",
        "It is marked without them.",
        "reached()",
        make=_change(_wrong_metadata),
    ),
    Case(
        "many_cells",
        "Hand in a notebook of 1,900 cells.",
        "It is marked.",
        make=_change(_add_cells(1900)),
    ),
    Case(
        "too_many_cells",
        "Hand in a notebook of 30,000 cells.",
        READ,
        score=0,
        note="more than 2000",
        reached="more than 2000",
        make=_change(_add_cells(30_000)),
    ),
    Case(
        "stored_outputs",
        "Hand in outputs that no kernel has made.",
        "They are thrown away.",
        "reached()",
        make=_change(_old_outputs),
    ),
    Case(
        "foreign_kernel",
        "Ask for a kernel that does not exist.",
        "The course's kernel is used.",
        "1",
        make=_change(
            lambda nb: nb["metadata"].update(kernelspec={"name": "../../evil", "display_name": "x", "language": "R"})
        ),
        note="kernel in R",
        reached="kernel in R",
    ),
    Case(
        "folder_for_a_notebook",
        "Hand in a folder of the notebook's name.",
        READ,
        score=0,
        note="nothing to mark",
        reached="nothing to mark",
        make=lambda folder: ((folder / "problem.ipynb").unlink(), (folder / "problem.ipynb").mkdir()),
    ),
]
