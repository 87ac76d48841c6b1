"""What a run is, where its outputs lie, and what a reference to data, a model or an output names."""
