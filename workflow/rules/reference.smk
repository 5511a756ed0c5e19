# FASTA and GTF, as files or by URL, to a checked reference bundle.


if not REFERENCE.get("bundle"):

    rule download:
        output:
            file=f"{DOWNLOADS}/{{kind}}{{compressed}}",
        log:
            f"{OUTDIR}/reference/logs/download_{{kind}}{{compressed}}.log",
        benchmark:
            f"{OUTDIR}/reference/benchmarks/download_{{kind}}{{compressed}}.tsv"
        conda:
            "../envs/fusioncall.yaml"
        threads: 1
        resources:
            mem_mb=memory(500),
            runtime=minutes(120),
        params:
            url=lambda wildcards: REFERENCE[wildcards.kind],
            sha256=lambda wildcards: option(
                "--sha256", REFERENCE.get(f"{wildcards.kind}_sha256")
            ),
        shell:
            "fusioncall download --url {params.url:q} {params.sha256:q} --out {output.file:q}"
            " 2> {log:q}"

    rule reference_build:
        input:
            fasta=reference_source("fasta"),
            gtf=reference_source("gtf"),
            targets=REFERENCE.get("targets") or [],
        output:
            manifest=f"{BUNDLE}/manifest.json",
        log:
            f"{OUTDIR}/reference/logs/build.log",
        benchmark:
            f"{OUTDIR}/reference/benchmarks/build.tsv"
        conda:
            "../envs/fusioncall.yaml"
        threads: 4
        resources:
            mem_mb=memory(4000, *BUILD_MEMORY),
            runtime=minutes(30, per_input_gb=60),
        params:
            folder=lambda wildcards, output: str(Path(output.manifest).parent),
            name=REFERENCE.get("name"),
            targets=lambda wildcards, input: option("--targets", input.targets),
            # not an input: another threshold is no reason to index the genome again
            settings=option("--settings", config.get("settings")),
        shell:
            "fusioncall reference build --fasta {input.fasta:q}"
            " --gtf {input.gtf:q} --name {params.name:q} {params.targets:q}"
            " {params.settings:q}"
            " --out {params.folder:q} --threads {threads} 2> {log:q}"


rule reference_check:
    input:
        manifest=f"{BUNDLE}/manifest.json",
    output:
        report=f"{OUTDIR}/reference/check.txt",
    log:
        f"{OUTDIR}/reference/logs/check.log",
    benchmark:
        f"{OUTDIR}/reference/benchmarks/check.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        folder=lambda wildcards, input: str(Path(input.manifest).parent),
    shell:
        "fusioncall reference check {params.folder:q} > {output.report:q} 2> {log:q}"
