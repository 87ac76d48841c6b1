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

@description('Optional. Whether logs and telemetry are taken from public addresses. If not, they come through monitor-link.bicep.')
param publicIngestion 'Enabled' | 'Disabled' = 'Disabled'

@description('Required. Who may do what with Application Insights.')
param grants grantType[]

@description('Optional. Whether the logs are guarded against deletion.')
param locked bool = false

module logs 'logs.bicep' = {
  params: {
    name: names.logs
    location: location
    tags: tags
    retentionDays: retentionDays
    dailyQuotaGb: dailyQuotaGb
    publicIngestion: publicIngestion
    locked: locked
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: names.insights
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.outputs.id
    IngestionMode: 'LogAnalytics'
    publicNetworkAccessForIngestion: publicIngestion
    publicNetworkAccessForQuery: 'Enabled'
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

@description('The id of the Log Analytics workspace.')
output logsId string = logs.outputs.id

@description('The id of Application Insights.')
output insightsId string = insights.id
