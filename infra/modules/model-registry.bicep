// An Azure ML registry. Its storage and its container registry are Azure's own: bringing an account is refused.

import { grantType, resourceTagsType } from '../types.bicep'

@description('Required. The name, unique in the tenant.')
@minLength(2)
@maxLength(32)
param name string

@description('Required. The region. It can never be changed.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. Whether it answers on a public address.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('Required. Who may read models, and publish them.')
param grants grantType[]

@description('Required. The Log Analytics workspace that the logs go to.')
param logsId string

resource registry 'Microsoft.MachineLearningServices/registries@2026-05-01' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    publicNetworkAccess: publicNetworkAccess
    regionDetails: [
      {
        location: location
        acrDetails: [{ systemCreatedAcrAccount: { acrAccountSku: 'Premium' } }]
        storageAccountDetails: [
          {
            systemCreatedStorageAccount: {
              storageAccountType: 'Standard_LRS'
              storageAccountHnsEnabled: false
              allowBlobPublicAccess: false
            }
          }
        ]
      }
    ]
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

// The two categories that there are; the type has no metrics and no groups of categories.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: registry
  name: 'to-logs'
  properties: {
    workspaceId: logsId
    logs: map(['RegistryAssetReadEvent', 'RegistryAssetWriteEvent'], category => { category: category, enabled: true })
  }
}

@description('The id of the registry, as main.bicep takes it.')
output id string = registry.id

@description('The name of the registry.')
output name string = registry.name
