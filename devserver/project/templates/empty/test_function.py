"""Run with `fn test` or `pytest`. The fixture `function` comes with fn: it calls the handlers as the platform would."""


def test_a_caller_hears_hello(function):
    answer = function.ice(cli="+12025550199")
    assert answer.says == ["Hello!"]
    assert answer.action == {"name": "hangup"}
