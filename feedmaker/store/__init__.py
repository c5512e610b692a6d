"""The state database: subscribers, issues, deliveries and runs.

Owns what must outlive a process and is nowhere else: who gets issues, what went to whom, which due times have
run, what fails. Decides nothing; the rules are in `feedmaker.delivery` and `feedmaker.scheduler`.
"""

from feedmaker.store.database import copy_database
from feedmaker.store.records import (
    Addressed,
    Cadence,
    Consent,
    Counts,
    Delivery,
    DeliveryState,
    Ending,
    Fault,
    Frozen,
    Issue,
    IssueState,
    Lease,
    Run,
    RunState,
    Sending,
    Settlement,
    Status,
    Subscriber,
    Wishes,
)
from feedmaker.store.store import Store, open_store

__all__ = [
    "Addressed",
    "Cadence",
    "Consent",
    "Counts",
    "Delivery",
    "DeliveryState",
    "Ending",
    "Fault",
    "Frozen",
    "Issue",
    "IssueState",
    "Lease",
    "Run",
    "RunState",
    "Sending",
    "Settlement",
    "Status",
    "Store",
    "Subscriber",
    "Wishes",
    "copy_database",
    "open_store",
]
