"""What JupyterLab goes by in this course's folder; installed as etc/jupyter/jupyter_lab_config.py."""

from pathlib import Path

c = get_config()  # noqa: F821 - Jupyter provides it

WELCOME = "notebooks/01_welcome.ipynb"

# Whoever starts it elsewhere, such as an instructor in the folder of a class, has the launcher and all kernels.
if Path(WELCOME).is_file():
    c.LabApp.default_url = f"/lab/tree/{WELCOME}"
    c.KernelSpecManager.allowed_kernelspecs = {"python3"}  # the others are for graders
