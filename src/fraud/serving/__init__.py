"""What an online endpoint runs: score.py, which stands alone."""
