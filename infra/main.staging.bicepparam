using 'main.bicep'

// Where a release is tried: closed like production from the inside, reachable from the named addresses.

param target = 'staging'
param workload = 'fraud'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param tags = { owner: 'fraud-team', costCentre: 'fraud' }
param isolation = 'managed'
param cluster = { vmSize: 'Standard_DS3_v2', maxNodes: 2, idleBeforeScaleDown: 'PT5M', lowPriority: false }
param allowedSizes = ['Standard_DS2_v2', 'Standard_DS3_v2']
param createEndpoint = bool(readEnvironmentVariable('CREATE_ENDPOINT', 'false'))
param registryId = empty(readEnvironmentVariable('REGISTRY_ID', '')) ? null : readEnvironmentVariable('REGISTRY_ID', '')
param delivery = ['release']
param operators = [{ name: 'fraud-team', email: readEnvironmentVariable('ALERT_EMAIL', 'fraud-team@example.com') }]
param budget = { amount: 400, startDate: '2026-11-01' }
param retentionDays = 7
