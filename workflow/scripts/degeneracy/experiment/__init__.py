"""What a run does before its first job: from config.yaml to conditions, and from these to what each rule needs.

Neither a stage nor a kind of plug-in; imports neither torch nor numpy.
"""
