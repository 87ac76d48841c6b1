"""The graphs: azure-ai-ml pipelines made of the components, submitted to Azure and to the emulator alike."""
