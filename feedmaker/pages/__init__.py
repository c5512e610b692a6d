"""The site: a page per episode, and lists of episodes, recommendations, tags, shows and issues.

Pure apart from templates. The pages are HTML5 without scripts and load nothing from elsewhere, but for the
recording when somebody plays it. Links between them are relative, so that they also work from disk and under
any address; only the canonical link, the feeds that the head announces and what is said to machines are
absolute. The looks are in templates/site, file by file and block by block for a project to replace.
"""

from feedmaker.pages.episode import MOST_ALSO, default_keys, episode_page
from feedmaker.pages.lists import (
    ArchiveRow,
    Topic,
    archive_page,
    index_page,
    show_page,
    tag_page,
    tags_page,
    topics,
)
from feedmaker.pages.newsletter import newsletter_page
from feedmaker.pages.page import FEEDS, Around, FeedLink
from feedmaker.pages.paths import (
    ARCHIVE_PATH,
    INDEX_PATH,
    NEWSLETTER_PATH,
    RECOMMENDATIONS_PATH,
    ROBOTS_PATH,
    SITEMAP_PATH,
    STYLE_PATH,
    TAGS_PATH,
    address_of,
    episode_path,
    issue_path,
    medium_slug,
    show_path,
    spellings,
    tag_path,
    tag_slug,
    things_path,
    year_path,
)
from feedmaker.pages.recommendations import ThingList, recommendations_page, thing_lists
from feedmaker.pages.sitemap import Place, robots, sitemap, sitemap_paths
from feedmaker.pages.styles import feed_stylesheet, stylesheet

__all__ = [
    "ARCHIVE_PATH",
    "FEEDS",
    "INDEX_PATH",
    "MOST_ALSO",
    "NEWSLETTER_PATH",
    "RECOMMENDATIONS_PATH",
    "ROBOTS_PATH",
    "SITEMAP_PATH",
    "STYLE_PATH",
    "TAGS_PATH",
    "ArchiveRow",
    "Around",
    "FeedLink",
    "Place",
    "ThingList",
    "Topic",
    "address_of",
    "archive_page",
    "default_keys",
    "episode_page",
    "episode_path",
    "feed_stylesheet",
    "index_page",
    "issue_path",
    "medium_slug",
    "newsletter_page",
    "recommendations_page",
    "robots",
    "show_page",
    "show_path",
    "sitemap",
    "sitemap_paths",
    "spellings",
    "stylesheet",
    "tag_page",
    "tag_path",
    "tag_slug",
    "tags_page",
    "thing_lists",
    "things_path",
    "topics",
    "year_path",
]
