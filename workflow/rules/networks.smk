rule train_networks:
    input:
        judged,
    output:
        paths.networks("{task}", "{condition}", "{block}"),
    log:
        paths.log(paths.networks("{task}", "{condition}", "{block}")),
    wildcard_constraints:
        block=r"seeds-\d+-\d+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000, memory_of_block),
        runtime=lambda wildcards, attempt: attempt * NEEDS.training_minutes(wildcards.block, GPUS > 0),
        gpu=GPUS,
        device=DEVICE,  # as resources, these trigger no rerun
        backend=BACKEND,
    params:
        script=script("train_networks.py"),
        code=lambda wildcards: condition_code("train_networks.py", condition_of(wildcards)),
        spec=lambda wildcards: condition_of(wildcards).spec_json,
        seeds=lambda wildcards: f"{EXPERIMENT.blocks[wildcards.block][0]} {EXPERIMENT.blocks[wildcards.block][-1]}",
    shell:
        logged(
            "{params.script:q} --condition {params.spec:q} --seeds {params.seeds}"
            " --device {resources.device:q} --backend {resources.backend:q} --output {output:q}"
        )


TARGETS += [path for condition in EXPERIMENT.conditions for path in NEEDS.networks(condition)]
