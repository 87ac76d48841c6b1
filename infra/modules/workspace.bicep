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

@description('Optional. The identity that steps on serverless Spark run as. Absent where there is no Spark.')
param sparkIdentityId string?

@description('Optional. The id of the shared registry of models, which a closed network reaches through a private endpoint.')
param registryId string?

@description('Optional. The id of the scope through which a closed network sends its telemetry.')
param monitorLinkId string?

@description('Required. The cluster that images are built on where the registry is not public.')
param imageBuildCompute string

@description('Required. The Log Analytics workspace that the logs go to.')
param logsId string

@description('Optional. Where its private endpoint is put.')
param privateNetwork privateNetworkType?

var closed = isolation != 'public'

// The platform makes the endpoints of its own storage, vault and registry; these it does not know of. Spark has a network
// of its own beside that of the other jobs, and does not share the platform's endpoints.
var spark = sparkIdentityId != null
var reached = concat(
  [
    { name: 'lake-blob', id: lakeId, service: 'blob', spark: spark }
    { name: 'lake-dfs', id: lakeId, service: 'dfs', spark: spark }
    { name: 'batch-queue', id: parts.storage, service: 'queue', spark: false }
    { name: 'batch-table', id: parts.storage, service: 'table', spark: false }
  ],
  spark ? [{ name: 'spark-blob', id: parts.storage, service: 'blob', spark: true }] : [],
  registryId == null ? [] : [{ name: 'registry', id: registryId!, service: 'amlregistry', spark: false }],
  monitorLinkId == null ? [] : [{ name: 'telemetry', id: monitorLinkId!, service: 'azuremonitor', spark: false }]
)
var endpointRules = toObject(reached, rule => rule.name, rule => {
  type: 'PrivateEndpoint'
  category: 'UserDefined'
  destination: { serviceResourceId: rule.id, subresourceTarget: rule.service, sparkEnabled: rule.spark }
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
  // Never both kinds: the hidden system-assigned one has no roles, and errors then name the other principal. A step on
  // Spark can only run as its caller or as an identity of the workspace: so that of steps is one, and not the first.
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: union({ '${identityId}': {} }, spark ? { '${sparkIdentityId!}': {} } : {})
  }
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
    // In a managed network serverless jobs are in it without being told. Both settings are for a subnet of one's own,
    // which such a workspace does not take; without one, no-public-IP is refused where the workspace is private.
    serverlessComputeSettings: closed ? null : { serverlessComputeNoPublicIP: false }
    // Said also where it is off: what-if does not show what the service would fill in.
    managedNetwork: closed
      ? {
          isolationMode: 'AllowOnlyApprovedOutbound'
          firewallSku: 'Basic'
          outboundRules: union(endpointRules, hostRules)
        }
      : { isolationMode: 'Disabled' }
    // A yes or no: Spark's part of the network cannot be asked for here (`status.sparkReady` is the service's answer, and
    // nobody has reported that writing it has an effect), only by `az ml workspace provision-network --include-spark`.
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

module registryEndpoint 'private-endpoint.bicep' = if (privateNetwork != null && registryId != null) {
  params: {
    name: 'pe-${name}-amlregistry'
    location: location
    tags: tags
    targetId: registryId!
    groupId: 'amlregistry'
    subnetId: privateNetwork!.subnetId
    zoneIds: [privateNetwork!.zoneIds.amlworkspace]
  }
}

@description('The name of the workspace.')
output name string = workspace.name
