"""Azure Resource Manager of any provider: ids, store, the six verbs, operations. Nothing of machine learning."""
