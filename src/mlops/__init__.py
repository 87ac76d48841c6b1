"""Delivery of models on Azure ML, through azure-ai-ml only. What a fork keeps."""
