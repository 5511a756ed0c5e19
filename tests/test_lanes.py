"""Blocks read ahead by several threads come in the order of their file."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from fusioncall.lanes import _BLOCKS_AHEAD, Feed

LAST_AHEAD = _BLOCKS_AHEAD - 1
"""The block behind which reading waits until another one was taken."""


def test_no_block_overtakes_one_that_is_being_handed_over(monkeypatch):
    """A thread that hands over the last block ahead is held up, while the first one is taken."""
    begun = threading.Event()

    class HeldQueue(queue.SimpleQueue):
        def put(self, item):
            if item and item[0] == LAST_AHEAD:
                begun.set()
                time.sleep(0.2)
            super().put(item)

    monkeypatch.setattr("fusioncall.lanes.queue", SimpleNamespace(SimpleQueue=HeldQueue))
    blocks = iter(range(20))
    reader = SimpleNamespace(read=lambda: next(blocks, None))
    with ThreadPoolExecutor(4) as pool:
        feed = Feed(reader, lambda block: block, pool)
        begun.wait()
        taken = list(iter(feed.next, None))
    assert taken == [(number, number) for number in range(20)]
