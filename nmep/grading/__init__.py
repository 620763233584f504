"""Runs what students wrote, in a box, and lets a judge outside that box compare the answers.

Nothing here knows Django, the database or a setting: `nmep.checking` hands it bytes and limits, and takes a verdict.
"""
