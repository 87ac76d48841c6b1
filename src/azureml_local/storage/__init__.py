"""Storage: blobs over HTTP as Azure Storage answers, and the URIs by which Azure ML names them."""
