"""What MJML 4 has, as its documentation lists it: tags, their places, attributes, and kinds of values. Pure.

The tables follow https://documentation.mjml.io/, less the tags that load fonts, icons or pictures from
elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_INNER_PADDING = "inner-padding inner-padding-top inner-padding-right inner-padding-bottom inner-padding-left"
_BORDERS = "border border-top border-right border-bottom border-left"
_BORDER = f"{_BORDERS} border-radius"
_INNER_BORDER = " ".join(f"inner-{name}" for name in _BORDER.split())
_BLOCK = f"{_PADDING} align container-background-color"
_FONT = "font-family font-size font-style font-weight"
_TEXT = f"{_FONT} color letter-spacing line-height text-decoration text-transform"
_LINK = "href rel target title name"
_BACKGROUND = (
    "background-color background-url background-repeat background-size background-position "
    "background-position-x background-position-y"
)
_SECTION = f"{_BACKGROUND} {_BORDER} {_PADDING} direction full-width text-align text-padding"
_HEAD = {
    "mj-attributes": "",
    "mj-breakpoint": "width",
    "mj-preview": "",
    "mj-style": "inline",
    "mj-title": "",
}
_BODY = {
    "mj-section": _SECTION,
    "mj-wrapper": _SECTION,
    "mj-group": "background-color direction vertical-align width",
    "mj-column": (
        f"{_BORDER} {_INNER_BORDER} {_PADDING} background-color inner-background-color direction "
        "vertical-align width"
    ),
    "mj-hero": (
        "background-color background-url background-position background-height background-width "
        f"border-radius container-background-color height inner-background-color {_INNER_PADDING} mode "
        f"{_PADDING} vertical-align"
    ),
    "mj-text": f"{_BLOCK} {_TEXT} height vertical-align",
    "mj-button": (
        f"{_BLOCK} {_TEXT} {_LINK} {_BORDER} background-color height inner-padding text-align vertical-align "
        "width"
    ),
    "mj-divider": f"{_BLOCK} border-color border-style border-width width",
    "mj-spacer": f"{_PADDING} {_BORDERS} container-background-color height",
    "mj-image": (
        f"{_BLOCK} {_BORDER} {_LINK} alt fluid-on-mobile font-size height max-height sizes src srcset usemap "
        "width"
    ),
    "mj-table": (
        f"{_BLOCK} border cellpadding cellspacing color font-family font-size font-weight line-height role "
        "table-layout vertical-align width"
    ),
}
ATTRIBUTES = {
    "mjml": frozenset({"lang", "dir", "owa"}),
    "mj-head": frozenset[str](),
    "mj-body": frozenset({"background-color", "width", "css-class"}),
    "mj-raw": frozenset({"position"}),
    **{tag: frozenset(names.split()) for tag, names in _HEAD.items()},
    **{tag: frozenset(names.split()) | {"css-class", "mj-class"} for tag, names in _BODY.items()},
}
DEFAULTS = frozenset().union(*(ATTRIBUTES[tag] for tag in _BODY)) - {"mj-class"}
"""What `mj-all` and `mj-class` can set."""

_CONTENT = frozenset({"mj-text", "mj-button", "mj-divider", "mj-spacer", "mj-image", "mj-table", "mj-raw"})
CHILDREN = {
    "mjml": frozenset({"mj-head", "mj-body", "mj-raw"}),
    "mj-head": frozenset(_HEAD) | {"mj-raw"},
    "mj-attributes": frozenset(_BODY) | {"mj-all", "mj-class", "mj-body"},
    "mj-body": frozenset({"mj-section", "mj-wrapper", "mj-hero", "mj-raw"}),
    "mj-wrapper": frozenset({"mj-section", "mj-hero", "mj-raw"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _CONTENT,
    "mj-hero": _CONTENT,
}
"""What may stand in a tag that shows no text of its own; all other tags hold text and no tag of MJML."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Say which values an attribute takes; `expected` goes on after "expected"."""

    pattern: re.Pattern[str]
    expected: str

    def takes(self, value: str) -> bool:
        """Tell whether a value is of this kind."""
        return self.pattern.fullmatch(value) is not None


def _words(*words: str) -> Kind:
    return Kind(re.compile("|".join(words)), f"{', '.join(words[:-1])} or {words[-1]}")


