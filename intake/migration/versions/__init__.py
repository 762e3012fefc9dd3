"""Intake's versions, one a file, named for their number and what they bring."""
