"""Aligning the kept reads of one sample or of several with one load of the index."""

from __future__ import annotations

import pytest

from fusioncall import steps
from fusioncall.align import Aligner
from fusioncall.bam import write_molecules
from fusioncall.errors import BundleError, InputError
from fusioncall.model import Molecule, Read, ReadNumber
from fusioncall.plants import Molecules, fused_parts, parse_fusion


@pytest.fixture
def setup(reference, settings):
    return steps.Setup(reference, settings, 2)


def screened(world, folder, name, text, count=40):
    """An unaligned BAM of reads over a junction."""
    five, inserted, three = fused_parts(world, parse_fusion(world, text, Molecules()))
    whole = five + inserted + three
    starts = range(len(five) - 50, len(five) - 50 + count)
    reads = (whole[start : start + 75] for start in starts)
    made = (
        Molecule(f"{name}{number:03d}", (Read(ReadNumber.SINGLE, read, "I" * len(read), ()),))
        for number, read in enumerate(reads)
    )
    path = folder / f"{name}.screened.bam"
    write_molecules(path, made, {})
    return path


@pytest.fixture
def three_samples(world, tmp_path):
    texts = {"A": "ETV6:5-NTRK3:15", "B": "TPM3:8-NTRK1:10", "C": "QKI:6-NTRK2:16"}
    return {name: screened(world, tmp_path, name, text) for name, text in texts.items()}


@pytest.fixture
def loads(monkeypatch):
    """The indexes that were loaded."""
    import mappy

    loaded = []

    class Counting(mappy.Aligner):
        def __init__(self, **options):
            loaded.append(options["fn_idx_in"])

    monkeypatch.setattr(mappy, "Aligner", Counting)
    return loaded


def test_samples_together_give_the_bytes_of_each_alone(three_samples, setup, tmp_path):
    together = [tmp_path / f"{name}.bam" for name in three_samples]
    steps.align_batch([*zip(three_samples.values(), together, strict=True)], setup)
    for name, reads in three_samples.items():
        alone = tmp_path / f"{name}.alone.bam"
        steps.align_batch([(reads, alone)], setup)
        assert alone.read_bytes() == (tmp_path / f"{name}.bam").read_bytes()
    sizes = {path.read_bytes() for path in together}
    assert len(sizes) == 3


def test_index_is_loaded_once_for_all(three_samples, setup, tmp_path, loads):
    outs = [tmp_path / f"{name}.bam" for name in three_samples]
    steps.align_batch([*zip(three_samples.values(), outs, strict=True)], setup)
    assert loads == [str(setup.reference.index_path)]


def test_index_is_not_loaded_for_no_reads(setup, tmp_path, loads):
    reads, out = tmp_path / "none.bam", tmp_path / "out.bam"
    write_molecules(reads, (), {})
    steps.align_batch([(reads, out), (reads, tmp_path / "other.bam")], setup)
    assert loads == []
    write_molecules(tmp_path / "wanted.bam", (), setup.reference.contigs)
    assert out.read_bytes() == (tmp_path / "wanted.bam").read_bytes()


def test_bad_sample_does_not_spoil_the_others(three_samples, setup, tmp_path):
    bad = three_samples["B"]
    bad.write_bytes(bad.read_bytes()[:-28])
    outs = {name: tmp_path / f"{name}.bam" for name in three_samples}
    with pytest.raises(InputError) as caught:
        steps.align_batch([(three_samples[name], outs[name]) for name in "BAC"], setup)
    assert str(caught.value) == (
        f"1 of 3 samples could not be aligned: {bad}: is cut off. "
        "Mend what is told and align it again; the other samples are done."
    )
    assert sorted(path.name for path in tmp_path.glob("*.bam") if "screened" not in path.name) == [
        "A.bam",
        "C.bam",
    ]
    steps.align_batch([(three_samples["A"], tmp_path / "alone.bam")], setup)
    assert outs["A"].read_bytes() == (tmp_path / "alone.bam").read_bytes()


def test_all_bad_samples_are_told(three_samples, setup, tmp_path):
    three_samples["A"].unlink()
    three_samples["C"].write_text("no BAM")
    with pytest.raises(InputError) as caught:
        steps.align_batch([(r, tmp_path / f"{n}.bam") for n, r in three_samples.items()], setup)
    assert str(caught.value) == (
        f"2 of 3 samples could not be aligned: {three_samples['A']}: does not exist or is no file; "
        f"{three_samples['C']}: is not BAM. "
        "Mend what is told and align it again; the other samples are done."
    )


def test_bad_sample_alone_is_told_as_ever(setup, tmp_path):
    with pytest.raises(InputError) as caught:
        steps.align_batch([(tmp_path / "none.bam", tmp_path / "out.bam")], setup)
    assert str(caught.value) == (
        f"{tmp_path}/none.bam: does not exist or is no file. Check the path."
    )


def test_index_that_cannot_be_loaded_is_told(tmp_path, settings):
    aligner = Aligner(tmp_path / "none.mmi", settings.align)
    with pytest.raises(BundleError, match=r"none\.mmi: minimap2 cannot load this index"):
        list(aligner.align([Molecule("m", ())], 1))


def test_command_aligns_several(three_samples, reference_folder, tmp_path, run_cli):
    outs = [tmp_path / "a.bam", tmp_path / "b.bam"]
    reads = [three_samples["A"], three_samples["B"]]
    words = ("--quiet", "align", "--reference", reference_folder)
    assert run_cli(*words, "--reads", *reads, "--out", *outs).code == 0
    assert run_cli(*words, "--reads", reads[1], "--out", tmp_path / "alone.bam").code == 0
    assert outs[1].read_bytes() == (tmp_path / "alone.bam").read_bytes()


@pytest.mark.parametrize(
    ("outs", "told"),
    [
        (["a.bam"], "2 files of reads were given and 1 to write"),
        (["a.bam", "a.bam"], "one file was given twice to be written"),
    ],
)
def test_impossible_command(three_samples, reference_folder, tmp_path, run_cli, outs, told):
    reads = [three_samples["A"], three_samples["B"]]
    done = run_cli(
        *("align", "--reference", reference_folder, "--reads", *reads),
        *("--out", *(tmp_path / name for name in outs)),
    )
    assert done.code == 2
    assert done.stderr == (
        f"fusioncall align: error: {told}. Give one file to write for each file of reads.\n"
    )
    assert not (tmp_path / "a.bam").exists()