def _length(units: str, expected: str, times: str = "") -> Kind:
    one = rf"(?:0|(?:\d+(?:\.\d+)?|\.\d+)(?:{units}))"
    return Kind(re.compile(rf"{one}(?:\s+{one}){times or '{0}'}"), expected)


def _or_auto(kind: Kind) -> Kind:
    return Kind(re.compile(f"auto|{kind.pattern.pattern}"), f"auto, or {kind.expected}")


_PX = _length("px", "a number with px, such as 17px")
_PX_OR_PERCENT = _length("px|%", "a number with px or %, such as 20px")
_FOUR = _length("px|%", "one to four numbers with px or %, such as 0 24px", "{0,3}")
_SPACING = Kind(
    re.compile(r"0|normal|-?(?:\d+(?:\.\d+)?|\.\d+)(?:px|em)"), "a number with px or em, such as 1px"
)
_LINE = _length("px|%|", "a number, alone or with px or %, such as 1.5")
_COUNT = Kind(re.compile(r"\d+"), "a whole number")
_SIDE = _words("left", "center", "right")
_COLOUR_NAMES = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown
    burlywood     cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue
    darkcyan darkgoldenrod darkgray     darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange
    darkorchid darkred darksalmon darkseagreen     darkslateblue darkslategray darkslategrey darkturquoise
    darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue     firebrick floralwhite forestgreen
    fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew     hotpink indianred
    indigo inherit ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral
    lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen
    lightskyblue     lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta
    maroon mediumaquamarine     mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue
    mediumspringgreen mediumturquoise     mediumvioletred midnightblue mintcream mistyrose moccasin
    navajowhite navy oldlace olive olivedrab orange orangered     orchid palegoldenrod palegreen
    paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple     rebeccapurple
    red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue
    slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato transparent turquoise
    violet wheat     white whitesmoke yellow yellowgreen
"""
_COLOUR = Kind(
    re.compile(
        r"#(?:[0-9a-f]{3}){1,2}|rgb\(\s*\d{1,3}\s*(?:,\s*\d{1,3}\s*){2}\)"
        r"|rgba\(\s*\d{1,3}\s*(?:,\s*\d{1,3}\s*){2},\s*[\d.]+\s*\)|" + "|".join(_COLOUR_NAMES.split()),
        re.IGNORECASE,
    ),
    "a colour, such as #0b5a78, rgb(11, 90, 120) or teal",
)
_KINDS = {
    "align": _SIDE,
    "background-height": _PX_OR_PERCENT,
    "background-repeat": _words("repeat", "no-repeat"),
    "background-width": _PX_OR_PERCENT,
    "border-width": _PX,
    "cellpadding": _COUNT,
    "cellspacing": _COUNT,
    "direction": _words("ltr", "rtl"),
    "fluid-on-mobile": _words("true", "false"),
    "font-size": _PX,
    "full-width": Kind(re.compile("(?:full-width|false)?"), "full-width or false"),
    "height": _PX_OR_PERCENT,
    "inline": _words("inline", "false"),
    "inner-border-radius": _FOUR,
    "letter-spacing": _SPACING,
    "line-height": _LINE,
    "max-height": _PX_OR_PERCENT,
    "mode": _words("fixed-height", "fluid-height"),
    "position": Kind(re.compile("file-start"), "file-start"),
    "role": _words("none", "presentation"),
    "table-layout": _words("auto", "fixed", "initial", "inherit"),
    "text-align": _SIDE,
    "vertical-align": _words("top", "middle", "bottom"),
    "width": _PX_OR_PERCENT,
    **dict.fromkeys(("padding", "inner-padding", "text-padding", "border-radius"), _FOUR),
    **dict.fromkeys((name for name in DEFAULTS if re.search("padding-", name)), _PX_OR_PERCENT),
    **dict.fromkeys((name for name in DEFAULTS if re.search(r"\bcolor$", name)), _COLOUR),
}
_KINDS_BY_TAG = {
    ("mj-body", "width"): _PX,
    ("mj-breakpoint", "width"): _PX,
    ("mj-image", "width"): _PX,
    ("mj-image", "height"): _or_auto(_PX),
    ("mj-table", "width"): _or_auto(_PX_OR_PERCENT),
    ("mj-text", "align"): _words("left", "center", "right", "justify"),
}


def kind_of(tag: str, attribute: str) -> Kind | None:
    """Return the kind of value that an attribute takes, or None where any text will do."""
    return _KINDS_BY_TAG.get((tag, attribute)) or _KINDS.get(attribute)
