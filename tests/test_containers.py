"""The container recipes: what they copy is there and is all that the installation takes."""

from __future__ import annotations

import re
import subprocess
import tomllib

from conftest import CHECKOUT

RECIPES = CHECKOUT / "containers"
DOCKERFILE = (RECIPES / "Dockerfile").read_text(encoding="utf-8")
APPTAINER = (RECIPES / "fusioncall.def").read_text(encoding="utf-8")
IGNORED = (RECIPES / "Dockerfile.dockerignore").read_text(encoding="utf-8")


def test_both_recipes_copy_the_same():
    files = APPTAINER.partition("%files\n")[2].partition("\n\n")[0].splitlines()
    pairs = [line.split() for line in files]
    assert [target for _, target in pairs] == [f"/src/{source}" for source, _ in pairs]
    assert [source for source, _ in pairs] == re.findall(r"^!(.+)$", IGNORED, re.MULTILINE)
    assert [source for source, _ in pairs if not (CHECKOUT / source).exists()] == []


def test_all_that_the_package_is_built_from_is_copied():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    needed = {*included, project["project"]["readme"], *project["project"]["license-files"]}
    needed |= {"src", "hatch_build.py"}
    copied = re.findall(r"^!(.+)$", IGNORED, re.MULTILINE)
    assert {path.partition("/")[0] for path in needed} <= set(copied)


def test_both_recipes_begin_with_one_pinned_image_and_run_one_script():
    (image,) = re.findall(r"^FROM (.+)$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^From: (.+)$", APPTAINER, re.MULTILINE) == [image]
    assert re.fullmatch(r"debian:bookworm-\d{8}-slim", image)
    for recipe in (DOCKERFILE, APPTAINER):
        assert recipe.count("/src/containers/install.sh && rm -rf /src") == 1


def test_script_is_one_for_sh():
    script = RECIPES / "install.sh"
    assert script.stat().st_mode & 0o111 == 0o111
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
