"""The reference bundle: the same bytes each time, and no change goes unseen."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json

import pytest

from fusioncall import __version__
from fusioncall.bundle import build_bundle
from fusioncall.errors import BundleError
from fusioncall.reference import FILES, MANIFEST, SCHEMA_VERSION, Reference
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome

ANEW = "Build the bundle anew: fusioncall reference build."


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def change(path):
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x01
    path.write_bytes(content)


def build_message(inputs, folder, settings, **changes):
    """The message of a build that must fail, and that must leave nothing behind."""
    before = set(folder.parent.iterdir())
    with pytest.raises(BundleError) as caught:
        build_bundle(dataclasses.replace(inputs, **changes), folder, settings, 1)
    assert set(folder.parent.iterdir()) == before
    text = str(caught.value)
    assert "\n" not in text
    return text


def fasta_with(world, tmp_path, change_lines):
    """The world's FASTA as plain text, its lines changed."""
    path = tmp_path / "plain.fa.gz"
    write_genome(world, path, ContigNames.CHR)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    changed = tmp_path / "changed.fa"
    changed.write_text("".join(f"{line}\n" for line in change_lines(lines)))
    return changed


# the same bytes


@pytest.mark.parametrize("threads", [1, 2])
def test_second_build_gives_the_same_bytes(
    bundle_inputs, reference_folder, settings, tmp_path, threads
):
    build_bundle(bundle_inputs, tmp_path / "again", settings, threads)
    assert digests(tmp_path / "again") == digests(reference_folder)
    assert sorted(digests(reference_folder)) == sorted([*FILES, MANIFEST])


def test_plain_inputs_give_the_bundle_of_packed_ones(
    bundle_inputs, reference_folder, settings, tmp_path
):
    plain = {}
    for role in ("fasta", "gtf"):
        source = getattr(bundle_inputs, role)
        plain[role] = tmp_path / source.name.removesuffix(".gz")
        plain[role].write_bytes(gzip.decompress(source.read_bytes()))
    plain["fasta"].write_text(plain["fasta"].read_text().replace("ACG", "acG"))
    build_bundle(dataclasses.replace(bundle_inputs, **plain), tmp_path / "again", settings, 1)
    packed, unpacked = digests(reference_folder), digests(tmp_path / "again")
    assert packed.pop(MANIFEST) != unpacked.pop(MANIFEST)
    assert packed == unpacked


def test_bases_are_those_of_the_genome(world, reference):
    for contig, bases in world.genome.items():
        assert reference.contigs[contig] == len(bases)
        assert reference.bases(contig, 0, len(bases)) == bases
        assert reference.bases(contig, -5, 7) == bases[:7]
        assert reference.bases(contig, len(bases) - 3, len(bases) + 9) == bases[-3:]


