// What jobs run on: a cluster, and where they are asked for a second one with graphics processors and a Kubernetes
// cluster that others look after.

import { clusterType, isolationType, kubernetesType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the workspace.')
param workspaceName string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. The name of the cluster.')
@minLength(3)
@maxLength(24)
param clusterName string

@description('Required. Size, number and price of its nodes.')
param cluster clusterType

@description('Optional. The same of a second cluster, named gpu-cluster.')
param gpuCluster clusterType?

@description('Optional. The Kubernetes cluster.')
param kubernetes kubernetesType?

@description('Required. Whether it is attached. Only ever in one deployment: attaching it again is refused.')
param attachKubernetes bool

@description('Required. The identity that steps run as, wherever they run.')
param identityId string

@description('Required. How far the workspace is closed.')
param isolation isolationType

var clusters = concat(
  [{ name: clusterName, settings: cluster }],
  gpuCluster == null ? [] : [{ name: 'gpu-cluster', settings: gpuCluster! }]
)

// It runs outside of the managed network, which knows no way to it.
var attaches = kubernetes != null && isolation != 'public'
  ? fail('kubernetes: a workspace with a managed network does not take an attached cluster')
  : kubernetes != null && attachKubernetes

module scaling 'compute.bicep' = [
  for each in clusters: {
    params: {
      workspaceName: workspaceName
      name: each.name
      location: location
      tags: tags
      settings: each.settings
      identityId: identityId
      isolation: isolation
    }
  }
]

module attached 'kubernetes.bicep' = if (attaches) {
  params: {
    workspaceName: workspaceName
    name: 'kubernetes'
    location: location
    tags: tags
    settings: kubernetes!
    identityId: identityId
  }
}
