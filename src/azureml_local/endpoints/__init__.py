"""Online endpoints: resources, instances of deployments as processes, and the router before them."""
