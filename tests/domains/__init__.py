"""Other domains in place of src/fraud, for real: what a fork replaces is one folder and its rows of mlops.toml."""
