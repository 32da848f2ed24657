import hashlib

from degeneracy.experiment import index


rule write_index:
    input:
        [path for condition in EXPERIMENT.conditions for path in NEEDS.networks(condition)],
    output:
        paths.index(),
    log:
        paths.log(paths.index()),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        script=script("write_index.py"),
        code=lambda wildcards: code("write_index.py"),
        listed=lambda wildcards: hashlib.sha256(dumps(index.rows(EXPERIMENT, SCHEMA)).encode()).hexdigest()[:16],
        # Snakemake does not compare what is derived from inputs: only what the index lists makes it stale
        config=lambda wildcards, input: dumps(config),
    shell:
        logged("{params.script:q} --config {params.config:q} --output {output:q}")


TARGETS += [paths.index()]
