// A storage account without keys: every caller is an identity with a role.

import { grantType, privateNetworkType, reachType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the account, unique in the whole of Azure.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. Whether the account has a hierarchical namespace. It can never be changed, and Azure ML refuses such an account as the workspace\'s own.')
param hierarchicalNamespace bool

@description('Required. How often the data are kept.')
param redundancy 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GZRS'

@description('Required. Which networks may reach it.')
param reach reachType

@description('Required. Who may do what with the data.')
param grants grantType[]

@description('Optional. Blob containers to make.')
param containers string[] = []

@description('Required. Days for which deleted data can be restored.')
@minValue(7)
@maxValue(365)
param retentionDays int

@description('Required. The Log Analytics workspace that the logs go to.')
param logsId string

@description('Optional. Where its private endpoints are put.')
param privateNetwork privateNetworkType?

@description('Optional. Whether it is guarded against deletion.')
param locked bool = false

var services = ['blob', 'file', 'queue', 'table']

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isHnsEnabled: hierarchicalNamespace
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: reach.publicNetworkAccess
    supportsHttpsTrafficOnly: true
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: { blob: { enabled: true }, file: { enabled: true } }
    }
    networkAcls: {
      // Azure ML's own services upload snapshots and read logs from outside of any network of ours.
      bypass: 'AzureServices'
      defaultAction: reach.defaultAction
      ipRules: [for range in reach.ipRanges: { action: 'Allow', value: range }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    // Versions are not available with a hierarchical namespace; soft delete is.
    isVersioningEnabled: !hierarchicalNamespace
    containerDeleteRetentionPolicy: { enabled: true, days: retentionDays }
    deleteRetentionPolicy: { enabled: true, days: retentionDays }
  }
}

resource files 'Microsoft.Storage/storageAccounts/fileServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: { shareDeleteRetentionPolicy: { enabled: true, days: retentionDays } }
}

resource folders 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in containers: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: [
        {
          name: 'old-data-are-kept-cheaply'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: { blobTypes: ['blockBlob'] }
            actions: union(
              { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 90 } } },
              hierarchicalNamespace ? {} : { version: { delete: { daysAfterCreationGreaterThan: retentionDays } } }
            )
          }
        }
      ]
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    scope: account
    name: guid(account.id, grant.identity, grant.roleDefinitionId)
    properties: {
      roleDefinitionId: grant.roleDefinitionId
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      description: grant.reason
    }
  }
]

resource accountDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'to-logs'
  properties: {
    workspaceId: logsId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-logs'
  properties: {
    workspaceId: logsId
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

module endpoints 'private-endpoint.bicep' = [
  for service in hierarchicalNamespace ? ['blob', 'dfs'] : services: if (privateNetwork != null) {
    params: {
      name: 'pe-${name}-${service}'
      location: location
      tags: tags
      targetId: account.id
      groupId: service
      subnetId: privateNetwork!.subnetId
      zoneIds: [privateNetwork!.zoneIds[service]]
    }
  }
]

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: account
  name: 'not-to-be-deleted'
  properties: { level: 'CanNotDelete', notes: 'Holds data, models and evidence that nothing else holds.' }
}

@description('The id of the account.')
output id string = account.id

@description('The name of the account.')
output name string = account.name
