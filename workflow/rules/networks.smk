rule train_networks:
    input:
        lambda wildcards: trials_of(condition_of(wildcards)),
    output:
        layout.networks("{task}", "{condition}", "{block}"),
    log:
        "results/logs/{task}/{condition}/networks/{block}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=lambda wildcards: condition_code("train_networks.py", condition_of(wildcards)),
        spec=lambda wildcards: condition_of(wildcards).spec_json,
        seeds=lambda wildcards: f"{EXPERIMENT.blocks[wildcards.block][0]} {EXPERIMENT.blocks[wildcards.block][-1]}",
    shell:
        PYTHON + "/train_networks.py --condition {params.spec:q} --seeds {params.seeds} --trials {input:q}"
        " --device {DEVICE} --output {output:q} " + LOG
