"""Measurement, a stage: runs metrics over populations, with what distances are to be compared with."""
