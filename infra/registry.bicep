targetScope = 'subscription'

// The registry that the environments share: a model that was tried in one of them is promoted, not trained again.

import { tagsType } from 'types.bicep'

@description('Required. The same short word as in main.bicep.')
@minLength(2)
@maxLength(7)
param workload string

@description('Required. The region. It can never be changed.')
param location string

@description('Required. Whom the resources belong to.')
param tags tagsType

@description('Optional. An addition to names that are still held by something that was deleted.')
@minLength(1)
@maxLength(4)
param suffix string?

@description('Optional. Whether it answers on a public address, to callers with a role.')
param publicNetworkAccess 'Enabled' | 'Disabled' = 'Disabled'

var resourceTags = union(tags, { workload: workload, target: 'shared' })

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${workload}-shared'
  location: location
  tags: resourceTags
}

module registry 'modules/model-registry.bicep' = {
  scope: group
  params: {
    name: 'mlr-${workload}${suffix ?? ''}'
    location: location
    tags: resourceTags
    publicNetworkAccess: publicNetworkAccess
  }
}

@description('The name of the registry.')
output name string = registry.outputs.name
