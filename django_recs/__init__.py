"""Recommendations for Django shops: tracking, hybrid models, placements, all in the shop's own database.

Importing this package does nothing: no settings are read, nothing is registered and no connection is opened.
"""

__version__ = "0.1.0"
