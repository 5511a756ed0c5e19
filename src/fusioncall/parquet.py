"""Tables as Apache Parquet, by pyarrow, which is not needed for anything else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fusioncall.errors import OutputError
from fusioncall.files import whole_file
from fusioncall.tables import UNKNOWN

_FLOATS = frozenset(
    (
        *("ffpm", "expected_molecules", "limit_probability"),
        *("imbalance_log2", "imbalance_low", "imbalance_high"),
        *("imbalance_depth5", "imbalance_depth3"),
    )
)
_FLOAT_ENDINGS = ("_fraction", "_ffpm", "_share")
_COUNTS = frozenset(
    (
        *("bases", "calls", "candidates", "copies", "distinct_starts", "fragments", "limit"),
        *("reads", "compared_samples", "suspected_junctions", "control_genes"),
        *("mapq_phred", "source_fragments", "molecules", "exon5", "exon3"),
        *("insert_pairs", "limit_exon"),
    )
)
_COUNT_ENDINGS = ("_bp", "_molecules", "_reads", "_copies")
_LISTS = frozenset(("acceptor_molecules",))


def write_parquet(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Write a table with the cells of its TSV: numbers as such by the names of their columns.

    Args:
        path: where to.
        columns: their names.
        rows: cells as text; `.` becomes a missing value.

    Raises:
        OutputError: pyarrow is not installed, or the file cannot be written.
    """
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        cure = "Install it: pip install pyarrow"
        raise OutputError("Parquet needs pyarrow, which is missing", cure=cure) from error
    types = [_type(name, pyarrow) for name in columns]
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [
        pyarrow.array(
            [None if cell == UNKNOWN else cell for cell in column], pyarrow.string()
        ).cast(kind)
        for column, kind in zip(values, types, strict=True)
    ]
    with whole_file(path) as temporary:
        pyarrow.parquet.write_table(pyarrow.table(arrays, names=list(columns)), temporary)


def _type(name: str, pyarrow: Any) -> Any:  # noqa: ANN401 - a module without types
    if name in _FLOATS or name.endswith(_FLOAT_ENDINGS):
        return pyarrow.float64()
    is_count = name in _COUNTS or (name.endswith(_COUNT_ENDINGS) and name not in _LISTS)
    return pyarrow.int64() if is_count else pyarrow.string()
