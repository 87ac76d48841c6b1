"""Who calls: certificates, federation, managed identities, and how azure-identity and azure-ai-ml find the emulator."""
