"""The callback of a Voice App: pointed at this machine for a while, and given back whatever happens.

    addresses       what an address looks like: a tunnel, this machine, a server
    entry           what is written down of a lease
    decisions       what to do, as functions of data
    journal         where it is written down: one synced file for each application
    configuration   the platform's side: read and set the two addresses
    patience        how long something is tried again
    settling        gives back: used by the session, the watchdog, the next start, and by hand
    leftovers       what an earlier session left behind
    admission       whether what is configured may be replaced
    changing        writes down, sets and reads back
    terms           what a lease is spoken about with
    lease           takes, holds, moves and gives back
    watchdog        a process that gives back after a crash
    by_hand         the curl for a person

It must not know where the public address comes from, nor that there is a local Sinch.
"""

from devserver.voiceapp.configuration import Configuration, ConfigurationFailed, HttpConfiguration
from devserver.voiceapp.entry import Entry, LocalPlatform
from devserver.voiceapp.journal import Journal, Unreadable
from devserver.voiceapp.lease import Lease
from devserver.voiceapp.settling import Outcome, settle
from devserver.voiceapp.terms import Guard, Holder, LeaseRefused, Rules, Told
from devserver.voiceapp.watchdog import Errand, Watchdog, watch

__all__ = [
    "Configuration",
    "ConfigurationFailed",
    "Entry",
    "Errand",
    "Guard",
    "Holder",
    "HttpConfiguration",
    "Journal",
    "Lease",
    "LeaseRefused",
    "LocalPlatform",
    "Outcome",
    "Rules",
    "Told",
    "Unreadable",
    "Watchdog",
    "settle",
    "watch",
]
