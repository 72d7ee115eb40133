"""What formgrader goes by in the teacher's server: /home/teacher/.jupyter/nbgrader_config.py."""

c = get_config()  # noqa: F821

c.CourseDirectory.root = "/home/teacher/my_course"
