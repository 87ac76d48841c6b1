"""Azure Resource Manager of any provider: ids, the store, the six verbs, operations. Nothing of machine learning."""
