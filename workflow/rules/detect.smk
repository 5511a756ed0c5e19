# The way of one sample: screen -> align -> call -> annotate; a BAM of the user starts at call.


rule screen:
    input:
        fastq1=lambda wildcards: SAMPLES[wildcards.sample].fastq1,
        fastq2=lambda wildcards: SAMPLES[wildcards.sample].fastq2,
        settings=config.get("settings") or [],
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        reads=temp(f"{OUTDIR}/{{sample}}/work/screened.bam"),
        census=temp(f"{OUTDIR}/{{sample}}/work/census.json"),
    log:
        f"{OUTDIR}/{{sample}}/logs/screen.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/screen.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 4
    resources:
        mem_mb=memory(4000),
        runtime=minutes(20, per_input_gb=10),
    params:
        fastq1=lambda wildcards, input: ",".join(input.fastq1),
        fastq2=lambda wildcards, input: option("--fastq2", ",".join(input.fastq2)),
        settings=lambda wildcards, input: option("--settings", input.settings),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        "fusioncall screen --sample {wildcards.sample} --fastq1 {params.fastq1:q} {params.fastq2:q}"
        " --reference {params.bundle:q} {params.settings:q} --out {output.reads:q}"
        " --census {output.census:q}"
        " --threads {threads} 2> {log:q}"


rule align:
    input:
        reads=f"{OUTDIR}/{{sample}}/work/screened.bam",
        settings=config.get("settings") or [],
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        bam=temp(f"{OUTDIR}/{{sample}}/work/aligned.bam"),
    log:
        f"{OUTDIR}/{{sample}}/logs/align.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/align.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 4
    resources:
        mem_mb=bundle_memory(2000),
        runtime=minutes(30, per_input_gb=60),
    params:
        settings=lambda wildcards, input: option("--settings", input.settings),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        "fusioncall align --reads {input.reads:q} --reference {params.bundle:q} {params.settings:q}"
        " --out {output.bam:q} --threads {threads} 2> {log:q}"


rule call:
    input:
        bam=alignments,
        census=census,
        settings=config.get("settings") or [],
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        calls=temp(f"{OUTDIR}/{{sample}}/work/calls.json"),
        evidence=f"{OUTDIR}/{{sample}}/evidence.bam",
        index=f"{OUTDIR}/{{sample}}/evidence.bam.bai",
    log:
        f"{OUTDIR}/{{sample}}/logs/call.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/call.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 2
    resources:
        mem_mb=bundle_memory(4000),
        runtime=minutes(30, per_input_gb=20),
    params:
        census=lambda wildcards, input: option("--census", input.census),
        settings=lambda wildcards, input: option("--settings", input.settings),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        "fusioncall call --sample {wildcards.sample} --bam {input.bam:q} {params.census:q}"
        " --reference {params.bundle:q} {params.settings:q} --calls {output.calls:q}"
        " --evidence {output.evidence:q} --threads {threads} 2> {log:q}"


rule annotate:
    input:
        calls=f"{OUTDIR}/{{sample}}/work/calls.json",
        settings=config.get("settings") or [],
        catalogue=config.get("catalogue") or [],
        own_catalogue=config.get("own_catalogue") or [],
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        fusions=f"{OUTDIR}/{{sample}}/fusions.tsv",
        candidates=f"{OUTDIR}/{{sample}}/candidates.tsv",
        verdicts=f"{OUTDIR}/{{sample}}/verdicts.tsv",
        transcripts=f"{OUTDIR}/{{sample}}/transcripts.tsv",
        fused=f"{OUTDIR}/{{sample}}/fusion_transcripts.fa",
        peptides=f"{OUTDIR}/{{sample}}/fusion_peptides.fa",
        context=f"{OUTDIR}/{{sample}}/context.tsv",
        resistance=f"{OUTDIR}/{{sample}}/resistance.tsv",
        qc=f"{OUTDIR}/{{sample}}/qc.json",
        provenance=f"{OUTDIR}/{{sample}}/provenance.json",
    log:
        f"{OUTDIR}/{{sample}}/logs/annotate.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/annotate.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(20),
    params:
        folder=lambda wildcards, output: str(Path(output.fusions).parent),
        settings=lambda wildcards, input: option("--settings", input.settings),
        catalogue=lambda wildcards, input: option("--catalogue", input.catalogue),
        own_catalogue=lambda wildcards, input: option(
            "--own-catalogue", input.own_catalogue
        ),
        tumour_type=lambda wildcards: option(
            "--tumour-type", SAMPLES[wildcards.sample].tumour_type
        ),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        "fusioncall annotate --calls {input.calls:q}"
        " --reference {params.bundle:q} {params.settings:q} {params.catalogue:q}"
        " {params.own_catalogue:q} {params.tumour_type:q} --out {params.folder:q} 2> {log:q}"
