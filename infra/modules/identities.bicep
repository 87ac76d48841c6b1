// The identities that work inside Azure. Each does one thing, so that each can be given little.

import { resourceTagsType } from '../types.bicep'

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. The names of the identities.')
param names { workspace: string, compute: string, endpoint: string }

resource workspace 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.workspace
  location: location
  tags: tags
}

resource compute 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.compute
  location: location
  tags: tags
}

resource endpoint 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.endpoint
  location: location
  tags: tags
}

@description('The identity of the workspace.')
output workspace { name: string, id: string, principalId: string } = {
  name: names.workspace
  id: workspace.id
  principalId: workspace.properties.principalId
}

@description('The identity of the steps of a job.')
output compute { name: string, id: string, principalId: string } = {
  name: names.compute
  id: compute.id
  principalId: compute.properties.principalId
}

@description('The identity of the endpoint.')
output endpoint { name: string, id: string, principalId: string } = {
  name: names.endpoint
  id: endpoint.id
  principalId: endpoint.properties.principalId
}
