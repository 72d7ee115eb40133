"""A course with one exercise, as a pattern for your own: see authoring.md."""

from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader provides it
here = Path(__file__).resolve().parent

c.CourseDirectory.course_id = "example"
c.Authoring.masters = f"{here}/masters/{{name}}.py"
c.Authoring.hidden_tests = f"{here}/hidden_tests/{{name}}.py"
c.Authoring.notebook = "{name}"
c.Authoring.assignments = {"ps1": "schedules"}
