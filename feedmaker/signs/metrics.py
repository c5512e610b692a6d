"""The state of the daemon in figures for Prometheus, named by its conventions.

A job stands in the label `job_name`, for `job` is a label that Prometheus itself gives to what it scrapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from feedmaker import __version__
from feedmaker.signs.vitals import State, Vitals

_JOB = ["job_name"]


class Figures:
    """Write the figures of one daemon and its process; nothing is shared with other registries."""

    def __init__(self, vitals: Vitals) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Collector(vitals))
        ProcessCollector(registry=self._registry)

    def written(self, accept: str) -> tuple[str, bytes]:
        """Return the media type that fits an Accept header, and the figures in it."""
        write, media_type = choose_encoder(accept)
        return media_type, write(self._registry)


class _Collector(Collector):
    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        state = self._vitals.state()
        return (metric for metric in (*_of_daemon(state), *_of_jobs(state)) if metric.samples)


def _of_daemon(state: State) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "feedmaker_build_info", "The version of feedmaker that runs.", labels=["version"]
    )
    info.add_metric([__version__], 1)
    yield info
    yield GaugeMetricFamily("feedmaker_beat_age_seconds", "Time since the loop turned last.", state.beat_age)
    yield GaugeMetricFamily(
        "feedmaker_schedule_ok",
        "Whether schedule.yaml could be read when it changed last.",
        int(not state.schedule_fault),
    )
    yield GaugeMetricFamily("feedmaker_open_faults", "Faults that are not mended yet.", state.open_faults)
    yield GaugeMetricFamily("feedmaker_issues_waiting", "Issues that wait for review.", state.issues_waiting)
    built = state.built_at.timestamp() if state.built_at else None
    yield GaugeMetricFamily(
        "feedmaker_last_build_timestamp_seconds", "When the notes were built last.", built
    )
    yield from _of_notes(state)


def _of_notes(state: State) -> Iterator[Metric]:
    notes = GaugeMetricFamily("feedmaker_notes", "Notes by whether they are out.", labels=["state"])
    for name, number in (("published", state.notes_published), ("held", state.notes_held)):
        if number is not None:
            notes.add_metric([name], number)
    yield notes
    yield CounterMetricFamily("feedmaker_watch_events", "File events received.", state.watch_events)
    yield CounterMetricFamily("feedmaker_watch_scans", "Full scans of the notes.", state.watch_scans)


def _of_jobs(state: State) -> Iterator[Metric]:
    runs = CounterMetricFamily("feedmaker_runs", "Runs that ended.", labels=[*_JOB, "state"])
    durations = SummaryMetricFamily("feedmaker_run_duration_seconds", "How long runs took.", labels=_JOB)
    for name, job in state.jobs.items():
        durations.add_metric([name], sum(job.runs.values()), job.seconds)
        for result, number in sorted(job.runs.items()):
            runs.add_metric([name, result], number)
    yield runs
    yield durations
    jobs = state.jobs.items()
    yield _times(
        "last_success", "When a run of the job did well last.", {name: job.last_success for name, job in jobs}
    )
    yield _times("next_due", "When the job is due next.", {name: job.next_due for name, job in jobs})
    yield _times(
        "run_start", "When the run began that works now.", {name: job.running_since for name, job in jobs}
    )


def _times(name: str, told: str, moments: Mapping[str, datetime | None]) -> Metric:
    metric = GaugeMetricFamily(f"feedmaker_{name}_timestamp_seconds", told, labels=_JOB)
    for job_name, moment in moments.items():
        if moment is not None:
            metric.add_metric([job_name], moment.timestamp())
    return metric
