"""Where a caller is: positions, what each of them is worth, and who is in charge there.

Floor 1. A position comes as text from a sender who may be wrong in every way, is kept beside all others, and says what
it is: datum, source, time, radius, confidence, and what was wrong with it. `gis.locate.Locator` takes what is known of
a call and gives back all positions, the best one by a stated rule, and the area of each service. Nothing here waits
for anything but one small file on disk, nothing raises for what the outside sent, and nothing knows of calls, seats
or incidents.
"""
