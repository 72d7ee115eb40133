"""Which tests belong together, which are slow, and how long each may take: what `tests.conftest` goes by.

The seconds and the order are as measured, on one core of a machine that does nothing else. A test that is in none of
these lists is quick, belongs to its module, and may take as long as ``timeout`` in pyproject.toml says.
"""

from __future__ import annotations

import re

# Tests of different modules that share a fixture which takes minutes: a pattern of them by the name of their group.
SHARED = {
    "class": "course/test_grade|site/browser/test_lab::test_formgrader",
    "site/browser/test_site": "site/browser/test_live_lessons",
}

# Modules of which the tests with the same last parameter make a group, such as those of one lesson.
BY_PARAMETER = ("course/test_answers", "course/test_lessons")

# Modules of which some tests, by a pattern of their names, make a group of their own, for together they take minutes.
SPLIT = {"engine/test_journal": "test_(killed|full)"}

# Groups in the order in which workers take them, the costliest first. The first ones take minutes where their golden
# files do not fit. They have their module's name, with the parameter
# or ``:split``, if no other. The site needs all lessons, and executes those that are not there yet.
ORDER = (
    "course/test_lessons:05_bayesian_optimisation",
    "course/test_answers:_5_6_3",
    "course/test_lessons:06_stopping_early",
    "course/test_lessons:02_the_dials",
    "course/test_lessons:03_grid_search",
    "course/test_lessons:10_recap",
    "course/test_lessons:08_saving",
    "course/test_lessons:09_serving",
    "course/test_lessons:07_choosing_a_winner",
    "course/test_lessons:04_random_search",
    "course/test_lessons:08b_trust",
    "course/test_lessons:01_welcome",
    "course/test_answers:_5_6_2",
    "class",
    "engine/forgeries/test_forgeries",
    "engine/test_journal:split",
    "course/test_answers:_5_6_1",
    "engine/honest/test_honest",
    "engine/attacks/test_attacks",
    "site/browser/test_site",
    "site/browser/test_laboratory",
    "site/browser/test_live",
    "engine/test_journal",
    "site/browser/test_lab",
    "course/test_tracing",
    "engine/test_prove",
    "engine/test_database",
    "engine/test_cluster",
    "course/test_check",
)

# Seconds that a test of these groups or modules may take, what it shares included, where that is more than usual. A
# machine that does other things as well takes several times as long as an idle one.
LIMITS = {
    "site/browser/test_site": 900,
    "site/browser/test_service": 300,
    "site/test_site": 600,
    "site/test_live": 300,
    "site/browser/test_laboratory": 600,
    "site/browser/test_live": 600,
    "site/browser/test_lab": 900,
    "course/test_check": 300,
    "course/test_next_step": 300,
    "course/test_recipe": 300,
    "course/test_recipe_book": 300,
    "course/test_serve": 600,
    "course/test_tensorflow": 300,
    "course/test_tracing": 300,
    "class": 1200,
    "course/test_answers": 1200,
    "course/test_lessons": 600,
    "engine/test_cluster": 300,
    "engine/test_executor_conformance": 300,
    "engine/test_formgrader": 300,
    "engine/test_journal": 300,
    "engine/test_judge_table": 300,
    "engine/test_kernels": 300,
    "engine/test_prove": 300,
    "engine/test_recorder": 300,
    "engine/test_sandbox_conformance": 300,
    "engine/test_hostile_submissions": 300,
    "engine/test_isolation": 300,
    "engine/test_without_namespaces": 300,
    "engine/test_jupyterhub": 600,
    "engine/honest/test_honest": 900,
    "engine/test_nbgraders_own": 600,
    "system/test_deploy": 600,
    "system/test_images": 1200,
    "system/test_wheel": 600,
    "engine/attacks/test_attacks": 900,
    "engine/test_watch": 300,
    "engine/forgeries/test_forgeries": 900,
    "engine/forgeries/test_wrong": 300,
}

