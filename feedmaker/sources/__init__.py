"""Notes from elsewhere: lists of pages, robots.txt, pages as notes. Pure; `feedmaker.app.collecting` acts."""
