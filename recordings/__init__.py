"""What was said on every call, kept as evidence.

Asterisk writes raw files while people talk; when a call has ended, `recordings.archive.finish` makes one stereo
FLAC of them with a JSON beside it that proves it, and `recordings.verification.verify` finds any later change.

Floor 1. This package knows files, samples and hashes; it knows neither Asterisk nor incidents. Everything in it
is synchronous and bound by the processor or the disk: call it in a worker process.
"""
