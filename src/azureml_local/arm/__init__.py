"""Azure resources that are not of Azure ML: kept as they are, with the little that each computes or refuses."""
