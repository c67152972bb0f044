"""What a thread gives arrives in the event loop within one turn, and however it ends."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

from graphrec.journal.waking import awaited


def test_the_waiter_goes_on_before_what_was_queued_after_the_result() -> None:
    async def work() -> list[str]:
        loop, future, order = asyncio.get_running_loop(), Future[str](), list[str]()

        async def wait() -> None:
            order.append(await awaited(future))

        waiter = asyncio.create_task(wait())
        await asyncio.sleep(0)
        future.set_result("result")
        loop.call_soon(order.append, "queued after it")
        await waiter
        await asyncio.sleep(0)
        return order

    assert asyncio.run(work()) == ["result", "queued after it"]


def test_a_result_that_is_there_already_and_an_error() -> None:
    there, failed = Future[int](), Future[int]()
    there.set_result(5)
    failed.set_exception(ValueError("no"))
    assert asyncio.run(awaited(there)) == 5
    with pytest.raises(ValueError, match="no"):
        asyncio.run(awaited(failed))


def test_who_is_cancelled_ends_and_the_work_goes_on() -> None:
    future = Future[int]()

    async def work() -> bool:
        waiter = asyncio.create_task(awaited(future))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.wait([waiter])
        future.set_result(1)
        await asyncio.sleep(0)
        return waiter.cancelled()

    assert asyncio.run(work())
    assert future.result() == 1


def test_a_result_after_the_loop_has_ended_is_nobodys() -> None:
    future = Future[int]()

    async def work() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(awaited(future), 0.01)

    asyncio.run(work())
    future.set_result(1)
    assert future.result() == 1
