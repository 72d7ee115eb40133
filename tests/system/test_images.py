"""The files with which the course runs in Binder, Docker and a codespace, as far as that can be seen without them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from repo2docker.app import Repo2Docker
from repo2docker.buildpacks.conda import CondaBuildPack

from tests.support import ROOT, activated

HADOLINT = Path(sys.executable).parent / "hadolint"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DEVCONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def what_binder_finds(folder, monkeypatch):
    """Return the part of repo2docker that would build the image of a folder."""
    monkeypatch.chdir(folder)
    app = Repo2Docker()
    packs = (pack(app.base_image) for pack in app.buildpacks)
    return next(pack for pack in packs if pack.detect())


def test_binder_takes_python_as_it_is_tested_and_installs_what_is_locked(monkeypatch):
    found = what_binder_finds(ROOT, monkeypatch)
    assert isinstance(found, CondaBuildPack)
    assert found.python_version == "3.11"
    assert found.get_post_build_scripts() == ["binder/postBuild"]
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)


def test_binder_does_not_understand_the_range_of_conda(tmp_path, monkeypatch):
    shutil.copy(ROOT / "environment.yml", tmp_path)
    assert what_binder_finds(tmp_path, monkeypatch).python_version == "3.10"


def lint(dockerfile: str) -> int:
    return subprocess.run([HADOLINT, "-"], input=dockerfile, text=True, capture_output=True).returncode


@pytest.mark.skipif(sys.platform != "linux", reason="hadolint is installed on Linux only")
@pytest.mark.parametrize(
    "wrong", ["FROM python:latest", "FROM python:3.11\nUSER root", "FROM python:3.11\nRUN cd /tmp"]
)
def test_dockerfiles_have_no_finding_of_hadolint(wrong):
    assert lint(DOCKERFILE) == 0
    assert lint((ROOT / "autograder" / "deploy" / "Dockerfile").read_text(encoding="utf-8")) == 0
    assert lint(wrong) != 0


def test_the_image_runs_as_a_user_who_owns_the_lessons():
    (user,) = re.findall(r"^USER (\d+)$", DOCKERFILE, flags=re.MULTILINE)
    assert f"--uid {user} student" in DOCKERFILE
    assert "COPY --chown=student:student . ." in DOCKERFILE
    assert DOCKERFILE.index("USER ") > DOCKERFILE.rindex("RUN ")


def test_compose_shows_the_lab_to_this_machine_only_and_keeps_what_is_written():
    (lab,) = COMPOSE["services"].values()
    (port,), (volume,) = lab["ports"], lab["volumes"]
    assert port.startswith("127.0.0.1:")
    assert port.endswith(re.search(r"EXPOSE (\d+)", DOCKERFILE)[1])
    name, _, place = volume.partition(":")
    assert name in COMPOSE["volumes"]
    assert Path(re.search(r"WORKDIR (.+)", DOCKERFILE)[1]).is_relative_to(place)


def test_a_codespace_sets_up_as_everybody_does_and_opens_a_lesson_that_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"\n{DEVCONTAINER['postCreateCommand'].removeprefix('make ')}:" in makefile
    assert all((ROOT / name).is_file() for name in DEVCONTAINER["customizations"]["codespaces"]["openFiles"])


def test_images_have_one_python_that_the_project_supports():
    named = re.findall(r"python:([\d.]+)-", DOCKERFILE + DEVCONTAINER["image"])
    binder = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text(encoding="utf-8"))
    (version,) = {*named, binder["dependencies"][0].partition("=")[2]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert SpecifierSet(project["requires-python"]).contains(version)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A copy of the repository, and an environment in which its postBuild has run: what Binder and Docker build."""
    folder = tmp_path_factory.mktemp("image")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        (folder / "course" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / "course" / name)
    env = {name: value for name, value in activated().items() if name != "VIRTUAL_ENV"}
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, folder / "env"], env=env, check=True)
    env["PATH"] = os.pathsep.join([str(folder / "env" / "bin"), env["PATH"]])
    steps = env | {"UV_NO_CACHE": "0", "UV_COMPILE_BYTECODE": "0"}
    subprocess.run([folder / "course" / "binder" / "postBuild"], cwd=folder, env=steps, check=True)
    yield folder / "course", env
    shutil.rmtree(folder)  # three gigabytes


def test_the_steps_of_the_image_install_what_is_locked_and_no_tools(image):
    course, env = image
    code = "import coffee_shop, autograder, jupyterlab; from coffee_shop import environment as e; " + (
        "print(coffee_shop.__file__, e.examine_packages()[1], e._installed('ruff'), e._installed('keras'), sep='\\n')"
    )
    run = subprocess.run(["python", "-c", code], cwd=course.parent, env=env, check=True, capture_output=True, text=True)
    place, packages, ruff, keras = run.stdout.splitlines()
    assert Path(place).is_relative_to(course)
    assert (packages, ruff) == ("as asked for", "missing")
    assert f"keras=={keras}\n" in (ROOT / "environment.yml").read_text(encoding="utf-8")


def test_jupyterlab_of_the_image_opens_the_first_lesson(image):
    course, env = image
    code = "from jupyterlab.labapp import LabApp; app = LabApp.initialize_server([]); print(app.default_url)"
    run = subprocess.run(
        ["python", "-c", code, "--no-browser", "--port=0", "--allow-root"],
        cwd=course, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "01_welcome.ipynb" in run.stdout
