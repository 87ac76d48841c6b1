// The workspace. Everything that it needs, and every grant of its identity, is there before it.

import { isolationType, privateNetworkType, resourceTagsType } from '../types.bicep'

@description('Required. The name of the workspace.')
@minLength(3)
@maxLength(33)
param name string

@description('Required. The region.')
param location string

@description('Required. Tags of every resource.')
param tags resourceTagsType

@description('Required. The identity that the workspace works as.')
param identityId string

@description('Required. What the workspace is made of, by id.')
param parts { storage: string, vault: string, containerRegistry: string, insights: string }

@description('Required. The id of the lake, an account with a hierarchical namespace.')
param lakeId string

@description('Required. How far it is closed. Azure lets it be tightened, never opened again.')
param isolation isolationType

@description('Required. Hosts that may be reached from a closed network. The first one starts a firewall that is billed by the hour.')
param approvedHosts string[]

@description('Required. The cluster that images are built on where the registry is not public.')
param imageBuildCompute string

@description('Required. The Log Analytics workspace that the logs go to.')
param logsId string

@description('Optional. Where its private endpoint is put.')
param privateNetwork privateNetworkType?

var closed = isolation != 'public'

// The platform makes the endpoints of its own storage, vault and registry; these it does not know of.
var reached = [
  { name: 'lake-blob', id: lakeId, service: 'blob' }
  { name: 'lake-dfs', id: lakeId, service: 'dfs' }
  { name: 'batch-queue', id: parts.storage, service: 'queue' }
  { name: 'batch-table', id: parts.storage, service: 'table' }
]
var endpointRules = toObject(reached, rule => rule.name, rule => {
  type: 'PrivateEndpoint'
  category: 'UserDefined'
  destination: { serviceResourceId: rule.id, subresourceTarget: rule.service, sparkEnabled: false }
})
var hostRules = toObject(approvedHosts, host => replace(host, '.', '-'), host => {
  type: 'FQDN'
  category: 'UserDefined'
  destination: host
})

resource workspace 'Microsoft.MachineLearningServices/workspaces@2026-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'Default'
  // Never both kinds: the hidden system-assigned one has no roles, and errors then name the other principal.
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    friendlyName: name
    description: 'Trains, registers and serves models.'
    primaryUserAssignedIdentity: identityId
    storageAccount: parts.storage
    keyVault: parts.vault
    containerRegistry: parts.containerRegistry
    applicationInsights: parts.insights
    // The default is account keys, which the storage account refuses, at the first job and not before.
    systemDatastoresAuthMode: 'identity'
    v1LegacyMode: false
    publicNetworkAccess: isolation == 'private' ? 'Disabled' : 'Enabled'
    imageBuildCompute: closed ? imageBuildCompute : null
    serverlessComputeSettings: { serverlessComputeNoPublicIP: closed }
    // Said also where it is off: what-if does not show what the service would fill in.
    managedNetwork: closed
      ? {
          isolationMode: 'AllowOnlyApprovedOutbound'
          firewallSku: 'Basic'
          outboundRules: union(endpointRules, hostRules)
        }
      : { isolationMode: 'Disabled' }
    provisionNetworkNow: closed
  }
}

// Paths in the lake are read as whoever runs the job; the datastore holds no key.
resource lake 'Microsoft.MachineLearningServices/workspaces/datastores@2026-05-01' = {
  parent: workspace
  name: 'lake'
  properties: {
    datastoreType: 'AzureDataLakeGen2'
    description: 'Landed data.'
    accountName: last(split(lakeId, '/'))
    filesystem: 'landed'
    credentials: { credentialsType: 'None' }
    serviceDataAccessAuthIdentity: 'None'
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: workspace
  name: 'to-logs'
  properties: {
    workspaceId: logsId
    logs: map(
      [
        'AmlComputeClusterEvent'
        'AmlComputeClusterNodeEvent'
        'AmlComputeJobEvent'
        'AmlRunStatusChangedEvent'
        'DataStoreChangeEvent'
        'ModelsChangeEvent'
        'RunEvent'
      ],
      category => { category: category, enabled: true }
    )
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

module endpoint 'private-endpoint.bicep' = if (privateNetwork != null) {
  params: {
    name: 'pe-${name}-amlworkspace'
    location: location
    tags: tags
    targetId: workspace.id
    groupId: 'amlworkspace'
    subnetId: privateNetwork!.subnetId
    zoneIds: [privateNetwork!.zoneIds.amlworkspace, privateNetwork!.zoneIds.notebooks]
  }
}

@description('The name of the workspace.')
output name string = workspace.name
