rule compute_complexity:
    input:
        layout.trials("{task}", "{trial_set}"),
    output:
        layout.complexity("{task}", "{trial_set}"),
    log:
        "results/logs/complexity/{task}/{trial_set}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(20),
    params:
        script=script("compute_complexity.py"),
        code=lambda wildcards: code("compute_complexity.py"),  # when a job needs it, not at every start
    shell:
        "python {params.script:q} --trials {input:q} --output {output:q} > {log:q} 2>&1 || (tail -n 1 {log:q} >&2; false)"


TARGETS += [layout.complexity(task, trial_set) for task, trial_set in TRIAL_SETS]
