# The way of one sample: screen -> align -> call -> annotate and report; a BAM of the user starts
# at call.


rule screen:
    input:
        fastq1=lambda wildcards: SAMPLES[wildcards.sample].fastq1,
        fastq2=lambda wildcards: SAMPLES[wildcards.sample].fastq2,
        settings=SETTINGS_FILE,
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        reads=temp(f"{OUTDIR}/{{sample}}/work/screened.bam"),
        census=f"{OUTDIR}/{{sample}}/work/census.json",
    log:
        f"{OUTDIR}/{{sample}}/logs/screen.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/screen.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 4
    resources:
        mem_mb=memory(4000),
        runtime=sample_minutes(10, per_reads_gb=10),
        tried=tried,
        begin=begin,
    params:
        begun=f"{OUTDIR}/{{sample}}/logs/screen.begun",
        note=lambda wildcards: note(wildcards.sample),
        fastq1=lambda wildcards, input: ",".join(input.fastq1),
        fastq2=lambda wildcards, input: option("--fastq2", ",".join(input.fastq2)),
        settings=lambda wildcards, input: option("--settings", input.settings),
        thresholds=thresholds("screen"),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        f"{BEGIN}"
        "fusioncall screen --sample {wildcards.sample} --fastq1 {params.fastq1:q} {params.fastq2:q}"
        " --reference {params.bundle:q} {params.settings:q} --out {output.reads:q}"
        " --census {output.census:q} --record-failure"
        " --threads {threads} 2> {log:q}"
        f"{END}"
        " || fusioncall give-up screen --reference {params.bundle:q} {params.settings:q}"
        " --out {output.reads:q} --census {output.census:q}"
        f"{HOW_IT_ENDED}"


rule align:
    input:
        reads=f"{OUTDIR}/{{sample}}/work/screened.bam",
        settings=SETTINGS_FILE,
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        bam=f"{OUTDIR}/{{sample}}/work/aligned.bam",
    log:
        f"{OUTDIR}/{{sample}}/logs/align.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/align.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 4
    resources:
        mem_mb=bundle_memory(2000),
        runtime=sample_minutes(15, per_reads_gb=5),
        tried=tried,
        begin=begin,
    params:
        begun=f"{OUTDIR}/{{sample}}/logs/align.begun",
        note=lambda wildcards: note(wildcards.sample),
        settings=lambda wildcards, input: option("--settings", input.settings),
        thresholds=thresholds("align"),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        f"{BEGIN}"
        "fusioncall align --reads {input.reads:q} --reference {params.bundle:q} {params.settings:q}"
        " --out {output.bam:q} --threads {threads} 2> {log:q}"
        f"{END}"
        " || fusioncall give-up align --out {output.bam:q}"
        f"{HOW_IT_ENDED}"


# STAR in the place of minimap2, for a laboratory that has its index: the kept reads alone.
rule align_star:
    input:
        reads=f"{OUTDIR}/{{sample}}/work/screened.bam",
        index=f"{config.get('star_index')}/SAindex",
        parameters=workflow.source_path("../../resources/star.params"),
    output:
        bam=f"{OUTDIR}/{{sample}}/work/star/Aligned.out.bam",
        others=temp(
            multiext(
                f"{OUTDIR}/{{sample}}/work/star/",
                "Log.out",
                "Log.progress.out",
                "Log.final.out",
                "SJ.out.tab",
            )
        ),
    log:
        f"{OUTDIR}/{{sample}}/logs/align.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/align.tsv"
    conda:
        "../envs/star.yaml"
    threads: 4
    resources:
        mem_mb=index_memory(4000),
        runtime=sample_minutes(60, per_reads_gb=5),
        tried=tried,
        begin=begin,
    params:
        begun=f"{OUTDIR}/{{sample}}/logs/align.begun",
        note=lambda wildcards: note(wildcards.sample),
        index=lambda wildcards, input: str(Path(input.index).parent),
        ends=lambda wildcards: "PE" if SAMPLES[wildcards.sample].fastq2 else "SE",
        folder=lambda wildcards, output: f"{Path(output.bam).parent}/",
    shell:
        f"{BEGIN}"
        "STAR --genomeDir {params.index:q} --parametersFiles {input.parameters:q}"
        " --readFilesIn {input.reads:q} --readFilesType SAM {params.ends}"
        " --readFilesCommand samtools view --outFileNamePrefix {params.folder:q}"
        " --runThreadN {threads} > {log:q} 2>&1"
        f"{END}"
        " || fusioncall give-up align --out {output.bam:q}"
        f"{HOW_IT_ENDED}"
        " && touch {output.others:q}"


rule call:
    input:
        bam=alignments,
        census=census,
        fastq1=lambda wildcards: SAMPLES[wildcards.sample].fastq1,
        fastq2=lambda wildcards: SAMPLES[wildcards.sample].fastq2,
        settings=SETTINGS_FILE,
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        calls=f"{OUTDIR}/{{sample}}/calls.json",
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
        mem_mb=memory(4000),
        runtime=sample_minutes(10, per_reads_gb=20),
        tried=tried,
        begin=begin,
    params:
        begun=f"{OUTDIR}/{{sample}}/logs/call.begun",
        note=lambda wildcards: note(wildcards.sample),
        census=lambda wildcards, input: option("--census", input.census),
        trust=trust,
        fastq1=lambda wildcards, input: option("--fastq1", ",".join(input.fastq1)),
        fastq2=lambda wildcards, input: option("--fastq2", ",".join(input.fastq2)),
        settings=lambda wildcards, input: option("--settings", input.settings),
        thresholds=thresholds("screen", "call"),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        f"{BEGIN}"
        "fusioncall call --sample {wildcards.sample} --bam {input.bam:q} {params.census:q} {params.trust:q}"
        " {params.fastq1:q} {params.fastq2:q} --reference {params.bundle:q} {params.settings:q}"
        " --calls {output.calls:q} --evidence {output.evidence:q} --record-failure"
        " --threads {threads} 2> {log:q}"
        f"{END}"
        " || fusioncall give-up call --sample {wildcards.sample} {params.census:q}"
        " --reference {params.bundle:q} {params.settings:q} --calls {output.calls:q}"
        " --evidence {output.evidence:q}"
        f"{HOW_IT_ENDED}"


