"""The host: the child process that runs the user's code and nothing else (DESIGN 2).

`process` is its main loop, `loading` imports the project, `output` carries prints and logs, `watchdog` names what
blocks the event loop, `sockets` are the WebSockets the function registered. One host serves one generation.
"""
