"""How many days of an extension are late days: a table of the gradebook, for nbgrader has one column for both."""

from __future__ import annotations

from nbgrader.api import Assignment, Gradebook, SubmittedAssignment
from sqlalchemy import Column, ColumnElement, Integer, MetaData, String, Table, delete, insert, select

_TABLE = Table(
    "autograder_late_days",
    MetaData(),
    Column("submission_id", String(32), primary_key=True),
    Column("days", Integer, nullable=False),
)


class LateDaysTable:
    """The late days in an open gradebook, used in its transaction. The table is added if it is not there."""

    def __init__(self, gradebook: Gradebook):
        self._gradebook = gradebook
        _TABLE.create(gradebook.db.connection(), checkfirst=True)

    def read(self) -> dict[str, int]:
        """Return the late days by nbgrader's id of the submission."""
        return dict(self._gradebook.db.execute(select(_TABLE.c.submission_id, _TABLE.c.days)).all())

    def write(self, submission: str, days: int) -> None:
        """Write how many days of a submission's extension are late days."""
        execute = self._gradebook.db.execute
        execute(delete(_TABLE).where(_TABLE.c.submission_id == submission))
        if days:
            execute(insert(_TABLE).values(submission_id=submission, days=days))

    def forget(self, *which: ColumnElement[bool]) -> None:
        """Forget the late days of submissions, chosen by conditions on nbgrader's tables."""
        known = select(SubmittedAssignment.id).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        self._gradebook.db.execute(delete(_TABLE).where(_TABLE.c.submission_id.in_(known.where(*which))))
