using 'main.bicep'

// Where models are made: open to the people and runners that work on it, cheap, and torn down at will.

param target = 'dev'
param workload = 'fraud'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param tags = { owner: 'fraud-team', costCentre: 'fraud' }
param isolation = 'public'
param cluster = { vmSize: 'Standard_DS3_v2', maxNodes: 4, idleBeforeScaleDown: 'PT5M', lowPriority: true }
param allowedSizes = ['Standard_DS2_v2', 'Standard_DS3_v2']
param createEndpoint = bool(readEnvironmentVariable('CREATE_ENDPOINT', 'false'))
param delivery = ['pull-request', 'train', 'release']
param operators = [{ name: 'fraud-team', email: readEnvironmentVariable('ALERT_EMAIL', 'fraud-team@example.com') }]
param budget = { amount: 200, startDate: '2026-11-01' }
param retentionDays = 7
