"""What comes back: bounces and complaints, read, told apart and judged.

`reading` says what a returned message reports, `kinds` what a failure says about a person, `rules` what
becomes of that person; `places` is where returned messages lie. Nothing here knows the store: whether a
report is of one of our deliveries, and who that was, is found out there.
"""
