"""The centre's definition: one folder of YAML, loaded with line numbers and clear errors.

Floor 0. This package knows nothing of seats, trunks or plans: each floor above owns the schema of its
part as a `Part`, and `liandong/` composes the parts and checks what holds between them.
"""
