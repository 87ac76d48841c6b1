"""Resources of other providers that compute or refuse something; all others are kept as they are."""
