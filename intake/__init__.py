"""Who takes the call: seats, the people at them, the calls, and the distribution between them.

Floor 2. The core is pure: no async, no clock, no logging, nothing of AMI, AGI or SIP. `intake.distributor.Distributor`
takes one event and the time, and gives back what has to be written down and what has to be done (`intake.step.Step`).
Its edge translates Asterisk's words into `intake.event` and carries out `intake.command`.
"""
