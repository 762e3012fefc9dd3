"""News that nobody has heard yet: in order, bounded, and never thrown away silently."""

from __future__ import annotations

import asyncio
from collections import deque

from telephony.manager.exchange import Gap, News, Why

NEWS_MAX = 10_000  # twenty calls a second make 400 events a second: a listener that is 25 s late has lost the thread


class Inbox:
    """Between the link, which puts, and one listener, who takes."""

    def __init__(self, most: int = NEWS_MAX) -> None:
        self._most = most
        self._news: deque[News] = deque()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        return len(self._news)

    def put(self, news: News) -> bool:
        """Add one; False: there was no room, all is thrown away, and the listener will find a Gap."""
        if len(self._news) < self._most or isinstance(news, Gap):
            self._add(news)
            return True
        self._news.clear()
        self._add(Gap(Why.OVERFLOW))
        return False

    def _add(self, news: News) -> None:
        self._news.append(news)
        self._some.set()
        self._none.clear()

    async def take(self) -> News:
        """The oldest; waits for one."""
        while not self._news:
            self._some.clear()
            await self._some.wait()
        news = self._news.popleft()
        if not self._news:
            self._none.set()
        return news

    async def emptied(self) -> None:
        """Wait until the listener has taken everything."""
        await self._none.wait()
