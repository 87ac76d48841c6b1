using 'registry.bicep'

// Every target reaches it, from its own network or from none, so it has a public address; a role is needed all the same.

param workload = 'fraud'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param tags = { owner: 'fraud-team', costCentre: 'fraud' }
param publicNetworkAccess = 'Enabled'
// Those of mlops.toml.
var subscriptions = {
  dev: readEnvironmentVariable('DEV_SUBSCRIPTION_ID', '00000000-0000-0000-0000-000000000001')
  staging: readEnvironmentVariable('STAGING_SUBSCRIPTION_ID', '00000000-0000-0000-0000-000000000001')
  prod: readEnvironmentVariable('PROD_SUBSCRIPTION_ID', '00000000-0000-0000-0000-000000000001')
}
param targets = [
  { target: 'dev', subscriptionId: subscriptions.dev }
  { target: 'staging', subscriptionId: subscriptions.staging }
  { target: 'prod', subscriptionId: subscriptions.prod }
]
