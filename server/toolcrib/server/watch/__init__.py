"""Watches: from a commit to those who want to know of it.

    watch_servicer.py -> wanted.py                                what is watched, and from where on (tokens.py)
    stream.py                                                     the life of one watch, in this order:
        snapshot.py                                               the records that there are
        backlog.py                                                what was committed until now
        hub.py -> subscription.py                                 what is committed from now on
    backlog.py -> commits.py -> parcels.py -> matching.py         from the audit trail to the messages that are sent

The audit trail is the one source: of what is committed now, of what was, and of what other processes commit. One thing
is relied upon: where a revision is seen, all before it are.
"""
