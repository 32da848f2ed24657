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
        mem_mb=growing(4000),
        runtime=lambda wildcards, attempt: attempt * training_minutes(wildcards.block),
        gpu=GPUS,
        device=DEVICE,  # as resources, these trigger no rerun
        backend=BACKEND,
    params:
        script=script("train_networks.py"),
        code=lambda wildcards: condition_code("train_networks.py", condition_of(wildcards)),
        spec=lambda wildcards: condition_of(wildcards).spec_json,
        seeds=lambda wildcards: f"{EXPERIMENT.blocks[wildcards.block][0]} {EXPERIMENT.blocks[wildcards.block][-1]}",
    shell:
        "python {params.script:q} --condition {params.spec:q} --seeds {params.seeds} --trials {input:q}"
        " --device {resources.device} --backend {resources.backend} --output {output:q} > {log:q} 2>&1 || (code=$?; tail -n 1 {log:q} >&2; exit $code)"


TARGETS += [path for condition in EXPERIMENT.conditions for path in networks_of(condition)]
