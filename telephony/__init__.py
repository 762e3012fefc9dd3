"""Asterisk: how it is obtained, what it is told, how it lives. Knows calls and lines, not incidents."""
