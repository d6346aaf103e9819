"""The local Sinch on the cloud port: what an SDK or `curl` finds there instead of the platform.

`app` is HTTP and nothing else, `routes` says what exists, `auth` who may ask, and each product answers in plain data:
`voice` is Voice v1 (voice-v1.md 5). What a product cannot know (calls that run) is a Protocol in `backend`, filled by
the session, so that this package never imports the simulator.
"""
