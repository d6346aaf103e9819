"""The debugger: debugpy around the user's code, one attachment for all of `fn dev`, and what editors must know of it.

`anchor` is the process that clients attach to; `relay` is the port they find it at; `inside` is what happens in a host
while a client is there; `single` makes one session of many for clients that cannot follow; `dap` is the protocol's
bytes; `launch_json` and `editors` write configuration. None of them knows hosts, generations or ports of a session:
`devserver/session/debugging.py` puts them together.
"""
