from degeneracy.experiment.sweeps import FILES


rule import_networks:
    input:
        judged,
        files=lambda wildcards: condition_of(wildcards).files,
    output:
        paths.networks("{task}", "{condition}", FILES),
    log:
        paths.log(paths.networks("{task}", "{condition}", FILES)),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000, memory_of_files),
        runtime=growing(10),
    params:
        script=script("import_networks.py"),
        code=lambda wildcards: condition_code("import_networks.py", condition_of(wildcards)),
        spec=lambda wildcards: condition_of(wildcards).spec_json,
    shell:
        logged("{params.script:q} --condition {params.spec:q} --output {output:q}")
