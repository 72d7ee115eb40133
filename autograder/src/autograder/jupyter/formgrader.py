"""nbgrader's formgrader with this engine behind its autograde button, and pages that are safe to open.

A Jupyter server extension; it takes the place of nbgrader's own.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from nbgrader.apps import NbGraderAPI
from nbgrader.server_extensions.formgrader.base import BaseApiHandler, check_notebook_dir, check_xsrf
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web

from autograder.course.assignment import read_assignment
from autograder.course.coursedir import Course
from autograder.gradebook.feedback import FormgraderExporter

_ROUTE = r"/formgrader/api/submission/([^/]+)/([^/]+)/autograde"
_QUEUE = ThreadPoolExecutor(1)  # one student after the other, beside the server's own work


class EngineAPI(NbGraderAPI):
    """nbgrader's API, in which `autograde` is this engine's."""

    def autograde(self, assignment_id: str, student_id: str, force: bool = True, create: bool = True) -> dict[str, Any]:
        """Grade one submission.

        Parameters
        ----------
        assignment_id, student_id : str
        force : bool
            Whether to grade it again if it is not due.
        create : bool
            Whether to enter a student whom the gradebook does not know.

        Returns
        -------
        dict
            What nbgrader's API returns: ``success``, ``log`` and, if something went wrong, ``error``.
        """
        from autograder.grading import Grader  # a server that only shows a course needs nothing of Linux

        try:
            course = Course(Path(self.coursedir.root), self.coursedir.db_url)
            course.config.Autograde.create_student = create
            with Grader(course, read_assignment(course, assignment_id)) as grader:
                if force:
                    grader.ask_again([student_id])
                notes, recorded = [], True
                for submission in grader.grade(grader.due([student_id])):
                    notes, recorded = submission.notes, submission.recorded
        except Exception:
            return {"success": False, "error": traceback.format_exc()}
        log = "\n".join(notes)
        return {"success": True, "log": log} if recorded else {"success": False, "error": log, "log": log}


class AutogradeHandler(BaseApiHandler):
    """Answers the autograde button. The submission is graded in a thread, and the server goes on answering."""

    @web.authenticated
    @check_xsrf  # type: ignore[untyped-decorator]
    @check_notebook_dir  # type: ignore[untyped-decorator]
    async def post(self, assignment_id: str, student_id: str) -> None:
        """Grade, and answer with what the API returns."""
        api = EngineAPI(self.coursedir, self.authenticator, parent=self.coursedir.parent)
        loop = asyncio.get_running_loop()
        self.write(json.dumps(await loop.run_in_executor(_QUEUE, api.autograde, assignment_id, student_id)))


class Formgrader(FormgradeExtension):
    """nbgrader's formgrader with another autograde button and another exporter."""

    def init_tornado_settings(self, webapp: web.Application) -> None:
        """Show submissions with the exporter that makes what students write harmless."""
        super().init_tornado_settings(webapp)
        webapp.settings["nbgrader_exporter"] = FormgraderExporter(config=self.config)

    def init_handlers(self, webapp: web.Application) -> None:
        """Answer the autograde button before nbgrader's own handler would."""
        webapp.add_handlers(".*$", [(url_path_join(webapp.settings["base_url"], _ROUTE), AutogradeHandler)])
        super().init_handlers(webapp)


def _load_jupyter_server_extension(server: ServerApp) -> None:
    formgrader = Formgrader(parent=server)
    formgrader.root_dir = server.root_dir
    formgrader.log = server.log
    formgrader.initialize([])
    formgrader.init_tornado_settings(server.web_app)
    formgrader.init_handlers(server.web_app)
