// A Kubernetes cluster as a place to run jobs. It is attached once: attaching what is attached is refused, so a later
// deployment must leave this module out, like that of the endpoint.

import { kubernetesType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the workspace.')
param workspaceName string

@description('Required. The name that jobs call it by.')
@minLength(2)
@maxLength(16)
param name string

@description('Required. The region of the workspace.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. The cluster and the namespace.')
param settings kubernetesType

@description('Required. The identity that steps run as, there as on the other clusters.')
param identityId string

resource workspace 'Microsoft.MachineLearningServices/workspaces@2026-05-01' existing = {
  name: workspaceName
}

resource attached 'Microsoft.MachineLearningServices/workspaces/computes@2026-05-01' = {
  parent: workspace
  name: name
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    computeType: 'Kubernetes'
    description: 'Runs jobs on a cluster that others look after.'
    disableLocalAuth: true
    resourceId: settings.clusterId
    properties: { namespace: settings.namespace }
  }
}
