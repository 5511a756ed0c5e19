# What samples have to do with each other: carry-over within a run, and the tables of all of them.


rule carry_over:
    input:
        calls=lambda wildcards: expand(
            rules.call.output.calls, sample=COMPARED_RUNS[wildcards.run]
        ),
        samples=ancient(config["samples"]),
        settings=SETTINGS_FILE,
    output:
        found=f"{OUTDIR}/cohort/carry_over/{{run}}.json",
    log:
        f"{OUTDIR}/cohort/logs/carry_over/{{run}}.log",
    benchmark:
        f"{OUTDIR}/cohort/benchmarks/carry_over/{{run}}.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, per_input_mb=8),
        runtime=minutes(20),
    params:
        run=lambda wildcards: option(
            "--run", "" if wildcards.run == NO_RUN else wildcards.run
        ),
        calls=lambda wildcards: rules.call.output.calls,
        settings=lambda wildcards, input: option("--settings", input.settings),
        thresholds=thresholds("carry_over"),
    shell:
        "fusioncall carry-over --samples {input.samples:q} {params.run:q} --calls {params.calls:q}"
        " {params.settings:q} --out {output.found:q} 2> {log:q}"


rule cohort:
    input:
        products=expand(
            f"{OUTDIR}/{{sample}}/{{product}}",
            sample=SAMPLES,
            product=(
                "fusions.tsv",
                "verdicts.tsv",
                "qc.json",
                "provenance.json",
                "report.html",
            ),
        ),
        carry_over=expand(rules.carry_over.output.found, run=COMPARED_RUNS),
        samples=ancient(config["samples"]),
    output:
        tables=expand(
            f"{OUTDIR}/cohort/{{table}}.{{form}}",
            table=("fusions", "verdicts", "carry_over"),
            form=COHORT_FORMS,
        ),
        qc=expand(f"{OUTDIR}/cohort/qc.{{form}}", form=COHORT_FORMS),
        page=report(f"{OUTDIR}/cohort/cohort.html", category="Cohort"),
    log:
        f"{OUTDIR}/cohort/logs/cohort.log",
    benchmark:
        f"{OUTDIR}/cohort/benchmarks/cohort.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000, per_input_mb=2),
        runtime=minutes(20),
    params:
        results=lambda wildcards, output: str(Path(output.page).parents[1]),
        parquet="--parquet" if config.get("parquet") else [],
        folder=lambda wildcards, output: str(Path(output.page).parent),
        # its rows are those of the sheet, in their order, with their runs
        rows=[(sample.name, sample.run) for sample in SAMPLES.values()],
    shell:
        "fusioncall cohort --samples {input.samples:q} --results {params.results:q}"
        " {params.parquet:q} --out {params.folder:q} 2> {log:q}"


# Fails when a sample failed, after all the others are done, and again in each run until it is mended.
rule complete:
    input:
        qc=rules.cohort.output.qc,
    output:
        told=f"{OUTDIR}/cohort/complete.txt",
    log:
        f"{OUTDIR}/cohort/logs/complete.log",
    benchmark:
        f"{OUTDIR}/cohort/benchmarks/complete.tsv"
    conda:
        "../envs/fusioncall.yaml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
    params:
        qc=lambda wildcards, input: input.qc[0],
    shell:
        "fusioncall complete --qc {params.qc:q} > {output.told:q} 2> {log:q}"
