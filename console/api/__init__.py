"""The HTTP interface: one noun a file, each with its routes; `app.make_app` joins them.

Rules: every error is a problem (RFC 9457) with a stable `code`; a 4xx has changed nothing. Nothing here decides what
happens: the engine is asked, and refuses or grants. Nothing here waits for a disk in the event loop.
"""
