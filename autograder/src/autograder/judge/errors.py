"""Why a value does not pass between the judge and a submission."""

from __future__ import annotations


class Undecodable(ValueError):
    """A message is not in the format, or too large."""


class NotData(TypeError):
    """A value cannot be copied, and its owner gives no reference to it."""
