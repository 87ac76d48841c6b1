using 'main.bicep'

// What customers depend on: no public address, guarded against deletion, woken up for.

param target = 'prod'
param workload = 'fraud'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param tags = { owner: 'fraud-team', costCentre: 'fraud' }
param isolation = 'private'
param addressPrefix = '10.20.0.0/24'
param cluster = { vmSize: 'Standard_DS3_v2', maxNodes: 4, idleBeforeScaleDown: 'PT5M', lowPriority: false }
param allowedSizes = ['Standard_DS2_v2', 'Standard_DS3_v2']
param createEndpoint = bool(readEnvironmentVariable('CREATE_ENDPOINT', 'false'))
param registryId = empty(readEnvironmentVariable('REGISTRY_ID', '')) ? null : readEnvironmentVariable('REGISTRY_ID', '')
param delivery = ['train', 'release']
param operators = [{ name: 'fraud-team', email: readEnvironmentVariable('ALERT_EMAIL', 'fraud-team@example.com') }]
param budget = { amount: 1000, startDate: '2026-11-01' }
param trafficExpected = true
param retentionDays = 90
param logRetentionDays = 365
