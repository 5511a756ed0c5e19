"""Settings: one file, every threshold, and messages that name the wrong key."""

from __future__ import annotations

import copy

import msgspec
import pytest
import yaml

from fusioncall.errors import SettingsError
from fusioncall.resources import resource_path
from fusioncall.settings import AdequacySettings, Assay, Settings, read_settings

CURE = "Compare it with the file of this name that comes with fusioncall."


@pytest.fixture
def document():
    return yaml.safe_load(resource_path("settings.yaml").read_text())


def message_of(tmp_path, content):
    path = tmp_path / "settings.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def keys_of(kind):
    """Section and key of every field of the settings."""
    return {
        (section.name, field.name)
        for section in msgspec.structs.fields(kind)
        for field in msgspec.structs.fields(section.type)
    }


ALL_KEYS = sorted(keys_of(Settings))


def test_file_has_every_field_and_no_other(document):
    found = {(section, key) for section, values in document.items() for key in values}
    assert found == keys_of(Settings)


def test_no_field_has_a_value_of_its_own_in_the_program():
    for section in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(section.type):
            assert field.default is msgspec.NODEFAULT, field.name
            assert field.default_factory is msgspec.NODEFAULT, field.name


def test_values_are_those_of_the_file(document):
    assert msgspec.json.decode(msgspec.json.encode(read_settings())) == document


def test_every_threshold_has_its_reason():
    lines = resource_path("settings.yaml").read_text().splitlines()
    keys = {key for _, key in ALL_KEYS}
    for line in lines:
        name = line.strip().partition(":")[0]
        if name in keys:
            assert "#" in line, name


@pytest.mark.parametrize(("section", "key"), ALL_KEYS)
def test_missing_key_is_named(tmp_path, document, section, key):
    del document[section][key]
    assert message_of(tmp_path, document) == (
        f"does not fit: Object missing required field `{key}` - at `$.{section}`. {CURE}"
    )


@pytest.mark.parametrize("assay", Assay)
@pytest.mark.parametrize("key", [each.name for each in msgspec.structs.fields(AdequacySettings)])
def test_missing_limit_of_an_assay_is_named(tmp_path, document, assay, key):
    """A limit that is not judged stands there as null; none is left out by accident."""
    del document["assay"][assay.value][key]
    assert message_of(tmp_path, document) == (
        f"does not fit: Object missing required field `{key}` - at `$.assay.{assay.value}`. {CURE}"
    )


@pytest.mark.parametrize("section", sorted({section for section, _ in ALL_KEYS}))
def test_missing_section_and_unknown_key_are_named(tmp_path, document, section):
    less = copy.deepcopy(document)
    del less[section]
    assert message_of(tmp_path, less) == (
        f"does not fit: Object missing required field `{section}`. {CURE}"
    )
    document[section]["min_colour"] = 1
    assert message_of(tmp_path, document) == (
        f"does not fit: Object contains unknown field `min_colour` - at `$.{section}`. {CURE}"
    )


def test_unknown_section_is_named(tmp_path, document):
    told = message_of(tmp_path, document | {"colours": {}})
    assert told == f"does not fit: Object contains unknown field `colours`. {CURE}"


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("reference.kmer_bp", 16, "Expected `int` <= 15"),
        ("reference.kmer_bp", 10, "Expected `int` >= 11"),
        ("screen.min_stretch_bp", 17, "Expected `int` >= 18"),
        ("filters.min_molecules", -2, "Expected `int` >= 1"),
        ("filters.min_mapq_phred", -1, "Expected `int` >= 0"),
        ("filters.min_anchor_bp", 1.5, "Expected `int`, got `float`"),
        ("filters.min_anchor_bp", "12", "Expected `int`, got `str`"),
        ("filters.min_anchor_bp", None, "Expected `int`, got `null`"),
        ("recount.max_edit_rate", 0.31, "Expected `float` <= 0.3"),
        ("recount.max_edit_rate", -0.1, "Expected `float` >= 0.0"),
        ("status.min_known_share", 1.01, "Expected `float` <= 1.0"),
        ("align.preset", 5, "Expected `str`, got `int`"),
    ],
)
def test_value_out_of_range_is_named(tmp_path, document, place, value, told):
    section, key = place.split(".")
    document[section][key] = value
    assert message_of(tmp_path, document) == f"does not fit: {told} - at `$.{place}`. {CURE}"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", f"does not fit: Expected `object`, got `null`. {CURE}"),
        ("- 1\n", f"does not fit: Expected `object`, got `array`. {CURE}"),
        ("just text", f"does not fit: Expected `object`, got `str`. {CURE}"),
    ],
)
def test_yaml_of_another_form_is_refused(tmp_path, content, told):
    assert message_of(tmp_path, content) == told


@pytest.mark.parametrize("content", ["a: [1\nb: 2\n", "a: 1\n\tb: 2\n", "a: 'x\n", "a: b: c\n"])
def test_file_that_is_no_yaml_is_refused_in_one_line(tmp_path, content):
    told = message_of(tmp_path, content)
    assert told.startswith("is not YAML: ")
    assert told.endswith(" Mend the file.")
    assert "line " in told


def test_binary_and_missing_files_are_refused(tmp_path):
    path = tmp_path / "none.yaml"
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    told = str(caught.value)
    assert told == f"{path}: cannot be read: No such file or directory. Check the path."
    path.write_bytes(b"\xff\x00\xfe")
    with pytest.raises(SettingsError, match="is not YAML"):
        read_settings(path)


def test_same_key_twice_is_refused(tmp_path):
    """YAML would silently take the last of two."""
    text = resource_path("settings.yaml").read_text()
    twice = text.replace("  min_split_molecules:", "  min_molecules: 9\n  min_split_molecules:")
    assert twice != text
    assert "min_molecules" in message_of(tmp_path, twice)


@pytest.mark.parametrize("preset", ["", "nonsense"])
def test_preset_that_the_aligner_does_not_know_is_refused(
    tmp_path, document, run_cli, bundle_inputs, preset
):
    document["align"]["preset"] = preset
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(document))
    done = run_cli(
        *("--quiet", "reference", "build", "--fasta", bundle_inputs.fasta, "--gtf"),
        *(bundle_inputs.gtf, "--out", tmp_path / "out", "--settings", path),
    )
    assert done.code == 2
    assert "preset" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
