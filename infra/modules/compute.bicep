// The cluster that jobs run on: no node and no cost while there is none.

import { clusterType, isolationType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the workspace.')
param workspaceName string

@description('Required. The name of the cluster.')
@minLength(3)
@maxLength(24)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. Size, number and price of the nodes.')
param settings clusterType

@description('Required. The identity that steps run as.')
param identityId string

@description('Required. How far the workspace is closed. Nodes have a public address only where it is public.')
param isolation isolationType

resource workspace 'Microsoft.MachineLearningServices/workspaces@2026-05-01' existing = {
  name: workspaceName
}

resource compute 'Microsoft.MachineLearningServices/workspaces/computes@2026-05-01' = {
  parent: workspace
  name: name
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    computeType: 'AmlCompute'
    computeLocation: location
    description: 'Runs training and scoring jobs; scales to zero.'
    disableLocalAuth: true
    properties: {
      vmSize: settings.vmSize
      vmPriority: settings.lowPriority ? 'LowPriority' : 'Dedicated'
      osType: 'Linux'
      remoteLoginPortPublicAccess: 'Disabled'
      enableNodePublicIp: isolation == 'public'
      scaleSettings: {
        minNodeCount: 0
        maxNodeCount: settings.maxNodes
        nodeIdleTimeBeforeScaleDown: settings.idleBeforeScaleDown
      }
    }
  }
}

@description('The name of the cluster.')
output name string = compute.name
