"""Plans, orders and notification: from the submitted incident to the department that acknowledged.

Floor 3. The core is pure: no clock, no await, no log. Its edge is to be written beside it, for `rehearsal.py` does in
memory exactly what the edge does::

    # an incident is submitted, and ordered what its plans ask for, in one transaction (journal.decide)
    starts = match(plans, situation_of(content, called, at))
    store.start_plans(unit, incident, starts, at, by)
    orders = store.issue(unit, incident, drafts(starts, departments, words), at, day, by)
    # when that is on disk
    step(event.Issued(orders))

    # a life of the engine
    escalation = Escalation(departments.calling)
    step(event.Restored(store.restore(connection)))        # before anything else

    def step(heard):
        done = escalation.handle(heard, now)
        done.write      # commit by store.write, in order, again until it is on disk; then event.Committed(number)
        done.witnessed  # journal.witness(writing.witnessed(fact, order, now))
        done.commands   # Dial, StopRinging, Say, Ask, TellDispatcher, Reply: at once, in order
    # and event.Tick() at escalation.next_deadline()

Modules, in the order in which an incident meets them:

    department, ladder, plan, condition, wording     what people write: departments.yaml, plans/*.yaml
    situation, incident, matching, drafting          which plans start, and the orders that they make
    lint, overlap, trial                             what cannot be meant, and dry runs
    order, notification, attempt, outcome            the tables and what they move
    escalation, board, calling, climb, answer,       the core; `event` and `wish` in, `step`, `fact`, `command` out
      report, wishing, adoption, line, deadline, view
    stored, store, rows, tables, writing, reading    what is on disk, and how the next life begins
    rehearsal                                        an edge without database and Asterisk
"""
