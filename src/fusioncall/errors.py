"""What can go wrong with a user's input, in sentences that say what, where and what to do.

Every error that a user can cure is a `FusioncallError`; the command line prints its one line and
exits with 2. Anything else that is raised is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class FusioncallError(Exception):
    """Something that the user can cure.

    Args:
        what: what is wrong, one sentence without the final full stop.
        where: the file (and line, row, read or sample) concerned, if there is one.
        cure: what the user can do about it.
    """

    def __init__(self, what: str, *, where: str | Path | None = None, cure: str) -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.cure = cure
        place = f"{self.where}: " if self.where else ""
        super().__init__(" ".join(f"{place}{what}. {cure}.".split()))


class InputError(FusioncallError):
    """A file of reads or alignments that cannot be used."""


class BundleError(FusioncallError):
    """A reference bundle, FASTA or GTF that cannot be used."""


class SettingsError(FusioncallError):
    """A settings, targets or catalogue file that cannot be used."""


class OutputError(FusioncallError):
    """A folder or file that cannot be written."""
