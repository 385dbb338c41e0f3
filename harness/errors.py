"""Every error that harness raises on purpose.

HarnessError                exit 1
├── UsageError              exit 2: the command, a file or the set-up is wrong
│   ├── TaskError           a task is unknown, untrusted or not fully defined
│   ├── ModelError          a model is unknown, unreadable, does not fit or cannot do what is asked
│   └── HubError            data or weights could not be fetched
├── IncompleteError         exit 3: finished, but answers are missing
│   ├── ProviderError       a provider is down, or its quota is used up; the run can go on later
│   └── BudgetError         the money that a run may cost is spent; it can go on with more
├── NotComparableError      exit 4: two runs were made under different protocols
├── StoreError              exit 5: the store is locked, corrupt, full or of another version
└── InterruptedRunError     exit 130: stopped by the user, resumable

A message says what came, what was expected and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Root of all errors raised on purpose; `exit_code` is what the CLI ends with."""

    exit_code = 1


class UsageError(HarnessError):
    """The command, a configuration file or the set-up is wrong."""

    exit_code = 2


class TaskError(UsageError):
    """A task is unknown, untrusted or not fully defined."""


class ModelError(UsageError):
    """A model is unknown, unreadable, does not fit or cannot do what is asked."""


class HubError(UsageError):
    """Data or weights could not be fetched from the Hub."""


class IncompleteError(HarnessError):
    """The run finished, but answers are missing."""

    exit_code = 3


class ProviderError(IncompleteError):
    """A provider is down or its quota is used up; the same command continues later."""


class BudgetError(IncompleteError):
    """What a run may cost is spent; the same command continues with a larger budget."""


class NotComparableError(HarnessError):
    """Two runs were made under different protocols."""

    exit_code = 4


class StoreError(HarnessError):
    """The store is locked, corrupt, full or written by another version."""

    exit_code = 5


class InterruptedRunError(HarnessError):
    """The user stopped the run; the same command continues it."""

    exit_code = 130


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as `did you mean 'mmlu'?`, or '' where nothing is near."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    if not close:
        return ""
    return "did you mean " + " or ".join(repr(match) for match in close) + "?"
