rule generate_trials:
    input:
        judged,
    output:
        paths.trials("{task}", "{trial_set}"),
    log:
        paths.log(paths.trials("{task}", "{trial_set}")),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("generate_trials.py"),
        code=lambda wildcards: code("generate_trials.py", *tasks_of(trial_set_of(wildcards).spec)),
        spec=lambda wildcards: trial_set_of(wildcards).trials_json,
    shell:
        logged("{params.script:q} --condition {params.spec:q} --output {output:q}")
