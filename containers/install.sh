#!/bin/sh
# Puts fusioncall, Snakemake and its executors into a bare Debian 12, for both container recipes. Run
# as root in a copy of the checkout. All Python packages have the versions and SHA-256 sums of
# requirements.lock.
set -eu
cd "$(dirname "$0")/.."
prefix=/opt/fusioncall

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates procps python3 python3-venv
apt-get install -y -qq --no-install-recommends g++ make python3-dev zlib1g-dev

python3 -m venv "$prefix"
"$prefix/bin/python" -m pip install --quiet --no-cache-dir --require-hashes -r requirements.lock
"$prefix/bin/python" -m pip install --quiet --no-cache-dir --no-build-isolation --no-deps .

apt-get purge -y -qq --auto-remove g++ make python3-dev zlib1g-dev
apt-get clean
rm -rf /var/lib/apt/lists/*

# Shows that it works.
export PATH="$prefix/bin:$PATH"
trial=$(mktemp -d)
fusioncall simulate --out "$trial" --sample T --fusion ETV6:5-NTRK3:15 --background 2000
fusioncall reference build --fasta "$trial/genome.fa.gz" --gtf "$trial/genes.gtf.gz" \
  --name trial --out "$trial/reference"
fusioncall run --sample T --fastq1 "$trial/T_1.fq.gz" --fastq2 "$trial/T_2.fq.gz" \
  --reference "$trial/reference" --out "$trial/results"
grep -q ETV6::NTRK3 "$trial/results/fusions.tsv"
rm -rf "$trial"
snakemake --version
