#!/usr/bin/env python3
"""Hand a job script of Snakemake to Kubernetes as a pod, and print its name: submit.py SCRIPT."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# What a site sets: the image, the claim of the shared volume, and where it is mounted.
IMAGE = "fusioncall:0.1.0"
CLAIM = "shared"
MOUNTED_AT = "/shared"


def pod(script: Path) -> dict[str, object]:
    """The pod of a job; its script tells what the job asks for, in its second line."""
    _, _, properties = script.read_text(encoding="utf-8").splitlines()[1].partition(" = ")
    asked = json.loads(properties)
    memory = f"{asked['resources']['mem_mb']}M"
    container = {
        "name": "step",
        "image": IMAGE,
        "command": ["sh", str(script)],
        "workingDir": str(Path.cwd()),
        "resources": {
            "requests": {"cpu": asked["threads"], "memory": memory},
            "limits": {"memory": memory},
        },
        "volumeMounts": [{"name": "shared", "mountPath": MOUNTED_AT}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "fusioncall-", "labels": {"app": "fusioncall"}},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": 60 * asked["resources"]["runtime"],
            "containers": [container],
            "volumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": CLAIM}}],
        },
    }


if __name__ == "__main__":
    command = ["kubectl", "create", "--output", "name", "--filename", "-"]
    manifest = json.dumps(pod(Path(sys.argv[1])))
    sys.exit(subprocess.run(command, input=manifest, text=True, check=False).returncode)
