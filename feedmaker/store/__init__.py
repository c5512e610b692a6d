"""The state database: subscribers, issues, deliveries and runs.

Owns what must outlive a process and is nowhere else: who gets issues, what went to whom, which due times have
run, what fails. Decides nothing; the rules are in `feedmaker.delivery` and `feedmaker.scheduler`.
"""

from feedmaker.store.database import check_database, copy_database
from feedmaker.store.records import (
    GONE,
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
    Mailed,
    Month,
    Owed,
    Person,
    Reach,
    Run,
    RunState,
    Sending,
    Settlement,
    Status,
    Subscriber,
    Taken,
    Wishes,
)
from feedmaker.store.store import Store, open_store

__all__ = [
    "GONE",
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
    "Mailed",
    "Month",
    "Owed",
    "Person",
    "Reach",
    "Run",
    "RunState",
    "Sending",
    "Settlement",
    "Status",
    "Store",
    "Subscriber",
    "Taken",
    "Wishes",
    "check_database",
    "copy_database",
    "open_store",
]
