"""What JupyterLab's Validate button goes by; installed as etc/jupyter/nbgrader_config.py of the environment."""

c = get_config()  # noqa: F821 - nbgrader provides it

# Seconds a single cell may take, as in grading: nbgrader's own 30 are too few for a search on an old laptop.
c.Execute.timeout = 180
