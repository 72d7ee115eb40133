"""Lessons and exercises in reading order, and what their first cells say of them."""

from __future__ import annotations

import pytest

from coffee_shop.next_step import EXERCISES
from notebooks.site.contents import in_reading_order, lesson_of, number_of
from notebooks.site.execute import exercises, lessons
from tests.site.test_site import FIRST, write


def test_aim_and_time_are_read_from_the_first_cell(tmp_path):
    lesson = lesson_of(write(tmp_path / "03_oven.ipynb"))
    assert (lesson.title, lesson.aim, lesson.minutes) == ("The oven", "bake, and **learn**.", 20)


@pytest.mark.parametrize(("name", "number"), [("03_oven", "3"), ("08b_oven", "8b"), ("10_oven", "10")])
def test_a_lesson_is_numbered_as_it_is_told(name, number):
    assert number_of(name) == number


@pytest.mark.parametrize("lacking", ["# The oven", "**You will**", "**Time**: 20"])
def test_a_lesson_without_aim_or_time_is_named(tmp_path, lacking):
    path = write(tmp_path / "03_oven.ipynb", first=FIRST.replace(lacking, ""))
    with pytest.raises(ValueError, match="03_oven"):
        lesson_of(path)


def test_every_lesson_says_its_aim_and_time():
    assert all(lesson_of(path).minutes > 0 for path in lessons())


def test_each_exercise_follows_its_lesson():
    names = [one.name for one in in_reading_order([*exercises(), *lessons()])]
    assert sorted(names) == sorted(path.stem for path in [*exercises(), *lessons()])
    assert {names[names.index(exercise) - 1]: exercise for exercise in EXERCISES.values()} == EXERCISES
    assert [name for name in names if name not in EXERCISES.values()] == [path.stem for path in lessons()]


def test_an_exercise_of_no_lesson_is_last(tmp_path):
    paths = [write(tmp_path / "notebooks" / f"0{number}_oven.ipynb") for number in (2, 1)]
    paths += [write(tmp_path / "exercises" / f"_1_1_{number}_exercise.ipynb") for number in (2, 1)]
    names = [one.name for one in in_reading_order(paths)]
    assert names == ["01_oven", "02_oven", "_1_1_1_exercise", "_1_1_2_exercise"]
