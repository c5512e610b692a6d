"""`schedule.yaml` as a validated, frozen tree: `parse_config` reads it, `Config` holds it. Pure."""

from feedmaker.config.delivery import Delivery, Signature
from feedmaker.config.fields import CLOCK, MERCHANT_NAME, WEEKDAYS, Weekday
from feedmaker.config.newsletter import Mailbox, Newsletter, Section, Theme
from feedmaker.config.podcast import Funding, License, Owner, Person, Podcast
from feedmaker.config.schedule import CONFIG_NAME, Config, parse_config
from feedmaker.config.scheduling import Scheduler
from feedmaker.config.sections import (
    AMAZON,
    WAYS,
    Author,
    Feeds,
    Job,
    Merchant,
    Push,
    Serving,
    Site,
)
from feedmaker.config.signup import Signup, origin_of
from feedmaker.config.sources import Source

__all__ = [
    "AMAZON",
    "CLOCK",
    "CONFIG_NAME",
    "MERCHANT_NAME",
    "WAYS",
    "WEEKDAYS",
    "Author",
    "Config",
    "Delivery",
    "Feeds",
    "Funding",
    "Job",
    "License",
    "Mailbox",
    "Merchant",
    "Newsletter",
    "Owner",
    "Person",
    "Podcast",
    "Push",
    "Scheduler",
    "Section",
    "Serving",
    "Signature",
    "Signup",
    "Site",
    "Source",
    "Theme",
    "Weekday",
    "origin_of",
    "parse_config",
]
