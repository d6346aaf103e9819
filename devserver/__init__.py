"""fn dev: run Sinch voice functions written in Python on your own machine.

The life of a callback, one file per line:

1. it arrives at the function port, on loopback:              devserver/session/listeners.py
2. read within limits, named, its signature checked:          devserver/session/reception.py
3. made durable, before any code of the user sees it:         devserver/recorder/store.py
4. held, if a loaded file is not what is on disk any more:    devserver/session/freshness.py
5. given to the host that runs the newest code that works:    devserver/session/generations.py
6. sent there as a frame, and the answer comes back as one:   devserver/session/link.py
7. in the host, a task of the user's event loop:              devserver/session/host/serving.py
8. routed, parsed into an event, handed to the handler:       devserver/runtime/application.py
9. judged by the rules of the markup, and put into words:     devserver/session/exchange.py
10. told as one line, for a person or as JSON:                devserver/session/report.py
"""
