"""What shelves need beside a ranking: relations between items, repeat intervals, demand by daypart, the assortment.

Counted once by a training run, stored in the artifact next to the blend and read with numpy alone. Every relation knows
how many distinct persons stand behind each of its arrows, so that a shelf can leave out what few people did.
"""
