// An Azure ML registry. Its storage and its container registry are Azure's own: bringing an account is refused.

import { resourceTagsType } from '../types.bicep'

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

@description('The name of the registry.')
output name string = registry.name
