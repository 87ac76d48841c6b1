// The key vault that Azure ML wants. Nothing of ours is kept in it.

import { grantType, privateNetworkType, reachType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the vault, unique in the whole of Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. Whether a deleted vault can be removed before its retention ends. Once protected, it is for ever.')
param purgeProtection bool

@description('Required. Days for which a deleted vault, and its name, are held. It can never be changed.')
@minValue(7)
@maxValue(90)
param retentionDays int

@description('Required. Which networks may reach it.')
param reach reachType

@description('Required. Who may do what with it.')
param grants grantType[]

@description('Required. The Log Analytics workspace that the logs go to.')
param logsId string

@description('Optional. Where its private endpoint is put.')
param privateNetwork privateNetworkType?

@description('Optional. Whether it is guarded against deletion.')
param locked bool = false

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: retentionDays
    // `false` is refused where it was once true, so where it is not wanted it is not sent at all.
    enablePurgeProtection: purgeProtection ? true : null
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: reach.publicNetworkAccess
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: reach.defaultAction
      ipRules: [for range in reach.ipRanges: { value: range }]
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    scope: vault
    name: guid(vault.id, grant.identity, grant.roleDefinitionId)
    properties: {
      roleDefinitionId: grant.roleDefinitionId
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      description: grant.reason
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-logs'
  properties: {
    workspaceId: logsId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

module endpoint 'private-endpoint.bicep' = if (privateNetwork != null) {
  params: {
    name: 'pe-${name}-vault'
    location: location
    tags: tags
    targetId: vault.id
    groupId: 'vault'
    subnetId: privateNetwork!.subnetId
    zoneIds: [privateNetwork!.zoneIds.vault]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: vault
  name: 'not-to-be-deleted'
  properties: { level: 'CanNotDelete', notes: 'A workspace does not work without its vault.' }
}

@description('The id of the vault.')
output id string = vault.id
