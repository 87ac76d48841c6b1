// The registry of images. It is there from the first deployment on: without one, the first image build
// makes its own, with an admin user, and a later deployment that does not name that one is refused.

import { grantType, privateNetworkType, reachType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the registry, unique in the whole of Azure.')
@minLength(5)
@maxLength(50)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. Which networks may reach it. Anything but everyone needs the Premium tier.')
param reach reachType

@description('Required. Who may pull and push.')
param grants grantType[]

@description('Required. The Log Analytics workspace that the logs go to.')
param logsId string

@description('Optional. Where its private endpoint is put.')
param privateNetwork privateNetworkType?

@description('Optional. Whether it is guarded against deletion.')
param locked bool = false

var premium = reach.defaultAction == 'Deny'

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: premium ? 'Premium' : 'Standard' }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    dataEndpointEnabled: premium
    // In the other mode AcrPull and AcrPush count for nothing; it is said that it becomes the default.
    roleAssignmentMode: 'LegacyRegistryPermissions'
    publicNetworkAccess: reach.publicNetworkAccess
    networkRuleBypassOptions: 'AzureServices'
    networkRuleSet: premium
      ? {
          defaultAction: reach.defaultAction
          ipRules: map(reach.ipRanges, range => { action: 'Allow', value: range })
        }
      : null
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    scope: registry
    name: guid(registry.id, grant.identity, grant.roleDefinitionId)
    properties: {
      roleDefinitionId: grant.roleDefinitionId
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      description: grant.reason
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: registry
  name: 'to-logs'
  properties: {
    workspaceId: logsId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

module endpoint 'private-endpoint.bicep' = if (privateNetwork != null) {
  params: {
    name: 'pe-${name}-registry'
    location: location
    tags: tags
    targetId: registry.id
    groupId: 'registry'
    subnetId: privateNetwork!.subnetId
    zoneIds: [privateNetwork!.zoneIds.registry]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: registry
  name: 'not-to-be-deleted'
  properties: { level: 'CanNotDelete', notes: 'A workspace cannot be detached from its registry.' }
}

@description('The id of the registry.')
output id string = registry.id
