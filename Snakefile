# `snakemake` in a checkout runs this file; the workflow itself lies in workflow/.


configfile: "config/config.yaml"


module fusioncall:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from fusioncall
