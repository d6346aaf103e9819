from __future__ import annotations

import asyncio
import os
import threading

from devserver.session.output import LineWriter


async def test_lines_come_out_in_order_and_closing_writes_what_is_left() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as stream:
        writer = LineWriter(stream, lambda: None)
        for number in range(100):
            writer.write(f"line {number}")
        writer.close()
        stream.close()
        assert reader.read().splitlines() == [f"line {number}" for number in range(100)]


async def test_a_reader_that_has_gone_is_told_once() -> None:
    reading, writing = os.pipe()
    gone = threading.Event()
    with os.fdopen(writing, "w") as stream:
        writer = LineWriter(stream, gone.set)
        os.close(reading)
        writer.write("nobody reads this")
        writer.flush()
        assert await asyncio.to_thread(gone.wait, 20)
        writer.close()


async def test_a_reader_that_does_not_read_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    writer = LineWriter(stream, lambda: None)
    for _ in range(20):
        writer.write("x" * 100_000)  # far more than a pipe holds
        writer.flush()

    with os.fdopen(reading) as reader:  # it reads at last, and nothing is lost
        lines = await asyncio.to_thread(lambda: [len(reader.readline()) for _ in range(20)])
        writer.close()
        stream.close()
    assert lines == [100_001] * 20
