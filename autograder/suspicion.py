"""Find, in what a student wrote, things that no answer needs. Nothing is taken away for them: a person is to look."""

from __future__ import annotations

import ast

from autograder import notebooks

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
    "os.kill",
    "os._exit",
    "os.fork",
    "sys.exit",
    "exit",
    "quit",
    "atexit.register",
    "signal.signal",
    "__import__",
}
_HOOKS = {"pre_execute", "pre_run_cell", "post_execute", "post_run_cell"}
_TEXTS = ("/proc/", "NBGRADER_EXECUTION", "hidden tests", "HIDDEN TESTS", "gradebook.db")


def find_suspicious(sources: list[str]) -> list[str]:
    """Return what stands out in these cells of a student's, each thing once.

    What cannot be parsed is skipped: it cannot be run either.
    """
    found: set[str] = set()
    for source in sources:
        tree = notebooks.parse(source)
        for node in ast.walk(tree) if tree else ():
            found |= _look_at(node)
    return sorted(found)


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
        return {f"{_dotted(node.func)}()"} & {f"{name}()" for name in _CALLS}
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ({node.value} & (_WORDS | _HOOKS)) | {text for text in _TEXTS if text in node.value}
    return set()


def _dotted(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{function.value.id}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else ""
