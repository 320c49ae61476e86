"""Many independent calls side by side, with a bound, in order, in flat memory."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future
    from queue import SimpleQueue

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], at_once: int = 8
) -> Generator[Result, None, None]:
    """Yield `function(item)` for each item, in order, with up to `at_once` of them under way.

    Items are pulled as needed, so memory stays flat. The first error in order is raised after
    what had begun has ended; what had not is dropped. Ctrl-C does not wait: the threads are
    daemons, which those of ThreadPoolExecutor are not (Python joins them before it exits).
    """
    from concurrent.futures import Future
    from queue import SimpleQueue

    todo: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    source = iter(items)
    waiting: deque[Future[Result]] = deque()
    threads: list[threading.Thread] = []
    try:
        while True:
            for item in itertools.islice(source, at_once * 2 - len(waiting)):
                waiting.append(Future())
                todo.put((waiting[-1], item))
                if len(threads) < at_once:
                    work = threading.Thread(target=_work, args=(function, todo), daemon=True)
                    threads.append(work)
                    work.start()
            if not waiting:
                return
            yield waiting.popleft().result()
    except Exception:
        for future in [future for future in waiting if not future.cancel()]:
            future.exception()  # waits
        raise
    finally:
        for future in waiting:
            future.cancel()
        for _ in threads:
            todo.put(None)


def _work(
    function: Callable[[Item], Result], todo: SimpleQueue[tuple[Future[Result], Item] | None]
) -> None:
    while (job := todo.get()) is not None:
        future, item = job
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function(item))
            except BaseException as exc:
                future.set_exception(exc)
