// A Log Analytics workspace: kept for a time, capped, and without keys.

import { resourceTagsType } from '../types.bicep'

@description('Required. The name.')
@minLength(4)
@maxLength(63)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. Days for which logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('Required. Gigabytes of logs a day, after which collection stops until the next.')
@minValue(1)
param dailyQuotaGb int

@description('Optional. Whether it takes logs from public addresses. What Azure sends by diagnostic settings comes by its own way in either case.')
param publicIngestion 'Enabled' | 'Disabled' = 'Disabled'

@description('Optional. Whether the logs are guarded against deletion.')
param locked bool = false

resource logs 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
    publicNetworkAccessForIngestion: publicIngestion
    // People read logs in the portal; a role is needed all the same.
    publicNetworkAccessForQuery: 'Enabled'
  }
}

// Who asked the logs for what is itself logged.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: logs
  name: 'to-logs'
  properties: {
    workspaceId: logs.id
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: logs
  name: 'not-to-be-deleted'
  properties: { level: 'CanNotDelete', notes: 'Holds the audit trail.' }
}

@description('The id of the Log Analytics workspace.')
output id string = logs.id
