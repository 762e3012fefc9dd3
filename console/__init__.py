"""What people see and do: live calls and seats, the feed of facts, the HTTP interface.

Floor 4. It decides nothing: what it shows it heard from the engine or read in the journal, and what people want it
hands to the engine. The engine's end of the local socket is `hub`, everybody else's is `tap`; `wire` is the language
between them and `state` what they speak of.
"""
