"""Pretend phone calls: the machine that obeys SVAML as the platform would, and what drives it.

    driver: HTTP, clock, phones  --events-->  Call.receive  --commands-->  driver
                                                  |
                                     Rooms.apply for conferences

`machine.Call` is sans-IO: it knows no clock, no network and no asyncio, so a call of an hour takes as long as its
arithmetic. `terms` has all the words.
"""
