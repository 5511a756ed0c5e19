# The positive control: fusions planted into a laboratory's own negative reads. Asked for by name:
# snakemake positive_control


if config.get("positive_control"):

    rule positive_control:
        input:
            fastq1=config["positive_control"]["fastq1"],
            fastq2=config["positive_control"].get("fastq2") or [],
            settings=config.get("settings") or [],
            catalogue=config.get("catalogue") or [],
            own_catalogue=config.get("own_catalogue") or [],
            reference=f"{BUNDLE}/manifest.json",
            checked=f"{OUTDIR}/reference/check.txt",
        output:
            folder=directory(f"{OUTDIR}/positive_control"),
        log:
            f"{OUTDIR}/reference/logs/positive_control.log",
        benchmark:
            f"{OUTDIR}/reference/benchmarks/positive_control.tsv"
        conda:
            "../envs/fusioncall.yaml"
        threads: 4
        resources:
            mem_mb=bundle_memory(4000),
            runtime=minutes(600),
        params:
            fastq1=lambda wildcards, input: ",".join(input.fastq1),
            fastq2=lambda wildcards, input: option("--fastq2", ",".join(input.fastq2)),
            levels=option("--levels", config["positive_control"].get("levels")),
            fusions=[
                word
                for each in config["positive_control"].get("fusions") or []
                for word in ("--fusion", each)
            ],
            settings=lambda wildcards, input: option("--settings", input.settings),
            catalogue=lambda wildcards, input: option("--catalogue", input.catalogue),
            own_catalogue=lambda wildcards, input: option(
                "--own-catalogue", input.own_catalogue
            ),
            bundle=lambda wildcards, input: str(Path(input.reference).parent),
        shell:
            "fusioncall control --fastq1 {params.fastq1:q} {params.fastq2:q}"
            " --reference {params.bundle:q} {params.settings:q} {params.catalogue:q}"
            " {params.own_catalogue:q} {params.levels:q} {params.fusions:q}"
            " --out {output.folder:q} --threads {threads} > /dev/null 2> {log:q}"