def test_manifest_says_what_the_bundle_was_made_of(bundle_inputs, world, reference_folder):
    manifest = json.loads((reference_folder / MANIFEST).read_text())
    assert manifest["schema"] == SCHEMA_VERSION
    assert manifest["fusioncall"] == __version__
    assert manifest["name"] == "world"
    assert manifest["contigs"] == {c: len(b) for c, b in world.genome.items()}
    assert manifest["transcripts"] == len(world.transcripts)
    assert manifest["genes"] == len({t.gene for t in world.transcripts})
    assert manifest["target_sequence_known"] == {"NTRK1": 1.0, "NTRK2": 1.0, "NTRK3": 1.0}
    for role in ("fasta", "gtf", "targets", "controls"):
        path = getattr(bundle_inputs, role)
        expected = {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        assert manifest["sources"][role] == expected
    assert str(reference_folder.parent) not in json.dumps(manifest)


def test_dialects_differ_in_names_but_not_in_places(bundle_inputs, world, settings, tmp_path):
    """Ensembl's GTF with a FASTA of plain names gives the same targets as GENCODE's with chr."""
    places = {}
    for dialect, names in ((Dialect.ENSEMBL, ContigNames.PLAIN), (Dialect.REFSEQ, ContigNames.CHR)):
        fasta, gtf = tmp_path / f"{dialect.value}.fa.gz", tmp_path / f"{dialect.value}.gtf.gz"
        write_genome(world, fasta, names)
        write_annotation(world, gtf, dialect)
        folder = tmp_path / dialect.value
        build_bundle(dataclasses.replace(bundle_inputs, fasta=fasta, gtf=gtf), folder, settings, 1)
        reference = Reference(folder)
        places[dialect] = [
            (t.name, t.domain_first, t.domain_last, len(t.whole)) for t in reference.targets
        ]
        assert reference.targets[0].gene.contig == names.of("chr1")
        assert reference.kmers.names[:3] == ("NTRK1", "NTRK2", "NTRK3")
    assert places[Dialect.ENSEMBL] == places[Dialect.REFSEQ]


# changes are seen


def test_whole_bundle_is_told_so(reference_folder, run_cli):
    done = run_cli("reference", "check", reference_folder)
    assert (done.code, done.stdout) == (0, f"{reference_folder}: whole, world, 14 contigs\n")


@pytest.mark.parametrize("name", FILES)
def test_changed_byte_is_found_by_check_and_by_opening(copied_bundle, run_cli, name):
    change(copied_bundle / name)
    told = f"{copied_bundle / name}: was changed since the reference bundle was built. {ANEW}"
    done = run_cli("reference", "check", copied_bundle)
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr == f"fusioncall reference: error: {told}\n"
    with pytest.raises(BundleError) as caught:
        Reference(copied_bundle)
    assert str(caught.value) == told


@pytest.mark.parametrize("name", FILES)
def test_byte_too_many_is_found(copied_bundle, name):
    with (copied_bundle / name).open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(BundleError, match="was changed since"):
        Reference(copied_bundle)


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_found_by_check_and_by_opening(copied_bundle, run_cli, name):
    (copied_bundle / name).unlink()
    told = f"{copied_bundle / name}: is missing from the reference bundle. {ANEW}"
    done = run_cli("reference", "check", copied_bundle)
    assert (done.code, done.stderr) == (2, f"fusioncall reference: error: {told}\n")
    with pytest.raises(BundleError) as caught:
        Reference(copied_bundle)
    assert str(caught.value) == told


def test_bundle_of_another_version_is_refused(copied_bundle, run_cli):
    manifest = copied_bundle / MANIFEST
    document = json.loads(manifest.read_text()) | {"schema": SCHEMA_VERSION + 1}
    manifest.write_text(json.dumps(document))
    told = (
        f"{copied_bundle}: is a bundle of version {SCHEMA_VERSION + 1}; fusioncall {__version__} "
        f"reads {SCHEMA_VERSION}. Build it with this version: fusioncall reference build."
    )
    done = run_cli("reference", "check", copied_bundle)
    assert (done.code, done.stderr) == (2, f"fusioncall reference: error: {told}\n")
    with pytest.raises(BundleError) as caught:
        Reference(copied_bundle)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", f'{{"schema": {SCHEMA_VERSION}}}'.encode(), b'"text"', b"\xff\xfe"],
    ids=["empty", "cut off", "list", "no keys", "schema only", "text", "not UTF-8"],
)
def test_broken_manifest_is_named(copied_bundle, content):
    (copied_bundle / MANIFEST).write_bytes(content)
    with pytest.raises(BundleError) as caught:
        Reference(copied_bundle)
    assert str(caught.value).startswith(f"{copied_bundle / MANIFEST}: ")
    assert "\n" not in str(caught.value)


def test_manifest_that_leaves_out_a_file_is_refused(copied_bundle):
    """Without its entry, a changed file would go unseen."""
    manifest = copied_bundle / MANIFEST
    document = json.loads(manifest.read_text())
    del document["files"]["kmers.npz"]
    manifest.write_text(json.dumps(document))
    change(copied_bundle / "kmers.npz")
    with pytest.raises(BundleError):
        Reference(copied_bundle)


