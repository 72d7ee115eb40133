"""What nbgrader and the engine go by on the whole machine: /etc/jupyter/nbgrader_config.py."""

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "my_course"
c.Exchange.root = "/usr/local/share/nbgrader/exchange"
