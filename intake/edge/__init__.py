"""The edge of call distribution: Asterisk's words in, the core's commands out, everything written down.

`hearing` and `sight` translate, `acting` carries out, `writing` makes journal entries, `history` tells what nobody of
us saw, `desk` holds them together around one `Distributor`. Nothing here decides who gets whom.
"""