@pytest.mark.parametrize("name", ["nowhere", "a-folder"])
def test_folder_without_manifest_is_no_bundle(tmp_path, name):
    (tmp_path / "a-folder").mkdir()
    with pytest.raises(BundleError) as caught:
        Reference(tmp_path / name)
    assert str(caught.value) == (
        f"{tmp_path / name}: is no reference bundle: it has no manifest.json. "
        "Give the folder that `fusioncall reference build --out` made."
    )


# building anew


@pytest.mark.parametrize("lost", [None, MANIFEST])
def test_build_replaces_an_old_bundle(
    bundle_inputs, reference_folder, settings, copied_bundle, lost
):
    change(copied_bundle / "kmers.npz")
    if lost:
        (copied_bundle / lost).unlink()
    build_bundle(bundle_inputs, copied_bundle, settings, 1)
    assert digests(copied_bundle) == digests(reference_folder)


def test_build_takes_an_empty_folder(bundle_inputs, reference_folder, settings, tmp_path):
    (tmp_path / "empty").mkdir()
    build_bundle(bundle_inputs, tmp_path / "empty", settings, 1)
    assert digests(tmp_path / "empty") == digests(reference_folder)


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a bundle"])
def test_build_leaves_a_folder_alone_that_is_no_bundle(
    bundle_inputs, settings, tmp_path, copied_bundle, beside
):
    precious = copied_bundle if beside else tmp_path / "thesis"
    precious.mkdir(exist_ok=True)
    (precious / "chapter1.txt").write_text("words")
    assert build_message(bundle_inputs, precious, settings) == (
        f"{precious}: is a folder that holds chapter1.txt, which is no file of a reference bundle. "
        "Choose a folder that does not exist yet."
    )
    assert (precious / "chapter1.txt").read_text() == "words"