# Tests that take long, or share something that does. CI leaves them out on the other versions of Python.
SLOW = (
    "course/test_answers",
    "course/test_check",
    "course/test_grade",
    "course/test_next_step::test_the_exercises",
    "course/test_practice",
    "course/test_lessons::test_(lesson_runs|what_the_prose|every_picture|results_are|what_is_stored)",
    "course/test_recipe::test_(a_seeded_fit|search_stratifies|every_dial)",
    "course/test_recipe_book::test_(a_random|tasting)",
    "course/test_serve::test_(predictions|a_version|only_what)",
    "course/test_tensorflow",
    "course/test_tracing",
    "engine/attacks/",
    "engine/forgeries/",
    "engine/honest/",
    "engine/test_cluster",
    "engine/test_database",
    "engine/test_example_course",
    "engine/test_hostile_submissions",
    "engine/test_isolation",
    "engine/test_landlock",
    "engine/test_without_namespaces",
    "engine/test_judge_table",
    "engine/test_judge_variety",
    "engine/test_jupyterhub",
    "engine/test_formgrader::test_(button|strangers)",
    "engine/test_interrupt",
    "engine/test_journal::test_(killed|warm|force|full|second)",
    "engine/test_nbgraders_own",
    "engine/test_prove::",
    "engine/test_watch::test_(what_arrives|it_waits|one_process|a_signal|a_run_that)",
    "site/browser/",
    "system/test_deploy::test_the_services",
    "system/test_images::test_(the_steps|jupyterlab)",
    "site/test_site::test_(pages|links|a_site_is|addresses)",
)
_SLOW = re.compile("|".join(SLOW))

# Others that take more than a second or two. `make test-quick` leaves out these and the slow ones.
MODERATE = (
    "course/test_build",
    "course/test_next_step",
    "course/test_recipe::test_(default|same_seed|one_customer)",
    "course/test_serve",
    "engine/test_assignment::test_raised",
    "engine/test_authoring",
    "engine/test_collect",
    "engine/test_deadlines",
    "engine/test_command_line",
    "engine/test_executor_conformance",
    "engine/test_export",
    "engine/test_feedback",
    "engine/test_gradescope",
    "engine/test_init",
    "engine/test_intake::test_(python_tells|more_code)",
    "engine/test_journal",
    "engine/test_judge_names",
    "engine/test_judge_questions",
    "engine/test_judge_same_marks",
    "engine/test_judge_servers",
    "engine/test_kernels",
    "engine/test_latedays",
    "engine/test_lti",
    "engine/test_modules::test_a_(module_that|students_file|run_says)",
    "engine/test_notebook",
    "engine/test_partial_credit",
    "engine/test_public_surface::test_import_is_light",
    "engine/test_recorder",
    "engine/test_release_feedback",
    "engine/test_removal",
    "engine/test_renaming",
    "engine/test_report",
    "engine/test_reweighting",
    "engine/test_same_as_jupyter",
    "engine/test_sandbox",
    "engine/test_service",
    "engine/test_settings::test_(settings_are|marks_go)",
    "engine/test_similarity",
    "engine/test_store_conformance",
    "engine/test_summary",
    "engine/test_term",
    "engine/test_transcripts",
    "engine/test_watch",
    "site/test_live::test_a_lesson_is_recorded",
    "site/test_site::test_a_lesson_(runs|that_changes)",
    "site/test_tracked",
    "system/test_deploy",
    "system/test_handout",
    "system/test_wheel",
)
_MODERATE = re.compile("|".join(MODERATE))


def group_of(nodeid: str) -> str:
    """Return the group of a test: its tests run one after the other in the same worker.

    Parameters
    ----------
    nodeid : str
        As pytest names a test: ``tests/engine/test_judge_table.py::test_name[parameter]``.
    """
    module, name = _parts(nodeid)
    for group, pattern in SHARED.items():
        if re.match(pattern, f"{module}::{name}"):
            return group
    if module in SPLIT and re.match(SPLIT[module], name):
        return f"{module}:split"
    parameter = re.search(r"[\[-](\w+)\]$", name)
    return f"{module}:{parameter[1]}" if module in BY_PARAMETER and parameter else module


def place_of(nodeid: str) -> int:
    """Return when a test's turn comes; groups without a place of their own are last."""
    group = group_of(nodeid)
    return ORDER.index(group) if group in ORDER else len(ORDER)


def limit_of(nodeid: str) -> int | None:
    """Return the seconds that a test may take, or None for what is usual."""
    return LIMITS.get(group_of(nodeid).partition(":")[0])


def mark_of(nodeid: str) -> str | None:
    """Return ``slow``, ``moderate`` or None: how long a test takes."""
    name = "::".join(_parts(nodeid))
    return "slow" if _SLOW.match(name) else "moderate" if _MODERATE.match(name) else None


def _parts(nodeid: str) -> tuple[str, str]:
    """Return the module's path below ``tests/``, without suffix, and the name of the test with its parameters."""
    module, _, name = nodeid.partition("::")
    return module.removeprefix("tests/").removesuffix(".py"), name
