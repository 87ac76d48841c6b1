// The shell of the online endpoint: its address and its identity, without any deployment. Releases fill it.
// A PUT replaces the whole endpoint, and one without the traffic of the moment silences it while every state
// says Succeeded. So it is made once, and a later deployment must leave this module out.

import { resourceTagsType } from '../types.bicep'

@description('Required. The name of the workspace.')
param workspaceName string

@description('Required. The name of the endpoint, unique in the region.')
@minLength(3)
@maxLength(32)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. The identity of its deployments. It can never be changed.')
param identityId string

@description('Required. Whether it answers on a public address.')
param publicNetworkAccess 'Enabled' | 'Disabled'

resource workspace 'Microsoft.MachineLearningServices/workspaces@2026-05-01' existing = {
  name: workspaceName
}

resource endpoint 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2026-05-01' = {
  parent: workspace
  name: name
  location: location
  tags: tags
  kind: 'Managed'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    // Callers show who they are; there is no key that could be copied.
    authMode: 'AADToken'
    description: 'Made once by the infrastructure; its deployments and its traffic belong to releases.'
    publicNetworkAccess: publicNetworkAccess
  }
}
