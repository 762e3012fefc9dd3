"""The link to Asterisk's manager interface (AMI): typed acts in, typed events out.

`wire`, `conversation`, `reading`, `snapshot` and `backoff` are pure; `link` is the one that touches a socket. Floors
above use the port in `exchange` with what `event`, `channel`, `snapshot` and `outcome` define; no raw event leaves.
"""
