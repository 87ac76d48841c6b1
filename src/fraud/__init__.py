"""The model's own code: card fraud. It knows nothing of Azure; notebooks and steps run the same functions."""
