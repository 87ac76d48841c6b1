using 'registry.bicep'

// Every target reaches it, from its own network or from none, so it has a public address; a role is needed all the same.

param workload = 'fraud'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param tags = { owner: 'fraud-team', costCentre: 'fraud' }
param publicNetworkAccess = 'Enabled'
