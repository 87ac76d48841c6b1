"""A model's own code: it knows nothing of Azure."""