rule annotate:
    input:
        calls=f"{OUTDIR}/{{sample}}/calls.json",
        carry_over=carry_over,
        settings=SETTINGS_FILE,
        catalogue=config.get("catalogue") or [],
        own_catalogue=config.get("own_catalogue") or [],
        pon=config.get("pon") or [],
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        fusions=report(
            f"{OUTDIR}/{{sample}}/fusions.tsv",
            category="Calls",
            labels={"sample": "{sample}"},
        ),
        candidates=f"{OUTDIR}/{{sample}}/candidates.tsv",
        verdicts=report(
            f"{OUTDIR}/{{sample}}/verdicts.tsv",
            category="Answers",
            labels={"sample": "{sample}"},
        ),
        transcripts=f"{OUTDIR}/{{sample}}/transcripts.tsv",
        fused=f"{OUTDIR}/{{sample}}/fusion_transcripts.fa",
        peptides=f"{OUTDIR}/{{sample}}/fusion_peptides.fa",
        context=f"{OUTDIR}/{{sample}}/context.tsv",
        resistance=f"{OUTDIR}/{{sample}}/resistance.tsv",
        vcf=f"{OUTDIR}/{{sample}}/fusions.vcf.gz",
        vcf_index=f"{OUTDIR}/{{sample}}/fusions.vcf.gz.tbi",
        assayed=f"{OUTDIR}/{{sample}}/fusions.json",
        arriba=f"{OUTDIR}/{{sample}}/arriba.tsv",
        star_fusion=f"{OUTDIR}/{{sample}}/star-fusion.tsv",
        multiqc_answers=f"{OUTDIR}/{{sample}}/fusioncall_answers_mqc.json",
        multiqc_calls=f"{OUTDIR}/{{sample}}/fusioncall_calls_mqc.json",
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
        runtime=minutes(5),
    params:
        folder=lambda wildcards, output: str(Path(output.fusions).parent),
        settings=lambda wildcards, input: option("--settings", input.settings),
        thresholds=thresholds(),
        catalogue=lambda wildcards, input: option("--catalogue", input.catalogue),
        own_catalogue=lambda wildcards, input: option(
            "--own-catalogue", input.own_catalogue
        ),
        carry_over=lambda wildcards, input: option("--carry-over", input.carry_over),
        tumour_type=lambda wildcards: option(
            "--tumour-type", SAMPLES[wildcards.sample].tumour_type
        ),
        assay=assay,
        pon=lambda wildcards, input: option("--pon", input.pon),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        "fusioncall annotate --calls {input.calls:q} {params.carry_over:q}"
        " --reference {params.bundle:q} {params.settings:q} {params.catalogue:q}"
        " {params.own_catalogue:q} {params.tumour_type:q} {params.assay:q} {params.pon:q} --out {params.folder:q} 2> {log:q}"


rule report:
    input:
        calls=f"{OUTDIR}/{{sample}}/calls.json",
        evidence=f"{OUTDIR}/{{sample}}/evidence.bam",
        carry_over=carry_over,
        settings=SETTINGS_FILE,
        catalogue=config.get("catalogue") or [],
        own_catalogue=config.get("own_catalogue") or [],
        pon=config.get("pon") or [],
        reference=f"{BUNDLE}/manifest.json",
        checked=f"{OUTDIR}/reference/check.txt",
    output:
        page=report(
            f"{OUTDIR}/{{sample}}/report.html",
            category="Reports",
            labels={"sample": "{sample}"},
        ),
    log:
        f"{OUTDIR}/{{sample}}/logs/report.log",
    benchmark:
        f"{OUTDIR}/{{sample}}/benchmarks/report.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(5),
    params:
        settings=lambda wildcards, input: option("--settings", input.settings),
        thresholds=thresholds(),
        catalogue=lambda wildcards, input: option("--catalogue", input.catalogue),
        own_catalogue=lambda wildcards, input: option(
            "--own-catalogue", input.own_catalogue
        ),
        carry_over=lambda wildcards, input: option("--carry-over", input.carry_over),
        tumour_type=lambda wildcards: option(
            "--tumour-type", SAMPLES[wildcards.sample].tumour_type
        ),
        assay=assay,
        pon=lambda wildcards, input: option("--pon", input.pon),
        bundle=lambda wildcards, input: str(Path(input.reference).parent),
    shell:
        "fusioncall report --calls {input.calls:q} {params.carry_over:q}"
        " --evidence {input.evidence:q}"
        " --reference {params.bundle:q} {params.settings:q} {params.catalogue:q}"
        " {params.own_catalogue:q} {params.tumour_type:q} {params.assay:q} {params.pon:q} --out {output.page:q} 2> {log:q}"
