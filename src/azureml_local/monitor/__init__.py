"""Azure Monitor: the metrics and the logs of endpoints, at the addresses at which its clients ask for them."""
