"""The gradebook's database: use it in transactions, and wait where others have locked it.

nbgrader commits many times for one submission, gives up a locked database after five seconds, and knows nothing of
what is different between SQLite and PostgreSQL. Here one submission is one transaction, and every kind of database has
a `Store` that says what it needs for that.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import nbgrader.api
from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    InvalidEntry,
    Notebook,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import undefer

T = TypeVar("T")
# Together about half a minute.
_LOCK_WAIT = 5.0  # s; how long one try waits for somebody else's lock
_PAUSES = (0.2, 0.4, 0.8, 1.6)  # s; between the tries to use a gradebook that is locked or away

_GRADED = "find_graded_cell"  # nbgrader's method; it finds two kinds of cells

# nbgrader logs a database's error there with a traceback, besides raising it.
logging.getLogger("tornado.application").addHandler(logging.NullHandler())


def find_newest_version() -> str | None:
    """Return the version of nbgrader's tables, which it writes into a new gradebook."""
    from alembic.script import ScriptDirectory  # it takes a tenth of a second, and most gradebooks are there already

    return ScriptDirectory(ALEMBIC_DIR).get_current_head()


# nbgrader starts the program `alembic` to find it out, which takes seconds.
nbgrader.api.get_alembic_version = find_newest_version


class Store(Protocol):
    """What one kind of database needs so that the gradebook can wait for locks and write in transactions.

    ``tests/engine/test_store_conformance.py`` tests what a gradebook in every store has to do.
    """

    def wait_for_locks(self, url: URL) -> URL:
        """Return the URL of connections that wait `_LOCK_WAIT` for a lock and then raise `OperationalError`."""

    def begin_transactions(self, engine: Engine) -> None:
        """Have every transaction of ``engine`` begin so that it reads one state of the data, and can write to it.

        The execution option ``writing`` of a connection says that it is going to write.
        """


