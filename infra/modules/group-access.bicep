// What the workspace may do in the whole group: only what cannot be said of a single resource, as the workspace
// itself is not there yet.

import { builtInRole } from '../roles.bicep'

@description('Required. The identity, by name and object id.')
param identity { name: string, principalId: string }

@description('Required. Its roles, by the id of the built-in role, and why.')
param roles { id: string, reason: string }[]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(resourceGroup().id, identity.name, role.id)
    properties: {
      roleDefinitionId: builtInRole(role.id)
      principalId: identity.principalId
      principalType: 'ServicePrincipal'
      description: role.reason
    }
  }
]
