# `snakemake` in a checkout runs this file; the workflow itself lies in workflow/.


configfile: "config/config.yaml"


module fusioncall:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from fusioncall


# Snakemake does not take this from a module by itself.
onerror:
    fusioncall.onerror()
