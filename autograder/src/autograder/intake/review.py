"""Find, in what a student wrote, things that no answer needs. Nothing is taken away for them: a person is to look."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable

from autograder.course.notebooks import parse_python

_MODULES = {"gc", "ctypes", "_ctypes", "cffi", "builtins"}
_WORDS = {
    "_getframe", "_current_frames", "currentframe", "getouterframes", "settrace", "setprofile", "addaudithook",
    "f_back", "f_locals", "f_globals", "tb_frame", "gi_frame", "cr_frame", "co_consts", "cell_contents", "__code__",
    "__closure__", "__globals__", "__subclasses__", "__builtins__", "__class__", "ast_transformers", "set_custom_exc",
    "input_transformers_cleanup", "input_transformers_post", "showtraceback", "_showtraceback", "iopub_socket",
    "shell_handlers", "do_execute", "display_pub", "displayhook", "excepthook", "user_ns", "user_module", "meta_path",
    "__array_interface__", "__array_struct__", "from_address", "memmove",
}  # fmt: skip
_CALLS = {
    "os.kill()", "os._exit()", "os.fork()", "sys.exit()", "exit()", "quit()", "atexit.register()", "signal.signal()",
    "__import__()",
}  # fmt: skip
_HOOKS = {"pre_execute", "pre_run_cell", "post_execute", "post_run_cell"}
_TEXTS = ("/proc/", "NBGRADER_EXECUTION", "hidden tests", "HIDDEN TESTS", "gradebook.db")

# Python parses some sources in quadratic time, and no other thread runs meanwhile.
_LONGEST_CELL = 20_000  # characters, magics not counted
_LONGEST_NOTEBOOK = 500_000
_TOO_LONG = "more code than is looked through"
_FILE = "<handed in>"
# A line that IPython does not hand on to Python: a magic, a command of the shell, a question; with its continuations.
_MAGIC = re.compile(r"^([^\S\n]*)(?:[%!?](?:[^\\\n]|\\.)*|[\w.*%]+\?{1,2}[^\S\n]*)$", flags=re.MULTILINE | re.DOTALL)
_ASSIGNED_MAGIC = re.compile(r"^([^\S\n]*[\w.]+[^\S\n]*=[^\S\n]*)[%!](?:[^\\\n]|\\.)*$", flags=re.MULTILINE | re.DOTALL)

# Python would warn the instructor of what the student wrote, such as an invalid escape.
warnings.filterwarnings("ignore", module=re.escape(_FILE))


def find_suspicious(sources: Iterable[str]) -> list[str]:
    """Return what stands out in these cells of a student's, each thing once.

    What cannot be parsed is skipped: it cannot be run either. So is what is too long, but then that stands out as well.
    """
    found: set[str] = set()
    left = _LONGEST_NOTEBOOK
    for source in sources:
        code = _replace_magics(source)
        left -= len(code)
        if len(code) > _LONGEST_CELL or left < 0:
            found.add(_TOO_LONG)
            continue
        for node in _nodes(source, code):
            found |= _look_at(node)
    return sorted(found)


def _replace_magics(source: str) -> str:
    """Return the source of a cell with a statement of Python in the place of each magic, in one pass over its text."""
    return _MAGIC.sub(r"\1pass", _ASSIGNED_MAGIC.sub(r"\1None", source))


def _nodes(source: str, code: str) -> Iterable[ast.AST]:
    """Return the nodes of a cell's syntax tree; none if it cannot be parsed."""
    # As it is, first: a line of plain Python may look like a magic, such as `% x`, which goes on with the line above.
    for text in dict.fromkeys([source, code]):
        tree = parse_python(text, _FILE) if len(text) <= _LONGEST_CELL else None
        if tree:
            return ast.walk(tree)
    return ()


def _look_at(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & _MODULES
    if isinstance(node, ast.ImportFrom):
        return ({node.module or ""} & _MODULES) | ({alias.name for alias in node.names} & _WORDS)
    if isinstance(node, ast.Attribute):
        return {node.attr} & _WORDS
    if isinstance(node, ast.Name):
        return {node.id} & _WORDS
    if isinstance(node, ast.Call):
        return {f"{_dotted(node.func)}()"} & _CALLS
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ({node.value} & (_WORDS | _HOOKS)) | {text for text in _TEXTS if text in node.value}
    return set()


def _dotted(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{function.value.id}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""
