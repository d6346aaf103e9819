"""What went over the function port: kept, looked up, compared.

`exchange.py` says what one exchange is, `redaction.py` what must never be written, `store.py` writes and `reader.py`
reads `.fn/recordings.db`, `shapes.py` gives its JSON, `compare.py` tells two answers apart in words.
"""
