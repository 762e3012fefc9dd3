"""The dialplan's one question to the engine, over AGI: which seat?

`question`, `answer` and `wire` are pure; `server` is the one that touches a socket. Floors above give the server a
callable from a Question to an Answer and never see AGI.
"""