class SQLiteStore:
    """A file; whoever writes locks all of it. See `Store`."""

    def wait_for_locks(self, url: URL) -> URL:
        """Set the driver's own time limit, unless the URL has one."""
        return url if "timeout" in url.query else url.update_query_dict({"timeout": str(_LOCK_WAIT)})

    def begin_transactions(self, engine: Engine) -> None:
        """Begin a transaction at its beginning. By itself Python's driver begins it at the first change.

        A transaction that writes takes the lock at its beginning. If it took the lock later, SQLite would refuse it
        where somebody else has written since, and waiting would not help.
        """
        event.listen(engine, "connect", self._leave_transactions_alone)
        event.listen(engine, "begin", self._begin)

    @staticmethod
    def _leave_transactions_alone(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @staticmethod
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


class PostgreSQLStore:
    """A server, which locks rows and tables. See `Store`."""

    def wait_for_locks(self, url: URL) -> URL:
        """Set the server's time limit for locks; by default it waits for ever."""
        if url.get_driver_name() not in ("psycopg", "psycopg2"):  # only these pass such options on
            return url
        given = url.query.get("options", "")
        options = given if isinstance(given, str) else " ".join(given)
        return url.update_query_dict({"options": f"-c lock_timeout={round(1000 * _LOCK_WAIT)} {options}".strip()})

    def begin_transactions(self, engine: Engine) -> None:
        """Make it an error, which is tried again, to overwrite what formgrader has changed since the beginning."""
        event.listen(engine, "begin", self._begin)

    @staticmethod
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


class OtherStore:
    """A database of which this engine knows nothing special: it is used as SQLAlchemy uses it. See `Store`."""

    def wait_for_locks(self, url: URL) -> URL:
        """Return the URL as it is."""
        return url

    def begin_transactions(self, engine: Engine) -> None:
        """Change nothing."""


_STORES: dict[str, Store] = {"sqlite": SQLiteStore(), "postgresql": PostgreSQLStore()}


class TransactionalGradebook(Gradebook):
    """nbgrader's gradebook, with transactions: what happens in one is kept as a whole or not at all.

    nbgrader asks for every row by its names, again and again, with a statement each. In a transaction nobody else can
    change them: there each row is read once, and `read_cells` and `read_marks` read all rows of a notebook together.
    """

    _rows: dict[tuple[str, ...], Any] | None = None  # in a transaction, what was found: by the method and its arguments

    def __init__(self, db_url: str, course_id: str):
        super().__init__(db_url, course_id)
        find_store(make_url(db_url)).begin_transactions(self.engine)
        self.close()  # the connections of nbgrader's own opening, which began their transactions in another way

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit once at the end of the block, whatever nbgrader commits inside; roll back on any exception."""
        self.db.remove()
        with self.engine.connect().execution_options(writing=True) as connection, connection.begin():
            self.db.configure(bind=connection, join_transaction_mode="rollback_only", expire_on_commit=False)
            self._rows = {}
            try:
                yield
            finally:
                self._rows = None
            self.db.commit()
        self.db.remove()

    def read_cells(self, notebook: str, assignment: str) -> None:
        """Read an assignment's cells in one notebook, for the rest of the transaction."""
        owner = self.find_notebook(notebook, assignment).id
        for kind, method in ((SourceCell, "find_source_cell"), (TaskCell, _GRADED), (GradeCell, _GRADED)):
            for cell in self.db.query(kind).filter(kind.notebook_id == owner):
                self._keep(cell, method, cell.name, notebook, assignment)

    def read_marks(self, notebook: str, assignment: str, student: str) -> None:
        """Read the grades and comments of one submitted notebook as they are now, for the rest of the transaction."""
        owner = self.find_submission_notebook(notebook, assignment, student).id
        for kind, method, options in (
            (Grade, "find_grade", [undefer(Grade.max_score)]),
            (Comment, "find_comment", []),
        ):
            query = self.db.query(kind, BaseCell.name).join(BaseCell, BaseCell.id == kind.cell_id)
            # Where a task has the name of another cell, nbgrader finds the other one, whose kind comes later here.
            rows = query.filter(kind.notebook_id == owner).order_by(BaseCell.type.desc()).options(*options)
            for row, name in rows.populate_existing():
                self._keep(row, method, name, notebook, assignment, student)

    def find_notebook(self, name: str, assignment: str) -> Notebook:
        """Return a notebook of an assignment. Like all these methods it does what nbgrader's own does."""
        return self._find("find_notebook", name, assignment)

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> SourceCell:
        """Return a cell of an assignment."""
        return self._find("find_source_cell", name, notebook, assignment)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> GradeCell | TaskCell:
        """Return a cell of an assignment that has points."""
        return self._find(_GRADED, name, notebook, assignment)

    def find_submission(self, assignment: str, student: str) -> SubmittedAssignment:
        """Return what a student has handed in for an assignment."""
        return self._find("find_submission", assignment, student)

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> SubmittedNotebook:
        """Return a notebook that a student has handed in."""
        return self._find("find_submission_notebook", notebook, assignment, student)

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Grade:
        """Return the points of a cell in a submission."""
        return self._find("find_grade", grade_cell, notebook, assignment, student)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Comment:
        """Return the comment on a cell in a submission."""
        return self._find("find_comment", solution_cell, notebook, assignment, student)

    def _find(self, method: str, *names: str) -> Any:
        if self._rows and (method, *names) in self._rows:
            return self._rows[method, *names]
        row = getattr(super(), method)(*names)
        self._keep(row, method, *names)
        return row

    def _keep(self, row: Any, method: str, *names: str) -> None:
        if self._rows is not None:
            self._rows[method, *names] = row


def find_store(url: URL) -> Store:
    """Return the store for the kind of database that a URL names."""
    return _STORES.get(url.get_backend_name(), OtherStore())


def wait_for_locks(db_url: str) -> str:
    """Return the URL of connections that wait some seconds for somebody else's lock before they raise an error."""
    url = make_url(db_url)
    return find_store(url).wait_for_locks(url).render_as_string(hide_password=False)


def retry(work: Callable[[], T]) -> T:
    """Return what ``work`` returns. Where the database is locked or away, try again, for half a minute in all.

    Parameters
    ----------
    work : callable
        It can be called again if it has failed.

    Raises
    ------
    OperationalError
        If the last try fails as well.
    """
    for pause in _PAUSES:
        try:
            return _try(work)
        except OperationalError:
            time.sleep(pause)
    return _try(work)


def _try(work: Callable[[], T]) -> T:
    try:
        return work()
    except InvalidEntry as error:  # what nbgrader makes of every error when it commits
        if isinstance(error.__context__, OperationalError):
            raise error.__context__ from None
        raise
