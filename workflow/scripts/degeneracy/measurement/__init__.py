"""Measurement, a stage: runs metrics over populations, and adds the references that distances are compared with."""
