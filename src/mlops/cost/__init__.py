"""What a deployment costs: the price table, what is billed of each resource, and the page that shows it."""
