"""What is known of a model version, in plain words: its model card, for the admin and for a terminal.

Everything comes from stored rows; nothing is evaluated here. After Mitchell et al. (2019), "Model cards for model
reporting".
"""

from django_recs.model_cards.card import ModelCard, model_card
from django_recs.model_cards.markdown import as_markdown

__all__ = ["ModelCard", "as_markdown", "model_card"]
