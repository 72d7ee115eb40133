"""The files in `autograder/deploy` say what systemd, Docker and Kubernetes understand, and name commands that exist."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import click
import kubernetes_validate
import pytest
import yaml
from traitlets.config import Config

from autograder.cli import main
from autograder.course.coursedir import Course
from autograder.sandbox.bubblewrap import find_obstacle
from tests.engine.plain_course import ASSIGNMENT, make_class
from tests.engine.postgres import PostgreSQL, needs_postgresql
from tests.engine.test_sandbox import readable_by_all
from tests.support import AUTOGRADER, ROOT, activated, run_nbgrader

DEPLOY = ROOT / "autograder" / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CRONJOB = yaml.safe_load((DEPLOY / "kubernetes" / "grade.yaml").read_text(encoding="utf-8"))
HUB = yaml.safe_load((DEPLOY / "helm" / "jupyterhub.yaml").read_text(encoding="utf-8"))
POD = CRONJOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]
OF_INSTRUCTORS = HUB["hub"]["config"]["KubeSpawner"]["group_overrides"]["01-instructors"]["spawner_override"]
AS_ROOT = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can become an ordinary user without capabilities",
)
# What Docker and Kubernetes make of a process by the options that are used here.
ORDINARY_USER = [
    "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
]  # fmt: skip


def commands() -> dict[str, list[str]]:
    """Return, by a name, each command that a file has run, as its words."""
    found = {
        path.name: shlex.split(line.partition("=")[2])
        for path in UNITS
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("ExecStart=")
    }
    found |= {name: shlex.split(one["command"]) for name, one in COMPOSE["services"].items() if "command" in one}
    hub = Config()
    settings = (DEPLOY / "jupyterhub" / "jupyterhub_config.py").read_text(encoding="utf-8")
    exec(settings, {"get_config": lambda: hub})
    found |= {"hub": hub.JupyterHub.services[0]["command"]}
    return {**found, "kubernetes": POD["containers"][0]["command"]}


OURS = {name: words[1:] for name, words in commands().items() if Path(words[0]).name == "autograder"}


def test_each_file_runs_a_command():
    assert set(OURS) == {"autograder-watch.service", "autograder-grade.service", "grader", "hub", "kubernetes"}


@pytest.mark.parametrize("name", OURS)
def test_a_command_and_its_options_exist(name):
    command, *options = OURS[name]
    main.commands[command].make_context(command, [*options])
    with pytest.raises(click.NoSuchOption):
        main.commands[command].make_context(command, [*options, "--no-such-option"])


# systemd


def verify(folder: Path, edit=lambda text: text) -> str:
    """Return what systemd finds in the units, with paths and user of this machine."""
    (folder / "my_course").mkdir(parents=True)
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/autograder/bin", str(Path(sys.executable).parent))
        text = text.replace("/srv/my_course", str(folder / "my_course")).replace("User=teacher", "User=root")
        (folder / unit.name).write_text(edit(text), encoding="utf-8")
    paths = [folder / unit.name for unit in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True)
    return done.stderr + ("" if done.returncode == 0 else f"exit status {done.returncode}")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    assert verify(tmp_path / "right") == ""
    for number, (old, new) in enumerate(
        [("NoNewPrivileges=", "NoNewPrivilege="), ("02:00", "26:00"), ("ExecStart=/", "ExecStart=/nowhere/")]
    ):
        assert verify(tmp_path / str(number), lambda text, old=old, new=new: text.replace(old, new)) != ""


# Docker


def misfits(compose: dict, tmp_path: Path) -> str:
    """Return what is wrong with it by the schema of Docker Compose."""
    path = tmp_path / "compose.json"
    path.write_text(json.dumps(compose), encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout


def test_compose_has_the_form_that_docker_wants(tmp_path):
    assert misfits(COMPOSE, tmp_path) == ""
    wrong = copy.deepcopy(COMPOSE)
    wrong["services"]["worker"]["securityopt"] = wrong["services"]["worker"].pop("security_opt")
    assert "securityopt" in misfits(wrong, tmp_path)


def test_nobody_outside_reaches_a_service_and_no_notebook_reaches_the_gradebook():
    services = COMPOSE["services"]
    assert all("ports" not in service and "network_mode" not in service for service in services.values())
    assert all(network["internal"] for network in COMPOSE["networks"].values())
    assert {name for name, service in services.items() if "marks" in service["networks"]} == {"database", "grader"}
    assert not any(name in services["worker"] for name in ("volumes", "environment", "privileged", "cap_add"))


def test_the_image_holds_the_engine_and_no_course(tmp_path):
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]]
    assert sorted(copied) == ["LICENSE", "README.md", "pyproject.toml", "share", "src"]
    for name in copied:
        place = DEPLOY.parent / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, tmp_path / name)
    command = [Path(sys.executable).with_name("uv"), "build", "--quiet", "--wheel", "--out-dir", tmp_path, tmp_path]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {re.sub(r".*\.data/data/", "", name) for name in archive.namelist()}
    assert {"autograder/cli/__init__.py", "share/jupyter/kernels/python3-sandbox/kernel.json"} <= names


# Kubernetes


def reject(resource: dict) -> str:
    """Return what is wrong with a resource by the schemas of Kubernetes."""
    try:
        kubernetes_validate.validate(resource, "1.36", strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    return ""


def pod(spec: dict) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}


def test_kubernetes_understands_the_job():
    assert reject(CRONJOB) == ""
    for place, key in ((CRONJOB["spec"], "schedule"), (POD["containers"][0], "name"), (POD, "containers")):
        value = place.pop(key)
        assert key in reject(CRONJOB)
        place[key] = value
    POD["hostUser"] = False
    assert "hostUser" in reject(CRONJOB)
    del POD["hostUser"]


def test_kubernetes_understands_the_pods_of_instructors_and_they_can_have_a_sandbox():
    container = {"name": "notebook", "securityContext": OF_INSTRUCTORS["container_security_context"]}
    assert reject(pod({**OF_INSTRUCTORS["extra_pod_config"], "containers": [container]})) == ""
    in_the_job = POD["containers"][0]["securityContext"]
    assert container["securityContext"] == in_the_job
    assert in_the_job["procMount"] == "Unmasked"
    # Kubernetes allows that in a user namespace only.
    assert OF_INSTRUCTORS["extra_pod_config"]["hostUsers"] is POD["hostUsers"] is False


def test_settings_in_the_values_of_the_hub_are_python():
    for file in HUB["singleuser"]["extraFiles"].values():
        compile(file["stringData"], file["mountPath"], "exec")


# The same steps without Docker


@pytest.fixture
def open_folder():
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory(prefix="open-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def wait_for(file: Path, processes: list[subprocess.Popen]) -> None:
    """Wait until something is in a file; these processes must not end before."""
    while not (file.exists() and file.read_text()):
        assert all(process.poll() is None for process in processes)
        time.sleep(0.1)


def as_ordinary_user(folder: Path, *options: str) -> dict:
    """Return how a process is started as in the container of a worker; options are for bubblewrap around it."""
    env = activated() | {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    return {"before": [*readable_by_all(), *options, *ORDINARY_USER], "env": env}


@AS_ROOT
def test_the_sandbox_works_for_who_has_no_privilege_at_all_if_proc_is_complete(open_folder):
    code = "from autograder.sandbox.bubblewrap import find_obstacle; print(find_obstacle())"
    said = {}
    for name, options in {"complete": (), "masked": ("--ro-bind", "/dev/null", "/proc/keys")}.items():
        how = as_ordinary_user(open_folder, *options)
        command = [*how["before"], sys.executable, "-c", code]
        said[name] = subprocess.run(command, env=how["env"], cwd="/", capture_output=True, text=True).stdout
    assert said["complete"] == "None\n"
    assert "start it with --security-opt seccomp=unconfined" in said["masked"]
    assert all(f"--security-opt {option} " in said["masked"].replace(",", " ") for option in
               COMPOSE["services"]["worker"]["security_opt"] if "unconfined" in option)  # fmt: skip


@AS_ROOT
@needs_postgresql
@pytest.mark.skipif(find_obstacle() is not None, reason="needs bubblewrap")
def test_the_services_of_compose_grade_together(open_folder, tmp_path):
    (open_folder / "database").mkdir()
    server = PostgreSQL(open_folder / "database")
    server.start()
    words = commands()
    how = as_ordinary_user(open_folder)
    processes = []
    try:
        url = server.new_database()
        course = make_class(tmp_path / "course", {"ann": "return 2 * x", "bob": "return 7"})
        run_nbgrader(course, "generate_assignment", ASSIGNMENT, "--force", "--db", url)
        file = open_folder / "scheduler.json"
        scheduler = [sys.executable, "-m", *words["scheduler"], "--host", "127.0.0.1", "--port", "0"]
        processes.append(subprocess.Popen([*scheduler, "--scheduler-file", str(file)], env=activated()))
        wait_for(file, processes)
        address = json.loads(file.read_text())["address"]
        here = {
            "tcp://scheduler:8786": address,
            "postgresql://teacher@database/gradebook": url,
            "/course": str(course.root),
        }
        worker = [*how["before"], sys.executable, "-m", *(here.get(word, word) for word in words["worker"])]
        processes.append(subprocess.Popen(worker, env=how["env"], cwd=open_folder))
        grader = [*AUTOGRADER, *(here.get(word, word) for word in words["grader"][1:]), "--interval", "0.2"]
        processes.append(subprocess.Popen(grader, env=activated()))
        log = course.root / "watch.log"
        wait_for(log, processes)
        assert "2 graded" in log.read_text()
        marks = Course(course.root, url).scores(ASSIGNMENT)
        assert {student: sum(points.values()) for student, points in marks.items()} == {"ann": 8, "bob": 4}
        assert Course(course.root).scores(ASSIGNMENT) == {}
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(60)
        server.stop()
