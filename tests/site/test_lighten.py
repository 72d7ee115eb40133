"""Pages without the theme's ballast look as they did: each rule, icon and file that one of them uses is there."""

from __future__ import annotations

import pytest

from notebooks.site.lighten import icons_of, light_page, link_style, purge, without_unused_variables, words_of

ICONS = {"sun": 'viewBox="0 0 1 2"><path d="M0"/>'}
SIZES = {"a.png": (30, 20)}
WORDS = frozenset({"used", "shown"})


def test_words_are_the_classes_and_ids_of_pages_and_all_words_of_scripts():
    words = words_of(['<p class="a-b c">prose <b id="d">'], ['element.classList.add("open")'])
    assert {"a-b", "c", "d", "open"} <= words
    assert "prose" not in words


@pytest.mark.parametrize(
    ("style", "left"),
    [
        (".used{color:red} .unused{color:red}", ".used{color:red}"),
        (".unused,.used>b{color:red}", ".used>b{color:red}"),
        (".used .unused{color:red}", ""),
        ("#shown{a:b} #hidden{a:b}", "#shown{a:b}"),
        (".used:not(.unused){a:b}", ".used:not(.unused){a:b}"),
        ("p::before{content:'.unused{'}", "p::before{content:'.unused{'}"),
        ("@media print{.used{a:b}.unused{a:b}}", "@media print{.used{a:b}}"),
        ("@media print{.unused{a:b}}", ""),
        ("@font-face{src:url(font.woff2)} @import 'basic.css';b{a:b}", "b{a:b}"),
        ("@keyframes spin{0%{a:b}}", "@keyframes spin{0%{a:b}}"),
    ],
)
def test_rules_that_a_page_uses_stay_and_no_other(style, left):
    assert purge(style, WORDS).replace('"', "'") == left


def test_variables_that_something_asks_for_stay():
    style = 'b{--bs-a:1;--bs-b:url("x;}y");--other:2;color:var(--bs-a)}'
    assert without_unused_variables(style) == "b{--bs-a:1;--other:2;color:var(--bs-a)}"


def test_icons_are_drawn_in_place_with_what_their_elements_had():
    page = light_page('<i class="fa-solid fa-sun fa-lg" title="Light"></i>', ICONS, SIZES)
    assert page.startswith('<svg class="svg-inline--fa fa-solid fa-sun fa-lg" title="Light"')
    assert '<path d="M0"/></svg>' in page


def test_an_icon_that_the_theme_does_not_have_is_named():
    with pytest.raises(ValueError, match="fa-moon"):
        light_page('<span class="fa-moon"></span>', ICONS, SIZES)


def test_the_solid_icon_is_taken():
    script = '{sun:[1,2,[],"f1","regular"],"arrow-up":[3,4,["up"],"f2","arrow"]},{sun:[5,6,[],"f1","solid"]}'
    assert {name: "solid" in icon for name, icon in icons_of(script).items()} == {"sun": True, "arrow-up": False}
    assert 'viewBox="0 0 5 6"' in icons_of(script)["sun"]


def test_pictures_have_their_size_and_all_but_the_first_wait_for_the_reader():
    page = light_page('<img src="../_images/a.png"/><img src="../_images/a.png" width="15" />', ICONS, SIZES)
    assert page == (
        '<img src="../_images/a.png" width="30" height="20"/>'
        '<img src="../_images/a.png" width="15"  height="10" loading="lazy"/>'
    )


@pytest.mark.parametrize("empty", ["", "<p></p>"])
def test_a_header_without_a_name_is_a_plain_cell(empty):
    page = f'<tr><th class="head">{empty}</th><th>a</th></tr>'
    assert light_page(page, ICONS, SIZES) == '<tr><td class="head"></td><th>a</th></tr>'


def test_only_what_is_coloured_in_code_is_marked():
    code = (
        '<pre><span class="k">if</span><span class="w"> </span><span class="n">x</span><span class="p">:</span></pre>'
    )
    assert light_page(code, ICONS, SIZES) == '<pre><span class="k">if</span> x:</pre>'


def test_code_keeps_its_indentation():
    page = light_page("<div>\n    <p>text</p>\n<pre>if x:\n    y</pre>\n  </div>", ICONS, SIZES)
    assert page == "<div>\n<p>text</p>\n<pre>if x:\n    y</pre>\n</div>"


def test_one_style_sheet_takes_the_place_of_the_themes():
    page = (
        '<link href="../_static/styles/theme.css?digest=1" rel="stylesheet" />\n'
        '<link rel="stylesheet" href="../_static/pygments.css?v=2" />\n'
        '<link rel="stylesheet" href="../_static/mystnb.8ecb.css" />\n'
        '<link rel="stylesheet" href="../_static/site.css?v=3" />'
    )
    lighter = link_style(page, "abc")
    assert lighter.count("stylesheet") == 2
    assert 'href="../_static/theme.css?v=abc"' in lighter
    assert "site.css" in lighter
