"""Work that waits for other work, carried out side by side as far as that lets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from stacks.flavors.dealing.groups import Group


def side_by_side(
    groups: Sequence[Group],
    work: Callable[[Group], bool],
    at_once: int,
    *,
    halt: Callable[[], None],
    after_failure: bool,
) -> list[str]:
    """Carry groups out, each after those that it needs; returns those that failed by themselves.

    Args:
        work: Whether a group ended well; it runs in a thread.
        at_once: The most groups at a time.
        halt: Ends what runs: after a failure that ends all, or where this is interrupted.
        after_failure: Go on with what needs none of the groups that failed.
    """
    waiting, well, failed = list(groups), set[str](), list[str]()
    running: dict[Future[bool], Group] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while True:
                # What the pool held back would begin even after a failure.
                ready = [each for each in waiting if well.issuperset(each.after)]
                for group in ready[: at_once - len(running)] if after_failure or not failed else ():
                    waiting.remove(group)
                    running[pool.submit(work, group)] = group
                if not running:
                    return failed
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    group = running.pop(future)
                    if future.result():
                        well.add(group.name)
                    elif after_failure or not failed:
                        failed.append(group.name)
                        if not after_failure:
                            halt()
        except BaseException:
            halt()
            raise
