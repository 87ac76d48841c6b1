"""Who calls: certificates, tokens, and the endpoints by which azure-identity and azure-ai-ml find the emulator."""
