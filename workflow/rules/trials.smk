rule generate_trials:
    output:
        layout.trials("{task}", "{trial_set}"),
    log:
        "results/logs/trials/{task}/{trial_set}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        script=script("generate_trials.py"),
        code=lambda wildcards: code("generate_trials.py", tasks=wildcards.task),
        spec=lambda wildcards: TRIAL_SETS[wildcards.task, wildcards.trial_set].trials_json,
    shell:
        "python {params.script:q} --condition {params.spec:q} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"
