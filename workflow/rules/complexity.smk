from degeneracy.experiment.condition import RECORDED


rule compute_complexity:
    input:
        paths.trials("{task}", "{trial_set}"),
    output:
        paths.complexity("{task}", "{trial_set}"),
    log:
        paths.log(paths.complexity("{task}", "{trial_set}")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(20),
    params:
        script=script("compute_complexity.py"),
        spec=lambda wildcards: NEEDS.trial_sets[wildcards.task, wildcards.trial_set].trials_json,
        code=lambda wildcards: code("compute_complexity.py"),  # when a job needs it, not at every start
    shell:
        logged("{params.script:q} --trials {input:q} --condition {params.spec:q} --output {output:q}")


TARGETS += [paths.complexity(task, trial_set) for task, trial_set in NEEDS.trial_sets if task != RECORDED]
