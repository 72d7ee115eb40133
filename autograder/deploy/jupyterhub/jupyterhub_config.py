"""Settings of a hub on one machine, for one course. It runs as root, and starts each server as the user whose it is."""

c = get_config()  # noqa: F821

c.Authenticator.allowed_users = {"teacher", "ada", "bob"}
c.Spawner.default_url = "/lab"
c.JupyterHub.services = [
    {
        # Grades what was collected, with the rights of the teacher, and releases the feedback. The hub starts it again.
        "name": "autograder",
        "user": "teacher",
        "command": ["autograder", "watch", "--course", "/home/teacher/my_course", "--release-feedback"],
    }
]
