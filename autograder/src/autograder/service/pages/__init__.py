"""The pages of the service. They load nothing but their own style, and everything in them is escaped."""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.course.coursedir import Course

STYLE = resources.files(__name__).joinpath("style.css").read_text(encoding="utf-8")
_environment = Environment(
    loader=PackageLoader(__name__, ""),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def render(page: str, course: Course, **values: Any) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    page : str
        The name of its template.
    course : Course
    **values
        What the template uses.
    """
    title = course.directory().course_id or course.root.name
    return _environment.get_template(f"{page}.html.j2").render(course=title, **values)
