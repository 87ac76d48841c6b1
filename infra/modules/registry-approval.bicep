// The workspace approves the private endpoint that its managed network opens to the shared registry. It is granted here
// and not with the registry: the workspace is made with that network, so the grant must be there before it.

import { grantType } from '../types.bicep'

@description('Required. The name of the registry of models.')
param registryName string

@description('Required. The role of the workspace.')
param grant grantType

resource registry 'Microsoft.MachineLearningServices/registries@2026-05-01' existing = {
  name: registryName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: registry
  name: guid(registry.id, grant.identity, grant.roleDefinitionId)
  properties: {
    roleDefinitionId: grant.roleDefinitionId
    principalId: grant.principalId
    principalType: 'ServicePrincipal'
    description: grant.reason
  }
}
