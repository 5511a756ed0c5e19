# Several samples aligned by one process, which loads the index once: with `batch_size` above 1. A
# rule without wildcards goes before rule align, whose part these take.

for number, batch in enumerate(BATCHES, start=1):

    rule:
        name:
            f"align_batch_{number}"
        input:
            reads=expand(f"{OUTDIR}/{{sample}}/work/screened.bam", sample=batch),
            settings=config.get("settings") or [],
            reference=f"{BUNDLE}/manifest.json",
            checked=f"{OUTDIR}/reference/check.txt",
        output:
            bam=temp(expand(f"{OUTDIR}/{{sample}}/work/aligned.bam", sample=batch)),
        log:
            f"{OUTDIR}/batches/logs/align_{number}.log",
        benchmark:
            f"{OUTDIR}/batches/benchmarks/align_{number}.tsv"
        conda:
            "../envs/fusioncall.yaml"
        threads: 4
        resources:
            mem_mb=bundle_memory(2000),
            runtime=minutes(30, per_input_gb=60),
            tried=tried,
            begin=begin,
        params:
            begun=f"{OUTDIR}/batches/logs/align_{number}.begun",
            note=[note(sample) for sample in batch],
            settings=lambda wildcards, input: option("--settings", input.settings),
            bundle=lambda wildcards, input: str(Path(input.reference).parent),
        shell:
            f"{BEGIN}"
            "fusioncall align --reads {input.reads:q} --reference {params.bundle:q}"
            " {params.settings:q} --out {output.bam:q} --threads {threads} 2> {log:q}"
            f"{END}"
            " || fusioncall give-up align --reads {input.reads:q} --reference {params.bundle:q}"
            " {params.settings:q} --out {output.bam:q} --threads {threads}"
            f"{HOW_IT_ENDED}"
