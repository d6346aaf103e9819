"""Functions under pytest, without configuration: `def test_menu(function): assert function.ice().says == [...]`.

    plugin                 the fixtures `function`, `context` and `replay`, the markers, the options
    function, thread       a project loaded in process, and the event loop it runs in
    loading                its modules: fresh for each test, gone afterwards
    surroundings, views    backends in memory, and how a test arranges and looks at them
    clock, noticing        time to set; what a handler did besides answering
    answer, expectation    what came back, and what was expected of it
    calls, replaying       recorded calls as tests

pytest imports `plugin` at the start of every run, so that module is light and imports the others on first use.
It must not know the session: nothing here opens a port or starts a process.
"""