def test_build_leaves_a_file_alone(bundle_inputs, settings, tmp_path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("words")
    assert build_message(bundle_inputs, precious, settings) == (
        f"{precious}: is a file. Choose a folder that does not exist yet."
    )
    assert precious.read_text() == "words"


def test_failed_build_keeps_the_old_bundle(
    bundle_inputs, reference_folder, settings, copied_bundle, tmp_path
):
    empty = tmp_path / "empty.fa"
    empty.touch()
    build_message(bundle_inputs, copied_bundle, settings, fasta=empty)
    assert digests(copied_bundle) == digests(reference_folder)


# inputs that cannot be used


def test_fastq_as_fasta_is_refused(bundle_inputs, settings, tmp_path):
    fastq = tmp_path / "reads.fa"
    fastq.write_text("@r1\nACGT\n+\nIIII\n")
    assert build_message(bundle_inputs, tmp_path / "out", settings, fasta=fastq) == (
        f"{fastq}: is FASTQ, not FASTA. Give a genome FASTA, plain or gzip."
    )


def test_protein_as_fasta_is_refused(bundle_inputs, settings, tmp_path):
    protein = tmp_path / "protein.fa"
    protein.write_text(
        ">chr1\nACGT\n>P04629\nMLRGGRRGQLGWHSWAAGPGSLLAWLILASAGAAPCPDACCPHGSSGLRCTRD\n"
    )
    assert build_message(bundle_inputs, tmp_path / "out", settings, fasta=protein) == (
        f"{protein}, contig P04629: holds letters that are no bases. "
        "Give a genome FASTA, plain or gzip."
    )


def test_contig_without_bases_is_refused(bundle_inputs, settings, tmp_path):
    path = tmp_path / "hollow.fa"
    path.write_text(">chr1\nACGT\n>chr2\n>chr3\nACGT\n")
    assert build_message(bundle_inputs, tmp_path / "out", settings, fasta=path) == (
        f"{path}, contig chr2: holds no bases. Give a genome FASTA, plain or gzip."
    )


def test_duplicate_contig_is_refused(bundle_inputs, settings, world, tmp_path):
    path = fasta_with(world, tmp_path, lambda lines: [*lines, ">chr2 again", "ACGT"])
    assert build_message(bundle_inputs, tmp_path / "out", settings, fasta=path) == (
        f"{path}, contig chr2: appears twice. Keep one of the two."
    )


@pytest.mark.parametrize("content", [b"", b"\n", gzip.compress(b"")], ids=["0", "blank", "gzip"])
def test_empty_fasta_is_refused(bundle_inputs, settings, tmp_path, content):
    path = tmp_path / "empty.fa"
    path.write_bytes(content)
    assert build_message(bundle_inputs, tmp_path / "out", settings, fasta=path) == (
        f"{path}: holds no sequence. Give a genome FASTA, plain or gzip."
    )


@pytest.mark.parametrize("kind", ["bgzip", "gzip"])
@pytest.mark.parametrize("missing_bytes", [8, 1000, 100_000])
def test_truncated_fasta_is_refused(bundle_inputs, settings, tmp_path, kind, missing_bytes):
    packed = bundle_inputs.fasta.read_bytes()
    if kind == "gzip":
        packed = gzip.compress(gzip.decompress(packed))
    path = tmp_path / "cut.fa.gz"
    path.write_bytes(packed[:-missing_bytes])
    told = build_message(bundle_inputs, tmp_path / "out", settings, fasta=path)
    assert told.startswith(f"{path}: ")


@pytest.mark.parametrize("role", ["fasta", "gtf"])
def test_bgzip_that_lacks_its_last_blocks_is_refused(bundle_inputs, settings, tmp_path, role):
    """Each block is whole gzip, so only the missing end mark tells."""
    packed = getattr(bundle_inputs, role).read_bytes()
    ends = [0]
    while ends[-1] < len(packed):
        size = int.from_bytes(packed[ends[-1] + 16 : ends[-1] + 18], "little") + 1
        ends.append(ends[-1] + size)
    assert len(ends) > 3
    path = tmp_path / getattr(bundle_inputs, role).name
    path.write_bytes(packed[: ends[-3]])
    told = build_message(bundle_inputs, tmp_path / "out", settings, **{role: path})
    assert str(path) in told


def test_target_that_is_only_n_is_refused(bundle_inputs, settings, world, tmp_path):
    def masked(lines):
        contig = ""
        for line in lines:
            contig = line[1:] if line.startswith(">") else contig
            yield "N" * len(line) if contig == "chr15" and not line.startswith(">") else line

    path = fasta_with(world, tmp_path, masked)
    assert build_message(bundle_inputs, tmp_path / "out", settings, fasta=path) == (
        f"{path}: holds no sequence for the coding exons of NTRK3, only N. "
        "Give a FASTA that holds the gene."
    )


def test_target_that_is_half_n_is_measured(bundle_inputs, settings, world, tmp_path):
    (ntrk2,) = (t for t in world.transcripts if t.refseq_id == "NM_006180.6")
    coding = [p for _, part in ntrk2.coding_exons for p in range(part.start, part.end)]
    cut = 60 * (coding[len(coding) // 2] // 60)

    def masked(lines):
        contig, place = "", 0
        for line in lines:
            if line.startswith(">"):
                contig, place = line[1:], 0
                yield line
                continue
            yield "N" * len(line) if contig == "chr9" and place < cut else line
            place += len(line)

    path = fasta_with(world, tmp_path, masked)
    inputs = dataclasses.replace(bundle_inputs, fasta=path)
    manifest = build_bundle(inputs, tmp_path / "out", settings, 1)
    share = sum(place >= cut for place in coding) / len(coding)
    assert manifest.target_sequence_known == {"NTRK1": 1.0, "NTRK2": round(share, 4), "NTRK3": 1.0}


@pytest.mark.parametrize("threads", ["0", "-1", "two"])
def test_impossible_number_of_threads_is_refused(run_cli, bundle_inputs, tmp_path, threads):
    done = run_cli(
        *("--quiet", "reference", "build", "--fasta", bundle_inputs.fasta),
        *("--gtf", bundle_inputs.gtf, "--out", tmp_path / "out", "--threads", threads),
    )
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []
