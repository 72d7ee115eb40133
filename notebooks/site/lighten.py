"""Make the pages light: they leave behind the theme's megabyte of icons, its fonts, and the rules that no page uses."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path

import tinycss2
from tinycss2.ast import Node

# What Sphinx and the theme write and no page needs.
LEFT_BEHIND = (
    "*.map",
    ".buildinfo*",
    ".doctrees/*",
    "_static/*.html",
    "_static/file.png",
    "_static/minus.png",
    "_static/plus.png",
    "_static/images/*",
    "_static/locales/*",
    "_static/scripts/bootstrap.js*",
    "_static/scripts/fontawesome.js*",
    "_static/vendor/*",
    "objects.inv",
)
# The style sheets of Sphinx, the theme and myst-nb become one, in this order, without the rules that no page uses.
STYLES = ("basic.css", "styles/pydata-sphinx-theme.css", "pygments.css", "styles/sphinx-book-theme.css", "mystnb.*.css")
STYLE = Path("_static/theme.css")
# Scripts with many words that are no classes of these pages.
_WORDY = ("searchindex.js", "language_data.js", "english-stemmer.js", "base-stemmer.js")
_STYLE_LINK = re.compile(r'<link\b[^>]*href="([./]*)_static/(?:styles/[\w-]+|pygments|mystnb\.\w+)\.css[^>]*>\s*')
_SCRIPTS = re.compile(r'<script[^>]*scripts/(?:bootstrap|fontawesome)\.js[^>]*></script>|<link rel="preload"[^>]*>')
_ICON = re.compile(r'<(i|span)\b([^>]*)\bclass="([^"]*\bfa-[^"]*)"([^>]*)></\1>')
_LICENCE = "<!-- Icons: Font Awesome Free by @fontawesome, https://fontawesome.com/license/free, CC BY 4.0 -->"
_PLAIN_CODE = re.compile(r'<span class="[npw]">([^<]*)</span>')  # names, punctuation and white space: not coloured
_TABLE_STYLE = re.compile(r"<style scoped>.*?</style>", re.DOTALL)
_NAMES = re.compile(r'\b(class|id)="([^"]*)"')
_EMPTY_HEADER = re.compile(r"<th\b([^>]*)>\s*(?:<p></p>)?\s*</th>")
_PICTURE = re.compile(r'<img\b([^>]*?_images/([\w.-]+)"[^>/]*)')
_VERBATIM = re.compile(r"(<(pre|script|style|textarea)\b.*?</\2>)", re.DOTALL)


def lighten(html: Path) -> dict[Path, bytes]:
    """Return the files of a site that are needed, by their paths in it, lighter than Sphinx has written them.

    Parameters
    ----------
    html : Path
        The folder that Sphinx has written.

    Raises
    ------
    ValueError
        If a page shows an icon that the theme does not have.
    """
    paths = sorted(path.relative_to(html) for path in html.rglob("*") if path.is_file())
    merged = {Path("_static", one).as_posix() for one in ("styles/theme.css", *STYLES)}
    kept = [path for path in paths if not any(path.match(pattern) for pattern in (*LEFT_BEHIND, *merged))]
    icons = icons_of((html / "_static" / "scripts" / "fontawesome.js").read_text(encoding="utf-8"))
    files = {path: (html / path).read_bytes() for path in kept}
    sizes = sizes_of(html / "_images")
    pages = {path: light_page(files[path].decode(), icons, sizes) for path in kept if path.suffix == ".html"}
    scripts = [files[path].decode() for path in kept if path.suffix == ".js" and path.name not in _WORDY]
    words = words_of(pages.values(), scripts)
    style = "".join(purge(next((html / "_static").glob(name)).read_text(encoding="utf-8"), words) for name in STYLES)
    style = without_unused_variables(style)
    version = hashlib.sha256(style.encode()).hexdigest()[:8]
    files |= {path: link_style(page, version).encode() for path, page in pages.items()}
    shown = set(re.findall(r"_images/([\w.-]+)", "\n".join(pages.values())))
    files = {path: data for path, data in files.items() if path.parent.name != "_images" or path.name in shown}
    return {**files, STYLE: style.encode()}


def light_page(page: str, icons: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]) -> str:
    """Return a page with its icons drawn in place, without what is there again and again, and without indentation.

    Parameters
    ----------
    page : str
        The page as Sphinx has written it.
    icons : dict of str to str
        What `icons_of` returns.
    sizes : dict of str to tuple
        Width and height of pictures by the names of their files: with them nothing moves when a picture arrives.
    """
    page = _TABLE_STYLE.sub("", _SCRIPTS.sub("", page))
    page = _PLAIN_CODE.sub(r"\1", page)
    page = _EMPTY_HEADER.sub(r"<td\1></td>", page)  # a screen reader would announce a header without a name
    page = _ICON.sub(lambda found: _drawn(found, icons), page)
    number = count()
    page = _PICTURE.sub(lambda found: _placed(found, sizes, later=next(number) > 0), page)
    parts = _VERBATIM.split(page)  # text, verbatim part, its tag, text, ...
    text = [re.sub(r"\s*\n\s*", "\n", part) for part in parts[::3]]
    verbatim = [*parts[1::3], ""]
    return "".join(before + kept for before, kept in zip(text, verbatim, strict=True))


def words_of(pages: Iterable[str], scripts: Iterable[str]) -> frozenset[str]:
    """Return the classes and ids that pages have, and all words of scripts, which may give them others."""
    named = [name for page in pages for _, names in _NAMES.findall(page) for name in names.split()]
    return frozenset(named) | {word for script in scripts for word in re.findall(r"[\w-]+", script)}


def link_style(page: str, version: str) -> str:
    """Return a page that asks for the one style sheet in place of the theme's several."""
    links = iter([rf'<link rel="stylesheet" href="\1{STYLE.as_posix()}?v={version}" />{_LICENCE}'])
    return _STYLE_LINK.sub(lambda found: found.expand(next(links, "")), page)


def icons_of(script: str) -> dict[str, str]:
    """Return Font Awesome's icons by name as SVG, without its first word; where two have one name, the solid one."""
    found = re.findall(r'[,{]"?([\w-]+)"?:\[(\d+),(\d+),\[[^\]]*\],"\w*","([^"]+)"\]', script)
    return {
        name: f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{d}"/>' for name, width, height, d in found
    }


def sizes_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the width and height of the PNG pictures in a folder, by name."""
    return {path.name: struct.unpack(">II", path.read_bytes()[16:24]) for path in folder.glob("*.png")}


def _placed(found: re.Match, sizes: Mapping[str, tuple[int, int]], *, later: bool) -> str:
    tag, name = found[1], found[2]
    if name in sizes:
        width, height = sizes[name]
        shown = re.search(r'\bwidth="(\d+)"', tag)
        tag += f' height="{round(height * int(shown[1]) / width)}"' if shown else f' width="{width}" height="{height}"'
    return f"<img{tag}" + (' loading="lazy"' if later else "")


def _drawn(found: re.Match, icons: Mapping[str, str]) -> str:
    _, before, classes, after = found.groups()
    name = next((word[3:] for word in classes.split() if word.startswith("fa-") and word[3:] in icons), None)
    if name is None:
        raise ValueError(f"The theme has no icon for {classes!r}")
    return f'<svg{before}class="svg-inline--fa {classes}"{after} aria-hidden="true" {icons[name]}</svg>'


def purge(style: str, words: frozenset[str]) -> str:
    """Return a style sheet without fonts, and without the rules for classes and ids that are not among the words."""
    rules = _parse(style)
    rules = [rule for rule in rules if getattr(rule, "at_keyword", None) not in ("font-face", "charset", "import")]
    return "".join(_texts(rules, words))


def _texts(rules: list[Node], words: frozenset[str]) -> list[str]:
    texts = []
    for rule in rules:
        if rule.type == "qualified-rule":
            used = [tinycss2.serialize(one).strip() for one in _selectors(rule.prelude) if _named(one) <= words]
            texts += [f"{','.join(used)}{{{_declarations(rule)}}}"] if used else []
        elif rule.at_keyword in ("media", "supports"):
            inner = _texts(_parse(rule.content), words)
            texts += [f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{''.join(inner)}}}"] if inner else []
        else:
            texts.append(rule.serialize())
    return texts


def _parse(style: str | list[Node]) -> list[Node]:
    return tinycss2.parse_rule_list(style, skip_comments=True, skip_whitespace=True)


def _declarations(rule: Node) -> str:
    parts = tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True)
    return ";".join(part.serialize().rstrip(";") for part in parts)


def without_unused_variables(style: str) -> str:
    """Return a style sheet without the variables of Bootstrap that nothing in it asks for."""
    used = set(re.findall(r"var\(\s*(--bs-[\w-]+)", style))
    return re.sub(
        r"(?<=[{;])(--bs-[\w-]+):(?:[^;}\"]|\"[^\"]*\")*(?:;|(?=}))",
        lambda found: found[0] if found[1] in used else "",
        style,
    )


def _selectors(prelude: list[Node]) -> list[list[Node]]:
    selectors = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return selectors


def _named(selector: list[Node]) -> set[str]:
    """Return the classes and ids without which a selector matches nothing; those in ``:not()`` are none of them."""
    pairs = zip(selector, selector[1:], strict=False)
    classes = {token.value for dot, token in pairs if dot == "." and token.type == "ident"}
    return classes | {token.value for token in selector if token.type == "hash"}
