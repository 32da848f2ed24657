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
        script=script("train_networks.py"),
        code=lambda wildcards: condition_code("train_networks.py", condition_of(wildcards)),
        spec=lambda wildcards: condition_of(wildcards).spec_json,
        device=DEVICE,
        seeds=lambda wildcards: f"{EXPERIMENT.blocks[wildcards.block][0]} {EXPERIMENT.blocks[wildcards.block][-1]}",
    shell:
        "python {params.script:q} --condition {params.spec:q} --seeds {params.seeds} --trials {input:q}"
        " --device {params.device} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"
