"""All thresholds of the caller, read from `config/settings.yaml` and checked.

The file says what each threshold means, its unit and its reason; these records say its type and
its possible range.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml

from fusioncall.errors import SettingsError
from fusioncall.resources import resource_path

Positive = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=0.3)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


@enum.unique
class Assay(enum.Enum):
    """How a library was made; each has limits of adequacy of its own."""

    WHOLE_TRANSCRIPTOME = "whole_transcriptome"
    HYBRID_CAPTURE = "hybrid_capture"
    AMPLICON = "amplicon"

    @property
    def is_partner_dependent(self) -> bool:
        """Whether it can see only the partners that its primers were made for."""
        return self is Assay.AMPLICON


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen record read from a file; unknown and missing keys are errors."""


class ReferenceSettings(Record, frozen=True):
    """What goes into the aligner's index and the k-mer tables of a reference bundle."""

    index: Literal["genome", "exons"]
    index_flank_bp: Count

    kmer_bp: Annotated[int, msgspec.Meta(ge=11, le=15)]
    exon_flank_bp: Count
    utr_flank_bp: Count


class ScreenSettings(Record, frozen=True):
    """What a molecule must hold to be kept by the screen."""

    min_stretch_bp: Annotated[int, msgspec.Meta(ge=18, le=1000)]
    max_end_mismatches: Annotated[int, msgspec.Meta(ge=0, le=2)]
    min_census_hits: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    short_read_bp: Count
    low_quality_phred: Count
    min_strand_reads: Positive
    min_strand_share: Annotated[float, msgspec.Meta(gt=0.5, le=1)]
    trusted_margin_bp: Count


class AlignSettings(Record, frozen=True):
    """How the kept reads are aligned."""

    preset: Literal["splice:sr", "splice", "splice:hq", "sr"]
    min_score: Positive
    min_chain_score: Positive
    batch_molecules: Positive


class TrimSettings(Record, frozen=True):
    """How the end of a fragment that is shorter than its reads is found."""

    min_overlap_bp: Annotated[int, msgspec.Meta(ge=12)]
    max_mismatch_rate: Rate
    min_adapter_bp: Positive
    adapters: tuple[Annotated[str, msgspec.Meta(pattern="^[ACGT]{12,}$")], ...]


class DiscoverySettings(Record, frozen=True):
    """What a read must show of an annotated junction."""

    min_donor_bp: Annotated[int, msgspec.Meta(ge=8)]
    min_supported_bp: Annotated[int, msgspec.Meta(ge=8)]
    min_acceptor_bp: Annotated[int, msgspec.Meta(ge=10)]
    min_foreign_mismatches: Positive


class EvidenceSettings(Record, frozen=True):
    """Which pieces of a split read may propose a junction."""

    min_segment_bp: Positive
    max_query_gap_bp: Count
    min_lone_pairs: Positive
    min_clip_bp: Positive
    clip_reach_bp: Count
    refine_window_bp: Positive


class RecountSettings(Record, frozen=True):
    """When a molecule counts for a junction."""

    min_anchor_bp: Positive
    min_edit_advantage: Positive
    max_edit_rate: Rate
    max_fragment_bp: Positive
    max_side_edit_rate: Rate
    free_side_edits: Count
    min_misfit_bp: Positive
    max_misfit_edit_rate: Rate
    merge_window_bp: Count
    merge_edits: Count
    collapse_copies: bool


class FilterSettings(Record, frozen=True):
    """Limits of the filters."""

    min_molecules: Positive
    min_split_molecules: Positive
    min_molecules_off_splice_site: Positive
    min_split_off_splice_site: Positive
    max_homology_off_splice_site_bp: Count
    min_anchor_bp: Positive
    min_anchor_off_splice_site_bp: Positive
    min_triplets: Count
    max_misfits_per_split: Annotated[float, msgspec.Meta(ge=0)]
    free_misfits: Count
    max_partners: Positive
    min_partner_share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    max_read_through_bp: Count
    min_mapq_phred: Count
    min_panel_samples: Positive
    min_panel_share: Share
    panel_window_bp: Count
    max_panel_ratio: Annotated[float, msgspec.Meta(ge=1)]


class ConfidenceSettings(Record, frozen=True):
    """What makes a call of high confidence."""

    high_min_molecules: Positive
    high_min_split: Positive


class StatusSettings(Record, frozen=True):
    """When a negative means anything, and how its detection limit is stated."""

    min_known_share: Share
    min_insert_pairs: Positive
    limit_acceptors: Positive
    limit_probability: Annotated[float, msgspec.Meta(ge=0.5, le=0.999)]


