"""Prompts: what callers and call-takers hear, by id.

A prompt is a text in every language. It is spoken by a synthesiser, and marked as such, until somebody records it.
"""
