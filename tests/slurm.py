"""A Slurm of this machine alone: munged, slurmctld and slurmd on loopback, with free ports.

All files lie in one folder, nothing in /etc is read or written, and no right of root is needed.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CPUS = 8  # more than the machine may have, as the rules ask for four each
MEMORY_MB = 64_000
START_SECONDS = 60
STOP_SECONDS = 30

CONFIGURATION = """\
ClusterName=fusioncall
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
PlugStackConfig={folder}/plugstack.conf
ReturnToService=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2
KillWait=2
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb}
PartitionName=short Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def daemon(name: str) -> str | None:
    """The path of a daemon, which lies in a folder that users may not have on their PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def running_slurm(folder: Path) -> Iterator[Mapping[str, str]]:
    """Start a Slurm in an empty folder; gives the environment in which `sbatch` finds it.

    When the block ends, in whatever way, its jobs are cancelled and its daemons stopped.
    """
    configuration = folder / "slurm.conf"
    _configure(folder)
    # The executor's job steps drop SLURM_CONF, so the srun that they find brings it back.
    srun = folder / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text(f'#!/bin/sh\nSLURM_CONF="{configuration}" exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    path = f"{srun.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"SLURM_CONF": str(configuration), "PATH": path}
    # forced, as its folder is open to this user alone
    munged = [
        "--foreground",
        "--force",
        f"--key-file={folder}/munge.key",
        f"--socket={folder}/munge.socket",
    ]
    munged += [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "seed", "log")]
    with ExitStack() as stack:
        for name, words, probe in (
            ("munged", munged, ["munge", f"--socket={folder}/munge.socket", "--no-input"]),
            ("slurmctld", ["-D"], ["scontrol", "ping"]),
            ("slurmd", ["-D"], ["srun", "--ntasks=1", "--time=1", "true"]),
        ):
            process = stack.enter_context(_process(name, words, folder, environment))
            _wait_for(process, probe, folder / f"{name}.out", environment)
        try:
            yield environment
        finally:
            _cancel_jobs(environment)


def _configure(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "plugstack.conf").touch()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    controller_port, node_port = _free_ports()
    text = CONFIGURATION.format(
        host=socket.gethostname().partition(".")[0],
        user=getpass.getuser(),
        folder=folder,
        controller_port=controller_port,
        node_port=node_port,
        cpus=CPUS,
        memory_mb=MEMORY_MB,
    )
    (folder / "slurm.conf").write_text(text, encoding="ascii")


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return one.getsockname()[1], other.getsockname()[1]


@contextmanager
def _process(
    name: str, words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon in the foreground, stopped by its process id when the block ends."""
    path = daemon(name)
    assert path is not None, name
    with (folder / f"{name}.out").open("wb") as out:
        process = subprocess.Popen([path, *words], env=environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(
    process: subprocess.Popen[bytes],
    probe: Sequence[str],
    out: Path,
    environment: Mapping[str, str],
) -> None:
    """Wait until a command succeeds, which shows that a daemon answers."""
    end = time.monotonic() + START_SECONDS
    while subprocess.run(
        probe, env=environment, capture_output=True, timeout=START_SECONDS, check=False
    ).returncode:
        if process.poll() is not None or time.monotonic() > end:
            said = out.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{probe[0]} gets no answer: {said[-2000:]}")
        time.sleep(0.2)


def _cancel_jobs(environment: Mapping[str, str]) -> None:
    """Cancel all jobs and wait until they are gone."""
    subprocess.run(["scancel", f"--user={getpass.getuser()}"], env=environment, check=False)
    end = time.monotonic() + STOP_SECONDS
    while time.monotonic() < end:
        command = ["squeue", "--noheader"]
        left = subprocess.run(command, env=environment, capture_output=True, check=False).stdout
        if not left.strip():
            return
        time.sleep(0.2)
