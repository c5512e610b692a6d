"""Turn a folder of podcast episode notes into feeds, pages and a newsletter."""

__version__ = "0.1.0"
