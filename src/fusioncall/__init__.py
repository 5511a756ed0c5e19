"""fusioncall: NTRK fusions from RNA-seq reads."""

__version__ = "0.1.0"
