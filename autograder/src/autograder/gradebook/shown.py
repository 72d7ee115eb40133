"""What feedback pages show of the gradebook, so that a page can be told from one that would be written now."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from nbgrader.api import Assignment, Comment, Grade, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session, scoped_session


def read_shown(
    database: Connection | scoped_session[Session], assignment: str, student: str | None = None
) -> dict[str, str]:
    """Return, by student, a hash of points, comments, penalties and times in the submission for an assignment.

    Parameters
    ----------
    database : Connection or scoped_session
        Of the gradebook; the session of a transaction reads what was changed in that.
    assignment : str
        The name of the assignment.
    student : str, optional
        The only student of interest; by default everybody.
    """
    queries = (
        _select(SubmittedAssignment.timestamp, SubmittedAssignment.extension, Assignment.duedate),
        _select(SubmittedNotebook.id, SubmittedNotebook.late_submission_penalty),
        _select(Grade.id, Grade.auto_score, Grade.manual_score, Grade.extra_credit).join(
            Grade, Grade.notebook_id == SubmittedNotebook.id
        ),
        _select(Comment.id, Comment.auto_comment, Comment.manual_comment).join(
            Comment, Comment.notebook_id == SubmittedNotebook.id
        ),
    )
    rows = defaultdict(list)
    for query in queries:
        wanted = query.where(Assignment.name == assignment)
        if student is not None:
            wanted = wanted.where(SubmittedAssignment.student_id == student)
        for owner, *values in database.execute(wanted):
            rows[owner].append(repr(values))
    return {owner: hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest() for owner, found in rows.items()}


def _select(*columns: Any) -> Select[Any]:
    return (
        select(SubmittedAssignment.student_id, *columns)
        .select_from(SubmittedAssignment)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    )
