"""Failures that tocsin names: a foreign one becomes one of these at the rim; expected outcomes are values."""

from __future__ import annotations


class TocsinError(Exception):
    """Something tocsin could not do, in words that stand alone."""


class UserError(TocsinError):
    """A mistake the user can mend: the command line prints one line, `error: WHAT; FIX`, and exits 2.

    `fix` says what to do, as an instruction ("give --date YYYY-MM-DD").
    """

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(what)
        self.fix = fix

    def __str__(self) -> str:
        return f"error: {self.args[0]}; {self.fix}"
