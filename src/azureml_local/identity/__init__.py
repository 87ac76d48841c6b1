"""Who calls: certificates, federation, managed identities, and how the SDK finds the emulator."""
