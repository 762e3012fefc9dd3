"""What the dialplan asks the engine, over AGI: which seat? and: may the person at this seat do so?

`question`, `answer` and `wire` are pure; `server` is the one that touches a socket. Floors above give the server a
callable from a Question to an Answer, another one from a Wish to a Word, and never see AGI.
"""
