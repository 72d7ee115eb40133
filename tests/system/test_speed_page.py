"""The page of speed in the docs is made from what was measured, and only an idle machine measures for it."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree

import click
import pytest

from tests.support import ROOT
from tests.system import bench
from tests.system.speed_page import CHART, PAGE, chart, page, read

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def history():
    """What is recorded, and after it a measurement that found the engine twice as fast."""
    old = read()[-1]
    faster = {**old["ratios"], "light": 20.04, "keras": 2 * old["ratios"]["keras"]}
    return [*read(), {**old, "date": "2030-01-02", "commit": "<b>", "feedback": True, "ratios": faster}]


def test_the_page_and_its_chart_are_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(read())
    assert CHART.read_text(encoding="utf-8") == chart(read())


def test_the_readme_says_no_more():
    assert "more than ten times as" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(read()[-1]["ratios"][course] > 10 for course in ("light", "data", "keras"))


def test_the_page_shows_the_newest_measurement(history):
    before, now = (entry["ratios"]["keras"] for entry in (history[0], history[-1]))
    assert f"**{now:.1f}**" in page(history)
    assert "2030-01-02" in page(history)
    assert f"{before:.1f} to {now:.1f} times as many on keras" in page(history)
    assert "20.0 times as many on light" in page(history)
    assert ("generate_feedback" in page(history)) is True
    assert ("generate_feedback" in page(history[:1])) is bool(history[0].get("feedback"))


def test_the_chart_has_a_point_for_each_measurement_and_the_higher_one_is_higher(history):
    picture = ElementTree.fromstring(chart(history))
    dots = {line.get("class"): line.findall(f"{SVG}circle") for line in picture.findall(f"{SVG}g")}
    heights = [float(dot.get("cy")) for dot in dots["keras"]]
    assert len(heights) == len(history) == len(dots["exercises"])
    assert len(dots["light"]) == sum("light" in entry["ratios"] for entry in history)
    assert heights[-1] < heights[0]
    assert {"2030-01-02", "<b>", history[0]["date"]} <= set(picture.itertext())


def test_the_chart_has_an_alternative_text_and_a_dark_side(history):
    picture = ElementTree.fromstring(chart(history))
    assert picture.get("role") == "img"
    for name in picture.get("aria-labelledby").split():
        assert [element.text for element in picture if element.get("id") == name and element.text]
    assert "prefers-color-scheme: dark" in chart(history)


def test_every_name_in_the_chart_is_inside_of_it(history):
    picture = ElementTree.fromstring(chart(history))
    width, height = map(float, picture.get("viewBox").split()[2:])
    for text in picture.iter(f"{SVG}text"):
        across = float(text.get("x") or text.find(f"{SVG}tspan").get("x"))
        assert 0 < across < width - 100 or text.get("text-anchor")
        assert 0 < float(text.get("y")) < height - 18


def test_the_labels_of_lines_that_end_together_do_not_overlap(history):
    close = {**history[-1], "ratios": {"light": 14.2, "data": 14.1, "keras": 14.0, "exercises": 13.9}}
    picture = ElementTree.fromstring(chart([*history, close]))
    heights = sorted(float(line.find(f"{SVG}text").get("y")) for line in picture.findall(f"{SVG}g"))
    assert min(after - before for before, after in zip(heights, heights[1:], strict=False)) >= 13


def test_dates_do_not_overlap_however_many_there_are(history):
    picture = ElementTree.fromstring(chart(history * 10))
    places = sorted(
        float(text.find(f"{SVG}tspan").get("x")) for text in picture.findall(f"{SVG}text[@text-anchor='middle']")
    )
    assert min(after - before for before, after in zip(places, places[1:], strict=False)) > 75


def test_a_busy_machine_is_refused_and_told_why():
    bench.refuse_if_busy(bench.BUSY)
    with pytest.raises(click.ClickException, match="busy: 57 % .*--force"):
        bench.refuse_if_busy(57)


def test_work_is_noticed_before_anything_is_measured():
    work = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(bench.CORES)]
    try:
        assert bench.busy(1) > bench.BUSY
    finally:
        for process in work:
            process.kill()
            process.wait()


def test_a_measurement_is_added_to_those_before(tmp_path):
    bench.record({"commit": "one"}, tmp_path / "bench.json")
    bench.record({"commit": "two"}, tmp_path / "bench.json")
    assert json.loads((tmp_path / "bench.json").read_text()) == [{"commit": "one"}, {"commit": "two"}]


def test_what_is_recorded_says_when_and_where_and_what(history, monkeypatch):
    monkeypatch.setattr(bench, "CORES", history[0]["cores"])  # a worker of the tests has one core
    runs = [[bench.Measured(**one) for one in run] for run in history[0]["runs"]]
    made = bench.entry(runs)
    ratios = [name for name in history[0] if "ratio" in name or "time" in name]
    assert {name: made[name] for name in ratios} == {name: history[0][name] for name in ratios}
    assert made.keys() == history[0].keys()
    assert page([*history, json.loads(json.dumps(made))])