class AdequacySettings(Record, frozen=True):
    """What a sample of one kind of assay must show for a negative to mean anything.

    None: the laboratory has set no limit, and the number is not judged.
    """

    min_fragments: Count | None
    min_target_reads: Count | None
    min_target_share: Share | None
    min_read_bp: Count | None
    min_insert_bp: Count | None
    min_control_genes: Count | None
    min_control_depth: Annotated[float, msgspec.Meta(gt=0)]
    max_copies_share: Share | None
    max_low_quality_share: Share | None
    max_short_share: Share | None


class AssaySettings(Record, frozen=True):
    """The limits of adequacy of each kind of assay."""

    whole_transcriptome: AdequacySettings
    hybrid_capture: AdequacySettings
    amplicon: AdequacySettings

    def of(self, assay: Assay) -> AdequacySettings:
        """The limits of one kind."""
        limits: AdequacySettings = getattr(self, assay.value)
        return limits


class CarryOverSettings(Record, frozen=True):
    """How much of a sample may be carried over from others of its run or lane."""

    hopped_share: Annotated[float, msgspec.Meta(ge=0, le=0.2)]
    soiled_share: Annotated[float, msgspec.Meta(ge=0, le=0.2)]
    max_chance: Annotated[float, msgspec.Meta(gt=0, le=0.5)]


class ResistanceSettings(Record, frozen=True):
    """When a resistance codon counts as mutated, and when as assessable."""

    min_molecules: Positive
    min_mutated_molecules: Positive
    min_mutated_share: Annotated[float, msgspec.Meta(ge=0, le=1)]


class ImbalanceSettings(Record, frozen=True):
    """When the 5'/3' imbalance of a target is told."""

    min_molecules: Positive


class Settings(Record, frozen=True):
    """All thresholds."""

    reference: ReferenceSettings
    screen: ScreenSettings
    align: AlignSettings
    trim: TrimSettings
    discovery: DiscoverySettings
    evidence: EvidenceSettings
    recount: RecountSettings
    filters: FilterSettings
    confidence: ConfidenceSettings
    status: StatusSettings
    carry_over: CarryOverSettings
    assay: AssaySettings
    resistance: ResistanceSettings
    imbalance: ImbalanceSettings


R = TypeVar("R", bound=Record)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by their dotted names.

    >>> flat({"filters": {"min_molecules": 2}, "schema": 1})
    {'filters.min_molecules': 2, 'schema': 1}
    """
    named: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        named |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return named


@dataclass(frozen=True, slots=True)
class Change:
    """A setting, or another value with a name, and what it was and is."""

    name: str
    old: Any
    new: Any

    @property
    def text(self) -> str:
        """The name with both values."""
        return f"{self.name} ({self.old}, now {self.new})"


def changes(old: Settings, new: Settings, groups: Iterable[str]) -> tuple[Change, ...]:
    """The settings of some groups that differ, in the order of the file."""
    one, other = (flat(msgspec.to_builtins(each)) for each in (old, new))
    return tuple(
        Change(name, one[name], other[name])
        for name in one
        if name.partition(".")[0] in groups and one[name] != other[name]
    )


class _StrictLoader(yaml.CSafeLoader):
    """YAML without the rule that of two equal keys the last one silently wins."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                message = f"the key {key} stands twice"
                raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return super().construct_mapping(node, deep)


def read_settings(path: Path | None = None) -> Settings:
    """Read and check a settings file.

    Args:
        path: a YAML file with every key of `config/settings.yaml`; that file when left out.

    Raises:
        SettingsError: it cannot be read, or has an unknown, missing or impossible value.
    """
    return read_yaml(path or resource_path("settings.yaml"), Settings)


def read_yaml(path: Path, kind: type[R]) -> R:
    """Read a YAML file into a frozen record.

    Args:
        path: the file.
        kind: the record's type; keys that it does not have are refused.

    Raises:
        SettingsError: the file is missing, is no YAML or does not fit the type.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except OSError as error:
        what, cure = f"cannot be read: {error.strerror}", "Check the path"
        raise SettingsError(what, where=path, cure=cure) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what, cure = f"is not YAML: {error}", "Mend the file"
        raise SettingsError(what, where=path, cure=cure) from error
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        what = f"does not fit: {error}"
        cure = "Compare it with the file of this name that comes with fusioncall"
        raise SettingsError(what, where=path, cure=cure) from error
