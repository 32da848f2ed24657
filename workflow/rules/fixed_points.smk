rule find_fixed_points:
    input:
        networks=paths.networks("{task}", "{condition}", "{block}"),
        trials=lambda wildcards: needs.trials(condition_of(wildcards)),
    output:
        paths.fixed_points("{task}", "{condition}", "{block}"),
    log:
        paths.log(paths.fixed_points("{task}", "{condition}", "{block}")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000, memory_of_block),
        runtime=growing(60),
        gpu=GPUS,
        device=DEVICE,  # as a resource, it triggers no rerun
    params:
        script=script("find_fixed_points.py"),
        code=lambda wildcards: condition_code("find_fixed_points.py", condition_of(wildcards)),
        spec=lambda wildcards: condition_of(wildcards).spec_json,
        options=dumps(EXPERIMENT.fixed_points),
    shell:
        logged(
            "{params.script:q} --networks {input.networks:q} --trials {input.trials:q}"
            " --condition {params.spec:q} --options {params.options:q} --device {resources.device:q} --output {output:q}"
        )


TARGETS += NEEDS.fixed_point_targets()
