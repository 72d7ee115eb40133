"""What stands in the judge for functions, classes and objects of the submission.

A stand-in passes every use on to the submission's kernel and gives back values. What it does not know how to pass on
ends the judging of the cell: it never gives an answer of its own that a real object might not give.
"""

from __future__ import annotations

import types
from typing import Any, Protocol

from autograder.judge.operators import OPERATORS

_OF_FUNCTIONS = ("__name__", "__qualname__", "__doc__", "_kind_")
_KINDS: dict[str, type] = {
    "function": types.FunctionType,
    "method": types.MethodType,
    "builtin_function_or_method": types.BuiltinFunctionType,
}
_OTHER_SPECIAL = ("__hash__", "__await__", "__aiter__", "__anext__", "__aenter__", "__aexit__", "__str__", "__repr__",
                  "__format__", "__bytes__", "__setattr__", "__delattr__")  # fmt: skip


class Questions(Protocol):
    """What stand-ins need of the judge; see `autograder.judge.questions.Questions`."""

    def call(self, handle: int, path: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any: ...
    def operate(self, handle: int, path: str, name: str, arguments: tuple[Any, ...]) -> Any: ...
    def attribute(self, handle: int, path: str, name: str) -> Any: ...
    def set_attribute(self, handle: int, path: str, name: str, value: Any) -> None: ...
    def proceed(self, handle: int, path: str) -> Any: ...
    def give_up(self, reason: str) -> BaseException: ...


class StandIn:
    """Base of all stand-ins but classes. The three attributes are set without asking the submission."""

    __slots__ = ("_handle_", "_path_", "_questions_")
    _handle_: int
    _path_: str
    _questions_: Questions

    def __init__(self, questions: Questions, handle: int, path: str):
        for name, value in (("_questions_", questions), ("_handle_", handle), ("_path_", path)):
            object.__setattr__(self, name, value)


class Function(StandIn):
    """A function, method or other callable of the submission."""

    def __init__(self, questions: Questions, handle: int, path: str, name: str, doc: str | None, kind: str):
        super().__init__(questions, handle, path)
        for attribute, value in zip(_OF_FUNCTIONS, (name, name, doc, kind), strict=True):
            object.__setattr__(self, attribute, value)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it in the submission's kernel."""
        return self._questions_.call(self._handle_, self._path_, arguments, keywords)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return _KINDS.get(object.__getattribute__(self, "_kind_"), Function)

    @property
    def __annotations__(self) -> Any:  # type: ignore[override]
        return self.__getattr__("__annotations__")

    def __getattr__(self, name: str) -> Any:
        """Pass on what the function has been given by the submission; its code, for example, cannot pass."""
        if name.startswith("__"):
            raise self._questions_.give_up(f"the test reads `{name}` of the function `{self._path_}`")
        return self._questions_.attribute(self._handle_, self._path_, name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Become a method, as functions do."""
        return self if instance is None else types.MethodType(self, instance)


class Iterator(StandIn):
    """A generator or another iterator of the submission."""

    __slots__ = ()

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        """Ask for the next value."""
        return self._questions_.proceed(self._handle_, self._path_)

    def __getattr__(self, name: str) -> Any:
        """Pass on methods of generators, such as ``send`` and ``close``."""
        return self._questions_.attribute(self._handle_, self._path_, name)


class ClassStandIn(type):
    """The type of stand-ins for classes of the submission."""

    _class_questions_: Questions
    _class_handle_: int

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        """End the judging: a class that the test derives from one of the submission's would have to be there."""
        base = next(one for one in bases if isinstance(one, ClassStandIn))
        raise base._class_questions_.give_up(f"the test derives a class from `{base.__name__}`")

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        """Make an instance in the submission's kernel."""
        return cls._class_questions_.call(cls._class_handle_, cls.__name__, arguments, keywords)

    def __getattr__(cls, name: str) -> Any:
        """Pass on methods and attributes of the class."""
        if name in _NEVER:
            raise AttributeError(name)
        return cls._class_questions_.attribute(cls._class_handle_, cls.__name__, name)

    def __iter__(cls, *_: Any) -> Any:
        """End the judging: the class may have a type of its own, such as that of enums."""
        raise cls._class_questions_.give_up(f"the test uses the class `{cls.__name__}` as a collection")

    __len__ = __getitem__ = __contains__ = __iter__

    def __delattr__(cls, name: str) -> None:
        """End the judging."""
        raise cls._class_questions_.give_up(f"the test deletes `{name}` of the class `{cls.__name__}`")

    def __setattr__(cls, name: str, value: Any) -> None:
        """Set an attribute of the class in the submission's kernel."""
        cls._class_questions_.set_attribute(cls._class_handle_, cls.__name__, name, value)


class Instance(StandIn):
    """An object of a class of the submission."""

    __slots__ = ("__weakref__",)

    def __getattr__(self, name: str) -> Any:
        """Pass on attributes and methods."""
        if name in _NEVER:
            raise AttributeError(name)
        return self._questions_.attribute(self._handle_, self._path_, name)

    def __delattr__(self, name: str) -> None:
        """End the judging."""
        raise self._questions_.give_up(f"the test deletes `{self._path_}.{name}`")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute in the submission's kernel."""
        self._questions_.set_attribute(self._handle_, self._path_, name, value)


class Opaque(StandIn):
    """What can be held, dropped and passed back to the submission, and nothing else."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        """End the judging, but for what the judge itself needs."""
        if name in ("_handle_", "_path_", "_questions_", "__class__"):
            return object.__getattribute__(self, name)
        raise self._questions_.give_up(f"the test uses `{self._path_}`, of which no copy can be made")


def copy_stand_in(stand_in: StandIn, number: int) -> StandIn:
    """Return another stand-in for the same object, with a number of its own."""
    copy: StandIn = object.__new__(type(stand_in))
    StandIn.__init__(copy, stand_in._questions_, number, stand_in._path_)
    if type(copy) is Function:
        for attribute in _OF_FUNCTIONS:
            object.__setattr__(copy, attribute, object.__getattribute__(stand_in, attribute))
    return copy


def _give_up_for(name: str) -> Any:
    def give_up(self: Opaque, *_: Any) -> Any:
        raise self._questions_.give_up(f"the test uses `{self._path_}`, of which no copy can be made")

    give_up.__name__ = name
    return give_up


# Python looks these up in the class, without `__getattribute__`.
for _name in (*OPERATORS, *_OTHER_SPECIAL):
    setattr(Opaque, _name, _give_up_for(_name))


def make_class(questions: Questions, handle: int, data: dict[str, Any], bases: tuple[type, ...]) -> type:
    """Return the stand-in for a class of the submission.

    Parameters
    ----------
    questions : Questions
    handle : int
        The number by which the kernel knows the class.
    data : dict
        What `autograder.judge.answers.Answers.refer` says of it.
    bases : tuple of type
        The stand-ins of its bases, and its built-in bases.
    """
    name = str(data["name"])
    is_exception = any(issubclass(base, BaseException) for base in bases)
    operators = {} if is_exception else {one: _operator(one) for one in data["operators"]}
    if "__eq__" in operators and "__hash__" not in operators:
        operators["__hash__"] = None
    body: dict[str, Any] = {"__module__": "__main__", "__doc__": data.get("doc"), **operators}
    if is_exception:
        kind = type(name, bases, body)
        return kind
    body["__slots__"] = ()
    made = type.__new__(ClassStandIn, name, bases or (Instance,), body)
    type.__setattr__(made, "_class_questions_", questions)
    type.__setattr__(made, "_class_handle_", handle)
    return made


def _operator(name: str) -> Any:
    def operate(self: StandIn, *arguments: Any) -> Any:
        return self._questions_.operate(self._handle_, self._path_, name, arguments)

    operate.__name__ = name
    return operate


# What libraries look for in every object, to treat some of them in a special way: no class of a notebook has these
# unless it is meant to, and then its cells are not judged.
_NEVER = frozenset(
    ("__array__", "__array_interface__", "__array_struct__", "__array_ufunc__", "__array_priority__",
     "__array_function__", "__dataframe__", "_ipython_display_", "_repr_html_", "_repr_mimebundle_",
     "_ipython_canary_method_should_not_exist_", "__wrapped__", "__fspath__", "__copy__", "__deepcopy__",
     "__reduce_ex__", "__getstate__", "_repr_pretty_")
)  # fmt: skip
