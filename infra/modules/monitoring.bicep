// Where logs and telemetry go. Application Insights is workspace-based: the classic kind is refused.

import { grantType, resourceTagsType } from '../types.bicep'

@description('Required. The names of the two resources.')
param names { logs: string, insights: string }

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

@description('Required. Who may do what with Application Insights.')
param grants grantType[]

@description('Optional. Whether the logs are guarded against deletion.')
param locked bool = false

resource logs 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: names.logs
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: names.insights
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
    IngestionMode: 'LogAnalytics'
    // An endpoint sends its telemetry with the connection string; nobody has reported it to work without.
    DisableLocalAuth: false
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    scope: insights
    name: guid(insights.id, grant.identity, grant.roleDefinitionId)
    properties: {
      roleDefinitionId: grant.roleDefinitionId
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      description: grant.reason
    }
  }
]

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
output logsId string = logs.id

@description('The id of Application Insights.')
output insightsId string = insights.id
