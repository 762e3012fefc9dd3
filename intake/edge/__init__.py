"""The edge of call distribution: Asterisk's words in, the core's commands out, everything written down.

`hearing` and `sight` translate, `acting` carries out, `scribe` writes down, `history` tells what nobody of us saw, and
`desk` holds them together around one `Distributor`. At the `door` PINs are checked, at the `reception` wishes come in.
Nothing here decides who gets whom.
"""
