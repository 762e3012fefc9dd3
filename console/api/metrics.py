"""Figures for Prometheus: the engine's own, every process's signs of life, who listens. Nothing personal: no token."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from console.api.problem import INTERNAL, Responses, problems
from console.api.sources import Child, Sources, SourcesOf
from console.tap import EngineAway
from console.vitals import TROUBLES
from console.wire import Refused

_NAME = re.compile(r"[a-z][a-z0-9_]*")

_PLAIN: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses=_PLAIN | problems(INTERNAL),
)
async def metrics(sources: SourcesOf) -> Response:
    """The engine's figures, the children's beats, and the feed's listeners, in Prometheus's text format."""
    try:
        status = await sources.vitals.status()
    except (EngineAway, Refused):
        status = {}
    children = await asyncio.to_thread(sources.children)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Figures(sources, status, children))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """What was just found out."""

    def __init__(self, sources: Sources, status: Mapping[str, Any], children: Mapping[str, Child]) -> None:
        self._sources = sources
        self._status = status
        self._children = children

    def collect(self) -> Iterator[Metric]:
        """Every figure once."""
        sources = self._sources
        yield _gauge("liandong_engine_up", "Whether the engine answers.", float(bool(self._status)))
        yield from engine_figures(self._status)
        yield from _beats(self._children)
        yield _gauge("liandong_feed_listeners", "Listeners of the live feed.", sources.feed.listeners)
        yield CounterMetricFamily(
            "liandong_feed_cut_off", "Listeners that were too slow and cut off.", value=sources.feed.cut_off
        )
        yield _gauge("liandong_feed_sequence", "Sequence of the last fact that the web heard.", sources.tap.sequence)


def engine_figures(status: Mapping[str, Any]) -> Iterator[Metric]:
    """Numbers as they are, yes and no as 1 and 0, and of a trouble whether there is one; other words are no figures."""
    for key, value in status.items():
        if not _NAME.fullmatch(key):
            continue
        name, help = f"liandong_engine_{key}", f"The engine's {key.replace('_', ' ')}."
        if key in TROUBLES:
            yield _gauge(name, help, float(value is not None))
        elif isinstance(value, bool | int | float):
            yield _gauge(name, help, float(value))


def _beats(children: Mapping[str, Child]) -> Iterator[Metric]:
    age = GaugeMetricFamily("liandong_beat_age_seconds", "Since a process's last sign of life.", labels=["child"])
    lag = GaugeMetricFamily("liandong_loop_lag_seconds", "How late a process's event loop was.", labels=["child"])
    worst = GaugeMetricFamily(
        "liandong_loop_lag_max_seconds", "How late it was at worst in the last minute.", labels=["child"]
    )
    for name, child in children.items():
        age.add_metric([name], child.beat_age_s)
        lag.add_metric([name], child.lag_ms / 1000)
        worst.add_metric([name], child.lag_max_ms / 1000)
    yield from (age, lag, worst)


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help, value=value)
