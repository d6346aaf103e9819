"""The console port: the control API that `fn` commands use, and a page that says what is there.

Reached with the session's token only, and never through a tunnel: it is a listener of its own.
"""
